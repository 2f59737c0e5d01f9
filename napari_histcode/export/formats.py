"""Write a result in any of the formats, by the format's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import OutputError, ResultError, UnknownFormatError
from napari_histcode.export.geojson import export_tiles_geojson
from napari_histcode.export.images import export_overlay
from napari_histcode.export.layout import (
    HEATMAP_FOLDER,
    HEATMAP_SUFFIX,
    OVERLAY_FOLDER,
    OVERLAY_SUFFIX,
    REPORT_FILE,
    TILES_FILE,
    file_stems,
)
from napari_histcode.export.ome_tiff import export_heatmap_tiff
from napari_histcode.export.provenance import provenance_of, re_exported
from napari_histcode.export.read_result import read_analysis, read_overview, read_provenance
from napari_histcode.export.report import export_report
from napari_histcode.export.tables import export_tile_table
from napari_histcode.heatmap import Heatmap, HeatmapConfig, default_config, draw_heatmap
from napari_histcode.scores.scores import SlideScores


@dataclass(frozen=True, kw_only=True, eq=False)
class _Job:
    """What is to be written."""

    scores: SlideScores
    overview_rgb: NDArray[np.uint8] | None
    provenance: Mapping[str, Any]
    config: HeatmapConfig | None

    def heatmap(self, name: str) -> Heatmap:
        return draw_heatmap(self.scores, name, self.config or default_config(self.scores.map(name)))

    def require_overview(self) -> NDArray[np.uint8]:
        if self.overview_rgb is None:
            raise ResultError("A picture needs the slide's overview.", advice="Give overview_rgb.")
        return self.overview_rgb


@dataclass(frozen=True, kw_only=True)
class _Format:
    """One format: how its files end, where they go by default, and who writes them."""

    suffixes: tuple[str, ...]
    place: str
    """Name of the file in a folder; of the subfolder where there is a file a map."""
    write: Callable[[_Job, str, Path], object]
    """Called with the job, the name of a map (for formats of one file a map), and the path."""
    is_per_map: bool = False
    needs_overview: bool = False


def _write_table(job: _Job, _name: str, path: Path) -> None:
    export_tile_table(job.scores, path, provenance=job.provenance)


def _write_geojson(job: _Job, _name: str, path: Path) -> None:
    export_tiles_geojson(job.scores, path, provenance=job.provenance)


def _write_tiff(job: _Job, name: str, path: Path) -> None:
    # raw unless asked: a file of values is for measuring, not for looking
    export_heatmap_tiff(draw_heatmap(job.scores, name, job.config or HeatmapConfig()), path, job.provenance)


def _write_overlay(job: _Job, name: str, path: Path) -> None:
    export_overlay(job.scores, job.heatmap(name), job.require_overview(), path, provenance=job.provenance)


def _write_report(job: _Job, _name: str, path: Path) -> None:
    heatmaps = [job.heatmap(name) for name in job.scores.map_names]
    export_report(job.scores, heatmaps, job.require_overview(), path, provenance=job.provenance)


_FORMATS = {
    "csv": _Format(suffixes=(".csv",), place="tiles.csv", write=_write_table),
    "parquet": _Format(suffixes=(".parquet",), place="tiles.parquet", write=_write_table),
    "geojson": _Format(suffixes=(".geojson", ".json"), place=TILES_FILE, write=_write_geojson),
    "ome-tiff": _Format(
        suffixes=(HEATMAP_SUFFIX, ".ome.tiff", ".tif", ".tiff"), place=HEATMAP_FOLDER, write=_write_tiff,
        is_per_map=True,
    ),
    "png": _Format(
        suffixes=(OVERLAY_SUFFIX,), place=OVERLAY_FOLDER, write=_write_overlay, is_per_map=True,
        needs_overview=True,
    ),
    "html": _Format(
        suffixes=(".html", ".htm"), place=REPORT_FILE, write=_write_report, needs_overview=True
    ),
}  # fmt: skip

FORMATS = tuple(_FORMATS)
"""Names of the formats that a result can be exported in."""


def export_result(
    result: SlideScores | str | Path,
    fmt: str,
    path: str | Path | None = None,
    *,
    map_name: str | None = None,
    config: HeatmapConfig | None = None,
    overview_rgb: NDArray[np.uint8] | None = None,
) -> tuple[Path, ...]:
    """Write a result in one format.

    Parameters
    ----------
    result : SlideScores or path
        Scores, or a result folder.
    fmt : str
        One of `FORMATS`.
    path : str or Path, optional
        A file, if it ends as the format's files do, else a folder; the result folder if not given.
    map_name : str, optional
        Write this map alone; all maps if not given.
    config : HeatmapConfig, optional
        How heatmaps are normalised; by default values in files are raw, and pictures as `default_config`.
    overview_rgb : ndarray of uint8, (height, width, 3), optional
        The whole slide, for pictures and pages; a result folder has its own.

    Returns
    -------
    tuple of Path
        The files that were written.

    Raises
    ------
    UnknownFormatError
        If there is no such format.
    UnknownMapError
        If there is no such map.
    ResultError
        If the result folder is incomplete, or a picture is asked for and there is no overview.
    OutputError
        If something cannot be written, or several maps are to go into one file.
    """
    if fmt not in _FORMATS:
        raise UnknownFormatError(
            f"There is no format {fmt!r}.", advice=f"Choose one of {', '.join(FORMATS)}."
        )
    chosen = _FORMATS[fmt]
    if isinstance(result, SlideScores):
        scores, provenance = result, provenance_of(result)
    else:
        scores, provenance = read_analysis(result), re_exported(read_provenance(result))
        path = result if path is None else path
        if chosen.needs_overview and overview_rgb is None:
            overview_rgb = read_overview(result)
    if path is None:
        raise OutputError("Scores that are in no folder need a path to go to.", advice="Give one.")
    if map_name is not None:
        scores = replace(scores, maps=(scores.map(map_name),))
    job = _Job(scores=scores, overview_rgb=overview_rgb, provenance=provenance, config=config)
    return _write(job, chosen, Path(path))


def _write(job: _Job, chosen: _Format, path: Path) -> tuple[Path, ...]:
    is_file = path.name.lower().endswith(chosen.suffixes) and not path.is_dir()
    if not chosen.is_per_map:
        file = path if is_file else path / chosen.place
        chosen.write(job, "", file)
        return (file,)
    names = job.scores.map_names
    if is_file:
        files = {_only(names): path}
    else:
        folder = path / chosen.place
        files = {name: folder / f"{stem}{chosen.suffixes[0]}" for name, stem in file_stems(names).items()}
    for name, file in files.items():
        chosen.write(job, name, file)
    return tuple(files.values())


def _only(names: Sequence[str]) -> str:
    if len(names) != 1:
        raise OutputError(
            f"{len(names)} maps do not go into one file.",
            advice=f"Choose one of {', '.join(names)}, or give a folder.",
        )
    return names[0]
