"""``histcode demo``: the main job on the bundled sample, checked against its pathologists' labels."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from napari_histcode import resources
from napari_histcode.annotations import read_geojson
from napari_histcode.cli.analyse import describe
from napari_histcode.cli.progress_bar import ProgressBar
from napari_histcode.cli.view import has_screen, open_window
from napari_histcode.comparison.ranking import auroc_with_interval
from napari_histcode.comparison.tile_labels import label_tiles
from napari_histcode.export.figures.figure_file import export_figure
from napari_histcode.export.options import ExportOptions
from napari_histcode.heatmap import draw_heatmap
from napari_histcode.pipeline import analyse_slide
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide import open_slide

REFERENCE_CLASSES = {"viable_tumour": "Tumor", "necrosis": "Necrosis"}
"""Output of the bundled head to the class of the sample's annotations."""

SAMPLE_ORGAN = "bone"
"""Heads of other organs say so."""

FIGURE_MAPS = (
    "tissue.attention",
    "tissue.viable_tumour.single_tile",
    "tissue.necrosis.single_tile",
    "genes.t_cells.single_tile",
    "genes.b_cells.single_tile",
)
"""Maps beside the slide in the demo's figure."""

SAMPLE_BLOCK_UM = 1216.0
"""Blocks of the bootstrap: from one field of the mosaic to the next."""


def run_demo(options: argparse.Namespace) -> int:
    """Analyse the sample, print how well it agrees with the reference, and show it."""
    folder = options.out / resources.SAMPLE_SLIDE.stem
    with ProgressBar("sample") as bar:
        analysis = analyse_slide(resources.SAMPLE_SLIDE, out=folder, organ=SAMPLE_ORGAN, progress=bar)
    print(f"Bundled sample, bundled model\n{describe(analysis)}")
    print("\nTile AUROC against the pathologists' field labels (95 % interval over blocks of one field)")
    print(agreement_table(analysis.scores))
    figure = draw_figure(analysis.scores, options.out / "maps.png")
    print(f"\nOverlays, tables and report: {folder}")
    print(f"Report page: {folder / 'report.html'}")
    print(f"Attention, classes and lymphocyte signatures side by side: {figure}")
    return _show(options, folder)


def agreement_table(scores: SlideScores) -> str:
    """One line a map and class: AUROC with interval and the numbers of tiles."""
    annotations = read_geojson(resources.SAMPLE_ANNOTATIONS)
    lines = []
    for tile_map in scores.maps:
        reference = REFERENCE_CLASSES.get(tile_map.output or "")
        if reference is None:
            continue
        labels = label_tiles(scores.grid, annotations, [reference])
        interval = auroc_with_interval(tile_map.values, labels, scores.grid, block_um=SAMPLE_BLOCK_UM)
        counts = f"{interval.n_positive} positive, {interval.n_negative} negative tiles"
        lines.append(f"  {tile_map.label:<32} {interval}  ({counts})")
    return "\n".join(lines)


def draw_figure(scores: SlideScores, path: Path) -> Path:
    """Write slide, attention, classes and signatures side by side, with the pathologists' regions."""
    known = {tile_map.name for tile_map in scores.maps}
    with open_slide(resources.SAMPLE_SLIDE) as slide:
        return export_figure(
            scores,
            [draw_heatmap(scores, name) for name in FIGURE_MAPS if name in known],
            path,
            "png",
            slide=slide,
            annotations=read_geojson(resources.SAMPLE_ANNOTATIONS),
            options=ExportOptions(panels=("slide", "map"), dpi=200),
        )


def _show(options: argparse.Namespace, folder: Path) -> int:
    arguments = [str(resources.SAMPLE_SLIDE), "--result", str(folder)]
    arguments += ["--annotations", str(resources.SAMPLE_ANNOTATIONS)]
    if has_screen() and not options.no_window:
        return open_window(arguments)
    screenshot = options.out / "window.png"
    wrapper = [] if has_screen() else _virtual_screen()
    if wrapper is None:
        print("No screen, and no xvfb-run for a virtual one: no screenshot of the window was made.")
        return 0
    status = open_window([*arguments, "--screenshot", str(screenshot)], wrapper=wrapper)
    if status == 0:
        print(f"Screenshot of the window: {screenshot}")
    return status


def _virtual_screen() -> list[str] | None:
    program = shutil.which("xvfb-run")
    return [program, "-a", "-s", "-screen 0 1400x1000x24"] if program else None
