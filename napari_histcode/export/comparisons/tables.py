"""Tables of a comparison: one long table of every number, and one row a tile."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from napari_histcode.comparison.cohort import CohortComparison
from napari_histcode.comparison.comparison import Comparison
from napari_histcode.comparison.rows import MEANINGS, Row
from napari_histcode.comparison.tile_agreement import AGREEMENT_LABELS, TileAgreement
from napari_histcode.comparison.tile_labels import TileLabel
from napari_histcode.files import replacing


def long_table(rows: Sequence[Row], slide: str) -> pd.DataFrame:
    """Lay out the numbers of a slide, one a row, with what each one means.

    Parameters
    ----------
    rows : sequence of Row
        The numbers.
    slide : str
        Alias of the slide.
    """
    return pd.DataFrame(
        {
            "slide": slide,
            "subject": [row.subject for row in rows],
            "kind": [row.kind for row in rows],
            "metric": [row.metric for row in rows],
            "qualifier": [row.qualifier for row in rows],
            "value": [row.value for row in rows],
            "low": [row.low for row in rows],
            "high": [row.high for row in rows],
            "p": [row.p for row in rows],
            "p_holm": [row.p_holm for row in rows],
            "reason": [row.reason for row in rows],
            "meaning": [MEANINGS[row.metric] for row in rows],
        },
        index=pd.RangeIndex(len(rows)),
    )


def cohort_table(cohort: CohortComparison) -> pd.DataFrame:
    """Lay out the means over patients; the subject "all lesions" has the pooled FROC."""
    rows = [
        {
            "subject": metric.subject,
            "kind": metric.kind,
            "metric": metric.metric,
            "qualifier": metric.qualifier,
            "mean": metric.mean.value,
            "low": metric.mean.low,
            "high": metric.mean.high,
            "n_patients": metric.n_patients,
            "n_slides": metric.n_slides,
            "reason": metric.mean.reason,
        }
        for metric in cohort.metrics
    ]
    rows += [
        {
            "subject": pooled.map,
            "kind": "pooled lesions",
            "metric": "froc_score",
            "qualifier": "",
            "mean": pooled.score.value,
            "low": pooled.score.low,
            "high": pooled.score.high,
            "n_patients": cohort.n_patients,
            "n_slides": pooled.froc.n_slides,
            "reason": pooled.score.reason,
        }
        for pooled in cohort.lesions
    ]
    table = pd.DataFrame(rows)
    table["meaning"] = [MEANINGS[metric] for metric in table["metric"]]
    return table


def agreement_table(comparison: Comparison) -> pd.DataFrame:
    """Lay out one row a tile: place, annotated share, label, and the agreement of every map.

    ``x, y, width, height`` are level-0 pixels, as in the table of scores.
    """
    reference = comparison.reference
    grid = reference.grid
    xy = grid.xy_px0
    labels = {int(label): label.name.lower() for label in TileLabel}
    names = np.array([AGREEMENT_LABELS[kind] for kind in TileAgreement])
    columns = {
        "x": xy[:, 0],
        "y": xy[:, 1],
        "width": grid.size_px0[0],
        "height": grid.size_px0[1],
        "column": grid.index[:, 0],
        "row": grid.index[:, 1],
        "annotated_share": reference.fraction,
        "label": [labels[int(label)] for label in reference.labels],
    }
    columns |= {f"{one.name}.agreement": names[one.agreement] for one in comparison.maps}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(grid)))


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV; numbers in full, so that they read back to the last digit."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, encoding="utf-8", lineterminator="\n")
