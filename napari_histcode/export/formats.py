"""Write a result in any of the formats, by the format's name: the one way in for window and command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.comparison import Comparison
from napari_histcode.errors import OutputError, ResultError, UnknownFormatError
from napari_histcode.export import writers
from napari_histcode.export.figures.contact_sheet import SHEET_SUFFIXES
from napari_histcode.export.job import ExportJob
from napari_histcode.export.layout import (
    OVERLAY_FOLDER,
    OVERLAY_SUFFIX,
    REPORT_FILE,
    TILES_FILE,
    file_stems,
)
from napari_histcode.export.options import ExportOptions
from napari_histcode.export.provenance import provenance_of, re_exported
from napari_histcode.export.read_result import (
    read_analysis,
    read_document,
    read_overview,
    read_provenance,
)
from napari_histcode.features.bag import FeatureBag
from napari_histcode.files import staging
from napari_histcode.heatmap import HeatmapConfig
from napari_histcode.progress import CancelToken, ProgressCallback, ignore_progress
from napari_histcode.saved.reading import Reading
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import Slide

Files = Literal["one", "each", "together"]

_DEFAULT = ExportOptions()


@dataclass(frozen=True, kw_only=True)
class _Format:
    """One format: how its files end, where they go by default, and who writes them."""

    suffixes: tuple[str, ...]
    place: str
    """Name of the file in a folder; of the subfolder where there may be several files."""
    write: Callable[[ExportJob, tuple[str, ...], Path], None]
    """Called with the job, the names of the maps that go into the file, and its path."""
    files: Files = "one"
    """One file for all maps, a file for each, or one for those that were named and else one for each."""
    needs_overview: bool = False
    """Whether it cannot do without the overview."""
    takes_region: bool = False
    """Whether it can show a part of the slide."""
    is_folder: bool = False
    """Whether its "file" is a folder."""


def _figure(kind: str, write: Callable[[ExportJob, tuple[str, ...], Path], None]) -> _Format:
    return _Format(suffixes=(f".{kind}",), place="figures", write=write, files="together", takes_region=True)


_FORMATS = {
    "csv": _Format(suffixes=(".csv",), place="tiles.csv", write=writers.write_table),
    "parquet": _Format(suffixes=(".parquet",), place="tiles.parquet", write=writers.write_table),
    "tiles-geojson": _Format(
        suffixes=(".geojson", ".json"), place=TILES_FILE, write=writers.write_geojson
    ),
    "anndata": _Format(suffixes=(".h5ad",), place="tiles.h5ad", write=writers.write_h5ad),
    "ome-tiff": _Format(
        suffixes=(".ome.tif", ".ome.tiff", ".tif", ".tiff"), place="maps.ome.tif",
        write=writers.write_stack_tiff,
    ),
    "ome-zarr": _Format(
        suffixes=(".zarr",), place="maps.ome.zarr", write=writers.write_stack_zarr, is_folder=True
    ),
    "overlay-tiff": _Format(
        suffixes=(".ome.tif", ".ome.tiff", ".tif", ".tiff"), place="overlays-tiff",
        write=writers.write_overlay_tiff, files="each", takes_region=True,
    ),
    "overlay-zarr": _Format(
        suffixes=(".ome.zarr", ".zarr"), place="overlays-zarr", write=writers.write_overlay_zarr,
        files="each", takes_region=True, is_folder=True,
    ),
    "overlay-png": _Format(
        suffixes=(OVERLAY_SUFFIX,), place=OVERLAY_FOLDER, write=writers.write_overlay_png, files="each",
        needs_overview=True,
    ),
    "figure-png": _figure("png", writers.write_figure_png),
    "figure-svg": _figure("svg", writers.write_figure_svg),
    "figure-pdf": _figure("pdf", writers.write_figure_pdf),
    "contact-sheet": _Format(
        suffixes=SHEET_SUFFIXES, place="contact-sheets", write=writers.write_contact_sheet, files="each"
    ),
    "dicom-pm": _Format(
        suffixes=(".dcm",), place="dicom-maps", write=writers.write_dicom_map, files="each"
    ),
    "dicom-seg": _Format(
        suffixes=(".dcm",), place="dicom-segmentations", write=writers.write_dicom_seg, files="each"
    ),
    "report": _Format(
        suffixes=(".html", ".htm"), place=REPORT_FILE, write=writers.write_report, needs_overview=True
    ),
}  # fmt: skip

FORMATS = tuple(_FORMATS)
"""Names of the formats that a result can be exported in."""

OTHER_NAMES = {"geojson": "tiles-geojson", "png": "overlay-png", "html": "report", "h5ad": "anndata"}
"""Shorter names that are understood as well."""


def export_result(
    result: SlideScores | str | Path,
    fmt: str,
    path: str | Path | None = None,
    *,
    maps: Sequence[str] | None = None,
    config: HeatmapConfig | None = None,
    overview_rgb: NDArray[np.uint8] | None = None,
    bag: FeatureBag | None = None,
    slide: Slide | None = None,
    annotations: Sequence[Annotation] = (),
    comparison: Comparison | None = None,
    options: ExportOptions = _DEFAULT,
    reading: Reading | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> tuple[Path, ...]:
    """Write a result in one format.

    Parameters
    ----------
    result : SlideScores or path
        Scores, or a result folder.
    fmt : str
        One of `FORMATS` or `OTHER_NAMES`.
    path : str or Path, optional
        A file, if it ends as the format's files do, else a folder; the result folder if not given.
    maps : sequence of str, optional
        Write these maps alone; all maps if not given. Figures show named maps side by side, and otherwise
        come one a map.
    config : HeatmapConfig, optional
        How heatmaps are normalised; by default values in files are raw, and pictures as `default_config`.
    overview_rgb : ndarray of uint8, (height, width, 3), optional
        The whole slide, for pictures and pages; a result folder has its own.
    bag : FeatureBag, optional
        Features of the tiles; looked for in a result folder where they are needed.
    slide : Slide, optional
        The slide of the result: for rendered overlays and DICOM needed, for figures and reports better.
    annotations : sequence of Annotation
        Regions in level-0 pixels, for figures and segmentations.
    comparison : Comparison, optional
        The maps beside a reference, for figures and the report.
    options : ExportOptions
        What single formats look at.
    reading : Reading, optional
        The course of a blind reading, whose times go into the audit record.
    progress : callable
        Told how far a long export has come.
    cancel : CancelToken, optional
        Stops it; nothing half-written is left behind, and earlier files stay as they were.

    Returns
    -------
    tuple of Path
        The files (or folders, for Zarr) that were written.

    Raises
    ------
    UnknownFormatError
        If there is no such format.
    UnknownMapError
        If there is no such map.
    ResultError
        If the result folder is incomplete, the slide is another one, or something that the format needs is
        not there.
    RegionError
        If the region is not on the slide, or the format shows the whole slide only.
    MissingExtraError
        If an optional package is not installed.
    SourceSlideError
        If the slide is of a kind that the format cannot refer to.
    OutputError
        If something cannot be written, or several maps are to go into one file.
    AnalysisCancelledError
        If it was cancelled.
    """
    chosen = _format(fmt, options)
    folder, trust = None, None
    if isinstance(result, SlideScores):
        scores, provenance = result, provenance_of(result)
    else:
        folder = Path(result)
        scores, provenance = read_analysis(folder), re_exported(read_provenance(folder))
        trust = read_document(folder).get("trust")
        path = folder if path is None else path
        overview_rgb = _overview(folder, chosen) if overview_rgb is None else overview_rgb
    if reading is not None:
        provenance = {**provenance, "reading": reading.times}
    if path is None:
        raise OutputError("Scores that are in no folder need a path to go to.", advice="Give one.")
    if slide is not None and slide.record.digest != scores.grid.slide.digest:
        raise ResultError(
            f"{slide.record.alias} is not the slide of the result ({scores.grid.slide.alias}).",
            advice="Give the slide that was analysed.",
        )
    if maps is not None:
        scores = replace(scores, maps=tuple(scores.map(name) for name in dict.fromkeys(maps)))
    job = ExportJob(
        scores=scores, provenance=provenance, options=options, progress=progress,
        cancel=cancel or CancelToken(), folder=folder, bag=bag, overview_rgb=overview_rgb, config=config,
        trust=trust, slide=slide, annotations=annotations, comparison=comparison,
    )  # fmt: skip
    job.cancel.raise_if_cancelled()
    return _write(job, chosen, Path(path), are_named=maps is not None)


def _format(fmt: str, options: ExportOptions) -> _Format:
    name = OTHER_NAMES.get(fmt, fmt)
    if name not in _FORMATS:
        raise UnknownFormatError(
            f"There is no format {fmt!r}.", advice=f"Choose one of {', '.join(FORMATS)}."
        )
    chosen = _FORMATS[name]
    if options.region_px0 is not None and not chosen.takes_region:
        some = ", ".join(key for key, one in _FORMATS.items() if one.takes_region)
        raise UnknownFormatError(
            f"The format {name} shows the whole slide.", advice=f"A region goes with {some}."
        )
    return chosen


def _overview(folder: Path, chosen: _Format) -> NDArray[np.uint8] | None:
    """Read the overview of a result; a format that can do without it does not fail for it."""
    try:
        return read_overview(folder)
    except ResultError:
        if chosen.needs_overview:
            raise
        return None


def _write(job: ExportJob, chosen: _Format, path: Path, *, are_named: bool) -> tuple[Path, ...]:
    is_file = path.name.lower().endswith(chosen.suffixes) and (chosen.is_folder or not path.is_dir())
    names = job.scores.map_names
    if chosen.files == "one":
        file = path if is_file else path / chosen.place
        chosen.write(job, names, file)
        return (file,)
    is_together = chosen.files == "together" and are_named
    if is_file:
        chosen.write(job, names if is_together else (_only(names),), path)
        return (path,)
    folder = path / chosen.place
    stems = file_stems(names)
    if is_together and len(names) > 1:
        files: Mapping[str, tuple[str, ...]] = {f"maps{chosen.suffixes[0]}": names}
    else:
        files = {f"{stems[name]}{chosen.suffixes[0]}": (name,) for name in names}
    with _all_or_none(folder, chosen) as target:
        for name, included in files.items():
            job.cancel.raise_if_cancelled()
            chosen.write(job, included, target / name)
    return tuple(folder / name for name in files)


@contextmanager
def _all_or_none(folder: Path, chosen: _Format) -> Iterator[Path]:
    """Give a folder to write several files to, which appear together; Zarr folders appear one by one."""
    if chosen.is_folder:
        yield folder
        return
    with staging(folder, last="") as stage:
        yield stage


def _only(names: Sequence[str]) -> str:
    if len(names) != 1:
        raise OutputError(
            f"{len(names)} maps do not go into one file.",
            advice=f"Choose one of {', '.join(names)}, or give a folder.",
        )
    return names[0]
