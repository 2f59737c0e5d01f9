"""The measurement table of regions as CSV, with its audit record beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from napari_histcode.comparison.measure_regions import Measures, RegionTable
from napari_histcode.comparison.region_overlaps import QUANTILES
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.provenance import json_safe, provenance_of, software_versions, timestamp, to_json
from napari_histcode.export.tables import provenance_beside
from napari_histcode.files import replacing
from napari_histcode.scores.scores import SlideScores, TileMap
from napari_histcode.slide.record import SlideRecord

UNCLASSIFIED = "unclassified"


def region_table(table: RegionTable, *, mask_names: bool = False) -> pd.DataFrame:
    """Lay out the measurements: one row a region, then one row a class.

    Parameters
    ----------
    table : RegionTable
        What was measured.
    mask_names : bool
        Leave out the names of regions, which may say anything.

    Returns
    -------
    DataFrame
        ``row`` is "region" or "class" (all its regions together, where overlaps count once), ``class``,
        ``name``, ``id``, ``n_regions``, ``is_locked``, ``area_mm2``, ``perimeter_um``, ``n_tiles``, and for
        every map ``<map> mean``, ``<map> q10``, ``<map> q50`` and ``<map> q90`` of raw values.
    """
    regions = pd.DataFrame(
        {
            "row": "region",
            "class": [region.class_name or UNCLASSIFIED for region in table.regions],
            "name": ["" if mask_names else region.name or "" for region in table.regions],
            "id": [region.id or "" for region in table.regions],
            "n_regions": 1,
            "is_locked": [region.is_locked for region in table.regions],
            **_columns(table.measures, table.maps),
        }
    )
    by_class = table.by_class
    classes = pd.DataFrame(
        {
            "row": "class",
            "class": [name or UNCLASSIFIED for name in by_class.class_names],
            "name": "",
            "id": "",
            "n_regions": list(by_class.n_regions),
            "is_locked": False,
            **_columns(by_class.measures, table.maps),
        }
    )
    return pd.concat([regions, classes], ignore_index=True)


def _columns(measures: Measures, maps: tuple[TileMap, ...]) -> dict[str, Any]:
    columns: dict[str, Any] = {
        "area_mm2": measures.area_mm2,
        "perimeter_um": measures.perimeter_um,
        "n_tiles": measures.n_tiles,
    }
    for k, tile_map in enumerate(maps):
        columns[f"{tile_map.name} mean"] = measures.mean[:, k]
        for q, share in enumerate(QUANTILES):
            columns[f"{tile_map.name} q{round(100 * share)}"] = measures.quantiles[:, k, q]
    return columns


def export_region_table(
    table: RegionTable,
    path: str | Path,
    *,
    record: SlideRecord,
    scores: SlideScores | None = None,
    mask_names: bool = False,
) -> Path:
    """Write the measurements as CSV, and ``<name>.provenance.json`` beside it.

    Parameters
    ----------
    table : RegionTable
        What was measured.
    path : str or Path
        The file.
    record : SlideRecord
        The slide; it is named by alias and digest, never by its file.
    scores : SlideScores, optional
        Whose maps were measured, for the audit record.
    mask_names : bool
        Leave out the names of regions.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = Path(path)
    audit = _audit(table, record, scores)
    with replacing(provenance_beside(path)) as beside, replacing(path) as temporary:
        beside.write_text(to_json(audit, indent=2) + "\n", encoding="utf-8")
        region_table(table, mask_names=mask_names).to_csv(
            temporary, index=False, encoding="utf-8", lineterminator="\n"
        )
    return path


def _audit(table: RegionTable, record: SlideRecord, scores: SlideScores | None) -> dict[str, Any]:
    if scores is not None and table.maps:
        audit = provenance_of(scores)
    else:
        audit = {"notice": RESEARCH_USE, "created": timestamp(), "software": software_versions()}
    regions = {
        "n_regions": len(table.regions),
        "maps": [tile_map.name for tile_map in table.maps],
        "n_tiles": "tiles of which the region covers at least half",
        "mean_and_quantiles": "of raw values, weighted by the area that the region covers of each tile",
    }
    slide = {"alias": record.alias, "digest": record.digest, "mpp": record.mpp}
    whole: dict[str, Any] = json_safe(
        {**audit, "slide": audit.get("slide", _plain(slide)), "regions": regions}
    )
    return whole


def _plain(slide: dict[str, Any]) -> dict[str, Any]:
    mpp = slide["mpp"]
    return {**slide, "mpp": None if mpp is None else {"x": mpp.x, "y": mpp.y, "source": mpp.source}}
