"""Write everything about one slide into its result folder."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import ResultError
from napari_histcode.export.figures.images import OVERVIEW_PX, export_overview, shrink, write_figure
from napari_histcode.export.figures.overlay_figure import OverlayStyle, draw_overlay_figure
from napari_histcode.export.geojson import export_tiles_geojson
from napari_histcode.export.layout import (
    ANALYSIS_FILE,
    FORMAT_NAME,
    HEATMAP_FOLDER,
    HEATMAP_SUFFIX,
    OVERLAY_FOLDER,
    OVERLAY_SUFFIX,
    OVERVIEW_FILE,
    REPORT_FILE,
    SCHEMA_VERSION,
    SCORES_FILE,
    TILES_FILE,
    file_stems,
)
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.provenance import json_safe, provenance_of, to_json
from napari_histcode.export.read_result import read_document
from napari_histcode.export.report import export_report, report_figure
from napari_histcode.export.stacks.ome_tiff import export_heatmap_tiff
from napari_histcode.export.tables import export_tile_table
from napari_histcode.export.tissue import tissue_mm2
from napari_histcode.export.trust import describe_exclusion, describe_trust
from napari_histcode.files import output_error, replacing, staging
from napari_histcode.heatmap import Heatmap, draw_heatmap
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from napari_histcode.saved.reading import Reading
from napari_histcode.scores.scores import SlideScores
from napari_histcode.tiling.tile_quality import Exclusion
from napari_histcode.trust.trust import Trust

STAGE = "writing results"
"""What progress calls it."""


def export_analysis(
    scores: SlideScores,
    heatmaps: Sequence[Heatmap],
    overview_rgb: NDArray[np.uint8],
    folder: str | Path,
    *,
    timing: Mapping[str, float] | None = None,
    trust: Trust | None = None,
    exclusion: Exclusion | None = None,
    reading: Reading | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Path:
    """Write all results of a slide.

    The folder gets ``scores.parquet`` (raw values of all maps), ``heatmaps/<map>.ome.tif`` (raw values,
    micrometres), ``overlays/<map>.png`` (as the heatmap is normalised), ``overview.png``,
    ``tiles.geojson``, ``report.html`` and, last, ``analysis.json``. They appear together when all are
    written: until then an earlier result stays as it is, and after an error or a cancel too. Files of
    an earlier result that the new one does not have are removed; others are left alone.

    Parameters
    ----------
    scores : SlideScores
        Scores of the slide.
    heatmaps : sequence of Heatmap
        The maps to draw, as they shall be shown.
    overview_rgb : ndarray of uint8, (height, width, 3)
        The whole slide as a small picture.
    folder : str or Path
        Where to write; made if missing.
    timing : mapping, optional
        Name of a stage to its wall time in seconds.
    trust : Trust, optional
        Reasons not to trust the result.
    exclusion : Exclusion, optional
        Tiles that were left out as artefacts.
    reading : Reading, optional
        The course of a blind reading, whose times go into the audit record.
    progress : callable
        Called after each file.
    cancel : CancelToken, optional
        Stops before the next file.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    OutputError
        If something cannot be written.
    AnalysisCancelledError
        If it was cancelled.
    """
    folder = Path(folder)
    cancel = cancel or CancelToken()
    provenance = {**provenance_of(scores), "result_id": uuid4().hex}
    if exclusion is not None:
        provenance["artefacts"] = json_safe(describe_exclusion(exclusion))
    if reading is not None:
        provenance["reading"] = reading.times
    overview = shrink(overview_rgb, OVERVIEW_PX)
    earlier = _files_of(folder)
    stems = file_stems([heatmap.name for heatmap in heatmaps])
    document = describe_analysis(scores, heatmaps, provenance, timing or {}, stems)
    document["trust"] = None if trust is None else describe_trust(trust)
    with staging(folder, last=ANALYSIS_FILE) as stage:
        steps = _steps(scores, heatmaps, overview, stage, provenance, document, cancel)
        _run(steps, progress, cancel)
    _remove(folder, earlier - set(document["files"]))
    return folder


def _run(steps: Sequence[Callable[[], object]], progress: ProgressCallback, cancel: CancelToken) -> None:
    """Do one step after another, telling before each and at the end how far it has come."""
    start = time.monotonic()
    for done in range(len(steps) + 1):
        elapsed = time.monotonic() - start
        progress(Progress(stage=STAGE, done=done, total=len(steps), unit="files", elapsed_s=elapsed))
        cancel.raise_if_cancelled()
        if done < len(steps):
            steps[done]()


def describe_analysis(
    scores: SlideScores,
    heatmaps: Sequence[Heatmap],
    provenance: Mapping[str, Any],
    timing: Mapping[str, float],
    stems: Mapping[str, str],
) -> dict[str, Any]:
    """Describe a result: the content of ``analysis.json``."""
    shown = {heatmap.name: heatmap for heatmap in heatmaps}
    maps = [_describe_map(tile_map, shown.get(tile_map.name), stems) for tile_map in scores.maps]
    files = [SCORES_FILE, OVERVIEW_FILE, TILES_FILE, REPORT_FILE, ANALYSIS_FILE]
    files += [entry[kind] for entry in maps for kind in ("heatmap", "overlay") if entry[kind]]
    return {
        "format": FORMAT_NAME,
        "schema_version": SCHEMA_VERSION,
        "result_id": provenance["result_id"],
        "notice": RESEARCH_USE,
        "predictions": [dataclasses.asdict(prediction) for prediction in scores.predictions],
        "effective_tiles": scores.effective_tiles,
        "tiles": {
            "n_tiles": len(scores.grid),
            "n_corrupt": scores.n_corrupt,
            "tissue_mm2": tissue_mm2(scores.grid),
        },
        "maps": maps,
        "files": files,
        "seconds": dict(timing),
        "provenance": dict(provenance),
    }


def _describe_map(tile_map: Any, heatmap: Heatmap | None, stems: Mapping[str, str]) -> dict[str, Any]:
    entry = {
        field.name: getattr(tile_map, field.name)
        for field in dataclasses.fields(tile_map)
        if field.name != "values"
    }
    if heatmap is None:
        return {**entry, "heatmap": None, "overlay": None}
    stem = stems[heatmap.name]
    return {
        **entry,
        "heatmap": f"{HEATMAP_FOLDER}/{stem}{HEATMAP_SUFFIX}",
        "overlay": f"{OVERLAY_FOLDER}/{stem}{OVERLAY_SUFFIX}",
        "overlay_normalisation": heatmap.config.normalisation,
        "overlay_limits": heatmap.limits,
    }


def _steps(
    scores: SlideScores,
    heatmaps: Sequence[Heatmap],
    overview: NDArray[np.uint8],
    stage: Path,
    provenance: Mapping[str, Any],
    document: Mapping[str, Any],
    cancel: CancelToken,
) -> list[Callable[[], object]]:
    """List what has to be written, each a function without arguments."""
    entries = {entry["name"]: entry for entry in document["maps"]}
    figures: dict[str, bytes] = {}

    def write_map(heatmap: Heatmap) -> None:
        entry = entries[heatmap.name]
        raw = heatmap if heatmap.config.normalisation == "raw" else draw_heatmap(scores, heatmap.name)
        export_heatmap_tiff(raw, stage / entry["heatmap"], provenance)
        figure = draw_overlay_figure(scores, heatmap, overview, OverlayStyle())
        write_figure(heatmap, figure, stage / entry["overlay"], provenance=provenance)
        figures[heatmap.name] = report_figure(figure)

    def write_report() -> None:
        export_report(
            scores, heatmaps, overview, stage / REPORT_FILE,
            provenance=provenance, timing=document["seconds"], figures=figures,
            trust=document["trust"],
        )  # fmt: skip

    def write_document() -> None:
        with replacing(stage / ANALYSIS_FILE) as temporary:
            temporary.write_text(to_json(document, indent=2) + "\n", encoding="utf-8")

    return [
        lambda: export_tile_table(scores, stage / SCORES_FILE, provenance=provenance),
        lambda: export_overview(scores, overview, stage / OVERVIEW_FILE, provenance=provenance),
        lambda: export_tiles_geojson(scores, stage / TILES_FILE, provenance=provenance, cancel=cancel),
        *[partial(write_map, heatmap) for heatmap in heatmaps],
        write_report,
        write_document,
    ]


def _files_of(folder: Path) -> set[str]:
    """Names of the maps' files of an earlier result in the folder, as far as it can be read."""
    try:
        names = read_document(folder)["files"]
    except (ResultError, KeyError):
        return set()
    own = (HEATMAP_FOLDER, OVERLAY_FOLDER)
    return {
        name
        for name in names
        if isinstance(name, str) and len(parts := PurePosixPath(name).parts) == 2 and parts[0] in own
    }


def _remove(folder: Path, names: set[str]) -> None:
    for name in sorted(names):
        path = folder / name
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise output_error(error, path) from error
