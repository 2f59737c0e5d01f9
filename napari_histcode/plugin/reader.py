"""Manifest commands: open slides and regions that are dropped on napari or given on its command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import napari

from napari_histcode.errors import AnnotationFileError, SessionFileError
from napari_histcode.plugin import open_slides
from napari_histcode.plugin.annotate import inbox
from napari_histcode.plugin.channel_layers import slide_layers
from napari_histcode.plugin.formats import may_be_slide
from napari_histcode.plugin.layers import LayerData, slide_key_of
from napari_histcode.plugin.saving import inbox as sessions
from napari_histcode.saved.places import is_session
from napari_histcode.slide import Slide, open_slide

PLUGIN, WIDGET = "napari-histcode", "HistCode"

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
    layers = [layer for each in _paths(path) for layer in read_slide(each)]
    show_scale_bar()
    return layers


def read_slide(path: Path) -> tuple[LayerData, ...]:
    """Open one slide as a layer, or as one a channel; hardly more than its header is read here."""
    slide = open_slide(path)
    return slide_layers(slide, key=open_slides.register(slide))


def get_session_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[LayerData]] | None:
    """Return the reader of sessions if it is one session file, else None."""
    paths = _paths(path)
    return open_session if len(paths) == 1 and is_session(paths[0]) else None


def open_session(path: PathOrPaths) -> list[Any]:
    """Hand a session to the dock, which is opened where there is none.

    Raises
    ------
    SessionFileError
        If there is no window to open it in.
    """
    (file,) = _paths(path)
    if not sessions.deliver(file):
        viewer = napari.current_viewer()
        if viewer is None:
            raise SessionFileError(
                "A session is opened in the window.", advice="Open napari, and there Plugins > HistCode."
            )
        viewer.window.add_plugin_dock_widget(PLUGIN, WIDGET)
        sessions.deliver(file)
    return [(None,)]


def get_regions_reader(path: PathOrPaths) -> Callable[[PathOrPaths], list[LayerData]] | None:
    """Return the reader of regions if every path looks like a file of some, else None."""
    return read_regions if all(inbox.may_be_regions(each) for each in _paths(path)) else None


def read_regions(path: PathOrPaths) -> list[Any]:
    """Hand files of regions to the dock, or show them where there is none.

    Raises
    ------
    HistCodeError
        If there is neither a dock nor a slide to show them on, or they cannot be understood.
    """
    paths = _paths(path)
    if inbox.deliver(paths):
        return [(None,)]  # napari's word for "nothing to show, and no error"
    slide = _slide_in_front()
    if slide is None:
        raise AnnotationFileError(
            "Regions are shown on a slide, and none is open.", advice="Open the slide first."
        )
    from napari_histcode.annotations import read_annotations
    from napari_histcode.plugin.annotate.edits import with_ids
    from napari_histcode.plugin.annotate.loose_regions import loose_layer

    found = [read_annotations(each, slide=slide).annotations for each in paths]
    return [loose_layer(with_ids(annotations), slide.record) for annotations in found]


def _slide_in_front() -> Slide | None:
    """Find the topmost slide that is shown in the current viewer."""
    viewer = napari.current_viewer()
    for layer in reversed(viewer.layers) if viewer is not None else ():
        key = slide_key_of(layer.metadata)
        if key is not None and layer.visible:
            return open_slides.find(key)
    return None


def show_scale_bar() -> None:
    """Show napari's scale bar in the current viewer, if there is one: a slide without it says little."""
    viewer = napari.current_viewer()
    if viewer is not None:
        viewer.canvas.overlays.scale_bar.visible = True


def _paths(path: PathOrPaths) -> list[Path]:
    return [Path(path)] if isinstance(path, str | os.PathLike) else [Path(each) for each in path]
