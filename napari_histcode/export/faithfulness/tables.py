"""Faithfulness as plain values for JSON, and as one table of every number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from napari_histcode.comparison.document import plain
from napari_histcode.scores.faithfulness import Faithfulness, MapFaithfulness, OutputFaithfulness
from napari_histcode.scores.faithfulness_cohort import CohortMap
from napari_histcode.scores.faithfulness_config import FaithfulnessConfig
from napari_histcode.scores.faithfulness_ranking import most_faithful

MEANINGS = {
    "srg": "symmetric relevance gain: AUPC_LeRF - AUPC_MoRF; 0 is chance, higher is better",
    "aupc_morf": "area under the curve, most relevant tiles deleted first; lower is better",
    "aupc_lerf": "area under the curve, least relevant tiles deleted first; higher is better",
    "srg_limit": "95 % of random rankings have an SRG between minus this and this",
    "sufficiency": "recorded output with only that share of the most relevant tiles",
    "necessity": "recorded output without that share of the most relevant tiles",
    "value": "recorded output of all tiles",
    "empty": "recorded output of no tile",
    "effective_tiles": "effective number of tiles that share the attention",
    "behind": "mean SRG of the best map less that of this one, slide by slide",
    "n_best": "slides on which the map is the most faithful one, or tied with it",
}
"""What each metric is."""


def faithfulness_to_json(found: Faithfulness) -> dict[str, Any]:
    """Turn the faithfulness of a slide into what JSON knows, curves included."""
    return {
        "slide": plain(found.slide),
        "n_tiles": found.n_tiles,
        "model": {
            "name": found.model_name,
            "version": found.model_version,
            "digest": found.model_digest,
        },
        "config": plain(found.config),
        "outputs": [_output(one, found.config) for one in found.outputs],
    }


def _output(found: OutputFaithfulness, config: FaithfulnessConfig) -> dict[str, Any]:
    ranking = most_faithful(found)
    document = plain(found)
    document["random"]["srg_limit"] = plain(found.random.srg_limit)
    document["ranking"] = plain(ranking) | {"is_tie": ranking.is_tie}
    document["maps"] = [_map(one, config) for one in found.maps]
    return dict(document)


def _map(found: MapFaithfulness, config: FaithfulnessConfig) -> dict[str, Any]:
    document = plain(found)
    for name in ("sufficiency", "necessity"):
        document[name] = [
            {"share": share, "value": value}
            for share, value in zip(config.top_shares, document[name], strict=True)
        ]
    curve = found.curve
    numbers = {"srg": curve.srg, "aupc_morf": curve.aupc_morf, "aupc_lerf": curve.aupc_lerf}
    return {**document, **plain(numbers)}


def faithfulness_table(slides: Sequence[Faithfulness]) -> pd.DataFrame:
    """Lay out every number of some slides, one a row, with what each one means."""
    table = pd.DataFrame(
        [row for slide in slides for output in slide.outputs for row in _rows(slide, output)],
        columns=["slide", "head", "output", "map", "kind", "metric", "share", "value", "p", "is_flagged"],
    )
    table["meaning"] = [MEANINGS[metric] for metric in table["metric"]]
    return table


def _rows(slide: Faithfulness, output: OutputFaithfulness) -> Iterator[tuple[object, ...]]:
    place = (slide.slide.alias, output.head, output.output)
    of_output = {
        "value": output.value,
        "empty": output.empty,
        "effective_tiles": output.effective_tiles,
        "srg_limit": output.random.srg_limit,
    }
    for metric, value in of_output.items():
        yield (*place, "", "", metric, None, value, None, output.is_flagged)
    for one in output.maps:
        named = (*place, one.name, one.kind)
        yield (*named, "srg", None, one.srg, one.p, output.is_flagged)
        yield (*named, "aupc_morf", None, one.curve.aupc_morf, None, output.is_flagged)
        yield (*named, "aupc_lerf", None, one.curve.aupc_lerf, None, output.is_flagged)
        for metric, values in (("sufficiency", one.sufficiency), ("necessity", one.necessity)):
            for share, value in zip(slide.config.top_shares, values, strict=True):
                yield (*named, metric, share, value, None, output.is_flagged)


def cohort_maps_table(maps: Sequence[CohortMap]) -> pd.DataFrame:
    """Lay out means over patients, one a row."""
    rows = [
        {
            "head": one.head,
            "output": one.output,
            "kind": one.kind,
            "slides": one.part,
            "metric": metric,
            "mean": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "n_best": one.n_best,
            "n_slides": one.n_slides,
            "n_patients": one.n_patients,
            "reason": estimate.reason,
            "meaning": MEANINGS[metric],
        }
        for one in maps
        for metric, estimate in (
            ("srg", one.srg),
            ("aupc_morf", one.aupc_morf),
            ("aupc_lerf", one.aupc_lerf),
            ("behind", one.behind),
        )
    ]
    return pd.DataFrame(rows)
