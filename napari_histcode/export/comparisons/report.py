"""Write a comparison: JSON with everything, CSV of every number and of every tile, and a page to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_histcode.comparison.cohort import CohortComparison
from napari_histcode.comparison.comparison import Comparison
from napari_histcode.comparison.document import comparison_to_json, plain, spots_to_json
from napari_histcode.comparison.rows import Row, comparison_rows, spot_rows
from napari_histcode.comparison.spots import SpotComparison
from napari_histcode.export.comparisons.cohort_page import cohort_page
from napari_histcode.export.comparisons.page import comparison_page
from napari_histcode.export.comparisons.tables import (
    agreement_table,
    cohort_table,
    long_table,
)
from napari_histcode.export.report_files import opening, write_report_files

JSON_FILE = "comparison.json"
"""Everything, with the audit record; written last."""
CSV_FILE = "comparison.csv"
"""Every number, one a row."""
TILES_FILE = "comparison_tiles.csv"
"""One row a tile; not for cohorts."""
SLIDES_FILE = "comparison_slides.csv"
"""Every number of every slide of a cohort."""
PAGE_FILE = "comparison.html"
"""The page to read."""

FORMAT_NAME = "histcode-comparison"
"""What the JSON file says it is."""
SCHEMA_VERSION = 1
"""Version of its layout."""


def export_comparison(
    folder: str | Path,
    comparison: Comparison | None,
    *,
    spots: SpotComparison | None = None,
    slide: str,
    overview: NDArray[np.uint8] | None = None,
    provenance: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
) -> Path:
    """Write the comparison of one slide into a folder.

    Parameters
    ----------
    folder : str or Path
        Made if missing; gets `JSON_FILE`, `CSV_FILE`, `TILES_FILE` and `PAGE_FILE`, and beside each
        table its audit record, all together.
    comparison : Comparison or None
        With regions; None if the slide was compared with spots alone.
    spots : SpotComparison, optional
        With spots.
    slide : str
        Alias of the slide.
    overview : ndarray of uint8, (height, width, 3), optional
        The whole slide, for the picture of the agreement.
    provenance : mapping, optional
        Audit record of the analysis.
    notes : sequence of str
        What reading the annotations assumed, mended or lost, one sentence each.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    rows: list[Row] = list(comparison_rows(comparison)) if comparison is not None else []
    rows += spot_rows(spots) if spots is not None else ()
    audit = {
        **opening(FORMAT_NAME, SCHEMA_VERSION),
        "slide": slide,
        "analysis": plain(dict(provenance or {})),
        "notes": list(notes),
    }
    if comparison is not None:
        audit["model"] = comparison.model_digest
        audit["slide"] = plain(comparison.reference.grid.slide)
        audit["reference"] = comparison.reference.statement
        audit["config"] = plain(comparison.config)
    document = {
        **audit,
        "comparison": comparison_to_json(comparison) if comparison is not None else None,
        "spots": spots_to_json(spots) if spots is not None else None,
        "rows": plain(rows),
    }
    text = comparison_page(
        comparison, spots=spots, slide=slide, overview=overview, notes=notes, created=audit["created"]
    )
    tables = {CSV_FILE: long_table(rows, slide)}
    if comparison is not None:
        tables[TILES_FILE] = agreement_table(comparison)
    return write_report_files(
        Path(folder),
        json_file=JSON_FILE,
        document=document,
        tables=tables,
        page_file=PAGE_FILE,
        page=text,
        audit=audit,
    )


def export_cohort(
    folder: str | Path, cohort: CohortComparison, *, failures: Sequence[tuple[str, str]] = ()
) -> Path:
    """Write the comparison of many slides into a folder.

    Patients are numbered in the order of the table, so that no identifier leaves it.

    Parameters
    ----------
    folder : str or Path
        Made if missing; gets `JSON_FILE`, `CSV_FILE`, `SLIDES_FILE` and `PAGE_FILE`, all together.
    cohort : CohortComparison
        The cohort.
    failures : sequence of (str, str)
        Slides that could not be compared, by number in the table, and why.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    patients = list(dict.fromkeys(member.patient for member in cohort.members))
    audit = {
        **opening(FORMAT_NAME, SCHEMA_VERSION),
        "n_patients": cohort.n_patients,
        "n_slides": len(cohort.members),
        "n_resamples": cohort.n_resamples,
        "seed": cohort.seed,
        "failures": [{"slide": name, "reason": reason} for name, reason in failures],
    }
    document = {
        **audit,
        "metrics": plain(cohort.metrics),
        "pooled_lesions": plain(cohort.lesions),
        "slides": [
            {
                "slide": member.slide,
                "patient": patients.index(member.patient) + 1,
                "statement": member.statement,
                "warnings": list(member.warnings),
                "rows": plain(member.rows),
            }
            for member in cohort.members
        ],
    }
    text = cohort_page(cohort, failures=failures, created=audit["created"])
    per_slide = pd.concat([long_table(member.rows, member.slide) for member in cohort.members])
    tables = {CSV_FILE: cohort_table(cohort), SLIDES_FILE: per_slide}
    return write_report_files(
        Path(folder),
        json_file=JSON_FILE,
        document=document,
        tables=tables,
        page_file=PAGE_FILE,
        page=text,
        audit=audit,
    )
