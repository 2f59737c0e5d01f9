"""Manifest command: open slides that are dropped on napari or given on its command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import napari

from napari_histcode.plugin import open_slides
from napari_histcode.plugin.formats import may_be_slide
from napari_histcode.plugin.layers import LayerData, slide_layer_data
from napari_histcode.slide import open_slide

PathOrPaths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


def get_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[LayerData]] | None:
    """Return the reader if every path looks like a slide, else None.

    A slide that then cannot be opened raises `HistCodeError`, which napari shows.
    """
    return read_slides if all(may_be_slide(each) for each in _paths(path)) else None


def read_slides(path: PathOrPaths) -> list[LayerData]:
    """Open slides as multiscale image layers in micrometres.

    Raises
    ------
    HistCodeError
        If one of them is no slide.
    """
    layers = [read_slide(each) for each in _paths(path)]
    show_scale_bar()
    return layers


def read_slide(path: Path) -> LayerData:
    """Open one slide as a layer; only its header is read here."""
    slide = open_slide(path)
    return slide_layer_data(slide, key=open_slides.register(slide))


def show_scale_bar() -> None:
    """Show napari's scale bar in the current viewer, if there is one: a slide without it says little."""
    viewer = napari.current_viewer()
    if viewer is not None:
        viewer.canvas.overlays.scale_bar.visible = True


def _paths(path: PathOrPaths) -> list[Path]:
    return [Path(path)] if isinstance(path, str | os.PathLike) else [Path(each) for each in path]
