"""One function a format: from a job to a file."""

from __future__ import annotations

from pathlib import Path

from napari_histcode.annotations.frame import crop_bounds
from napari_histcode.export.comparisons.report import PAGE_FILE
from napari_histcode.export.dicom.parametric_map import export_dicom_map
from napari_histcode.export.dicom.segmentation import export_dicom_seg
from napari_histcode.export.figures.contact_sheet import export_tile_sheet
from napari_histcode.export.figures.figure_file import FigureFormat, export_figure
from napari_histcode.export.figures.images import export_overlay
from napari_histcode.export.figures.view import clipped_box, whole_box
from napari_histcode.export.geojson import export_tiles_geojson
from napari_histcode.export.h5ad import export_h5ad
from napari_histcode.export.job import ExportJob, colormap_for
from napari_histcode.export.report import export_report
from napari_histcode.export.stacks.ome_zarr import export_overlay_zarr, export_stack_zarr
from napari_histcode.export.stacks.overlay_pyramid import OverlayPyramid, default_mpp
from napari_histcode.export.stacks.overlay_tiff import export_overlay_tiff
from napari_histcode.export.stacks.stack_tiff import export_stack_tiff
from napari_histcode.export.stacks.value_stack import ValueStack, stack_maps
from napari_histcode.export.tables import export_tile_table
from napari_histcode.heatmap import draw_heatmap


def write_table(job: ExportJob, _names: tuple[str, ...], path: Path) -> None:
    """Write one row a tile, as CSV or Parquet by the path's ending."""
    export_tile_table(job.scores, path, provenance=job.provenance)


def write_geojson(job: ExportJob, _names: tuple[str, ...], path: Path) -> None:
    """Write QuPath tiles, counted from where QuPath counts if the slide tells."""
    crop = None if job.slide is None else crop_bounds(job.slide)
    origin = (0.0, 0.0) if crop is None else (float(crop[0]), float(crop[1]))
    export_tiles_geojson(job.scores, path, origin_px0=origin, provenance=job.provenance, cancel=job.cancel)


def write_h5ad(job: ExportJob, _names: tuple[str, ...], path: Path) -> None:
    """Write AnnData."""
    bag = job.require_bag() if job.options.with_features else None
    export_h5ad(job.scores, path, bag=bag, overview_rgb=job.overview_rgb, provenance=job.provenance)


def write_stack_tiff(job: ExportJob, names: tuple[str, ...], path: Path) -> None:
    """Write the values of all maps as OME-TIFF."""
    export_stack_tiff(_stack(job, names), path, job.provenance)


def write_stack_zarr(job: ExportJob, names: tuple[str, ...], path: Path) -> None:
    """Write the values of all maps as OME-Zarr."""
    export_stack_zarr(_stack(job, names), path, job.provenance)


def write_overlay_tiff(job: ExportJob, names: tuple[str, ...], path: Path) -> None:
    """Render one map over the slide as OME-TIFF."""
    export_overlay_tiff(
        _pyramid(job, names[0]), path, job.provenance,
        compression=job.options.compression, progress=job.progress, cancel=job.cancel,
    )  # fmt: skip


def write_overlay_zarr(job: ExportJob, names: tuple[str, ...], path: Path) -> None:
    """Render one map over the slide as OME-Zarr."""
    export_overlay_zarr(
        _pyramid(job, names[0]), path, job.provenance, progress=job.progress, cancel=job.cancel
    )


def write_overlay_png(job: ExportJob, names: tuple[str, ...], path: Path) -> None:
    """Write one map over the overview, as an analysis does."""
    heatmap, options = job.shown(names[0]), job.options
    export_overlay(
        job.scores, heatmap, job.require_overview(), path, alpha=options.alpha,
        colormap=colormap_for(heatmap, options.colormap), limits=options.limits, provenance=job.provenance,
    )  # fmt: skip


def write_figure_png(job: ExportJob, names: tuple[str, ...], path: Path) -> None:
    """Write a figure for print as PNG."""
    _write_figure(job, names, path, "png")


def write_figure_svg(job: ExportJob, names: tuple[str, ...], path: Path) -> None:
    """Write a figure for print as SVG."""
    _write_figure(job, names, path, "svg")


def write_figure_pdf(job: ExportJob, names: tuple[str, ...], path: Path) -> None:
    """Write a figure for print as PDF."""
    _write_figure(job, names, path, "pdf")


def write_contact_sheet(job: ExportJob, names: tuple[str, ...], path: Path) -> None:
    """Write the tiles at the two ends of one map, as PNG or PDF by the file's ending."""
    export_tile_sheet(
        job.scores, names[0], job.require_slide("A contact sheet"), path,
        n_tiles=job.options.n_top_tiles, width_mm=job.options.width_mm, provenance=job.provenance,
        progress=job.progress, cancel=job.cancel,
    )  # fmt: skip


def write_dicom_map(job: ExportJob, names: tuple[str, ...], path: Path) -> None:
    """Write one map as DICOM Parametric Map."""
    export_dicom_map(
        job.scores, job.measured(names[0]), job.require_slide("A DICOM map"), path, job.provenance,
        keep_patient=job.options.keep_patient,
    )  # fmt: skip


def write_dicom_seg(job: ExportJob, names: tuple[str, ...], path: Path) -> None:
    """Write tiles above a threshold, or annotated classes, as DICOM Segmentation."""
    raw = draw_heatmap(job.scores, names[0])  # a threshold is one on raw values
    export_dicom_seg(
        job.scores, raw, job.require_slide("A DICOM segmentation"), path, job.provenance,
        annotations=job.annotations, options=job.options,
    )  # fmt: skip


def write_report(job: ExportJob, names: tuple[str, ...], path: Path) -> None:
    """Write the report page."""
    has_page = job.comparison is not None and (path.parent / PAGE_FILE).is_file()
    export_report(
        job.scores, [job.shown(name) for name in names], job.require_overview(), path,
        provenance=job.provenance, trust=job.trust, slide=job.slide, comparison=job.comparison,
        comparison_page=PAGE_FILE if has_page else None,
        options=job.options, cancel=job.cancel,
    )  # fmt: skip


def _write_figure(job: ExportJob, names: tuple[str, ...], path: Path, fmt: FigureFormat) -> None:
    export_figure(
        job.scores, [job.shown(name) for name in names], path, fmt,
        slide=job.slide, overview_rgb=job.overview_rgb, annotations=job.annotations,
        comparison=job.comparison, options=job.options, provenance=job.provenance, cancel=job.cancel,
    )  # fmt: skip


def _stack(job: ExportJob, names: tuple[str, ...]) -> ValueStack:
    return stack_maps([job.measured(name) for name in names], job.scores.grid)


def _pyramid(job: ExportJob, name: str) -> OverlayPyramid:
    slide = job.require_slide("A rendered overlay")
    region = job.options.region_px0
    box = whole_box(slide.record) if region is None else clipped_box(region, slide.record)
    mpp = job.options.overlay_mpp or default_mpp(slide)
    return OverlayPyramid(slide=slide, paint=job.paint(name), box_px0=box, mpp=mpp)
