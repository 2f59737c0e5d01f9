"""What the controller wants of the viewer, so that it can be tested without one.

`napari_canvas.NapariCanvas` is the real one. All methods are called, and all signals sent, on the GUI
thread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_histcode.annotations.annotation import Rgb
from napari_histcode.heatmap import Heatmap
from napari_histcode.plugin.class_legend import Legend
from napari_histcode.plugin.layers import Box, LayerData, Pair
from napari_histcode.slide import SlideRecord
from napari_histcode.tiling import TileGrid


@dataclass(frozen=True, kw_only=True)
class Pick:
    """A click on the slide, neither a drag nor part of drawing."""

    world: tuple[float, float]
    """Where, as (row, column) in napari's world; `layers.px0_from_world` knows the slide's frame."""
    is_adding: bool = False
    """Whether Shift was held: this tile too."""
    is_removing: bool = False
    """Whether Alt was held: not this tile."""


@dataclass(frozen=True, kw_only=True)
class MarkedTiles:
    """Tiles with a line of one colour around them."""

    boxes: tuple[Box, ...]
    """The tiles in level-0 pixels; those that touch are surrounded together."""
    colour: Rgb
    """Colour of the line."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ShownClasses:
    """A class for each tile as it is to be drawn: agreement, clusters, artefacts."""

    name: str
    """Unique name; putting another of the same name replaces it."""
    label: str
    """Name of the layer."""
    grid: TileGrid
    """The tiles."""
    classes: NDArray[np.int16]
    """(n_tiles,) class of each tile; 0 and classes without a colour are not painted."""
    colours: Mapping[int, Rgb]
    """Colour of each painted class."""
    labels: Mapping[int, str]
    """Name of each class, for the legend and the status bar."""
    record: SlideRecord
    """The slide on which it lies, as it is placed in the viewer."""
    opacity: float = 0.55
    """0 to 1."""


class CanvasEvents:
    """What happens in the viewer and concerns us, whoever did it."""

    slide_added = Signal(str)
    """A layer that shows the slide of this key was added."""
    slide_removed = Signal(str)
    """The layer of this slide was removed."""
    map_toggled = Signal(str, bool)
    """A map was switched on or off in the viewer's own layer list."""
    map_removed = Signal(str)
    """A map's layer was deleted in the viewer's own layer list."""
    clicked = Signal(Pick)
    """The slide was clicked, while `Canvas.set_picking` is on."""
    view_changed = Signal()
    """The camera has moved; sent a few times a second while it does."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ShownMap:
    """A map as it is to be drawn."""

    heatmap: Heatmap
    """What is drawn, normalised as chosen."""
    record: SlideRecord
    """The slide on which it lies, as it is placed in the viewer."""
    raw: NDArray[np.float32]
    """Raw values on the same raster, for the status bar."""
    percentile: NDArray[np.float32]
    """Percentiles within the slide on the same raster, for the status bar."""
    raw_unit: str
    """Unit of the raw values."""
    colormap: str
    """Name of the colour scale, as matplotlib knows it."""
    opacity: float
    """0 to 1."""
    is_visible: bool
    """Whether it is switched on."""
    is_smooth: bool = False
    """Whether colours pass softly from tile to tile, instead of each tile being seen as it is."""


class Canvas(Protocol):
    """Where slides and maps are drawn."""

    @property
    def events(self) -> CanvasEvents:
        """What happens in the viewer."""
        ...

    def slide_keys(self) -> tuple[str, ...]:
        """Keys of the slides that are in the viewer already."""
        ...

    def add_slide(self, data: LayerData, *further: LayerData) -> None:
        """Show a slide, which may have further channels, and fit it into the view."""
        ...

    def place_slide(self, key: str, record: SlideRecord) -> None:
        """Give a slide's layer its resolution after the fact."""
        ...

    def show_only_slide(self, key: str) -> None:
        """Hide all other slides."""
        ...

    def put_map(self, shown: ShownMap) -> None:
        """Draw a map, or draw it anew if it is there."""
        ...

    def when_idle(self, callback: Callable[[], None]) -> None:
        """Call back soon, when what has been drawn so far is on the screen."""
        ...

    def set_map_visible(self, name: str, *, is_visible: bool) -> None:
        """Switch a map on or off."""
        ...

    def set_opacity(self, opacity: float) -> None:
        """Make all maps so opaque."""
        ...

    def map_names(self) -> tuple[str, ...]:
        """Names of the maps that have a layer."""
        ...

    def clear_maps(self) -> None:
        """Remove all maps, classes and outlines of tiles."""
        ...

    def put_classes(self, shown: ShownClasses) -> None:
        """Paint a class for each tile, with its colours in the legend, or paint it anew if it is there."""
        ...

    def put_legend(self, name: str, legend: Legend | None) -> None:
        """Show a legend of classes beside those of the maps; None takes it away."""
        ...

    def set_classes_visible(self, name: str, *, is_visible: bool) -> None:
        """Show or hide classes, which is much faster than to remove them; harmless where there are none."""
        ...

    def remove(self, name: str) -> None:
        """Take away a map or classes of this name; harmless where there are none."""
        ...

    def outline_tiles(self, boxes: Sequence[Box], record: SlideRecord) -> None:
        """Draw a line around tiles that are spoken of; an empty sequence takes it away."""
        ...

    def mark_tiles(self, groups: Sequence[MarkedTiles], record: SlideRecord) -> None:
        """Draw thick lines around groups of tiles, beside `outline_tiles`; none takes them away."""
        ...

    def fly_to(self, box: Box, record: SlideRecord) -> None:
        """Move and zoom so that a box and some of its surroundings fill the view."""
        ...

    def centre_on(self, xy_px0: Pair, record: SlideRecord) -> None:
        """Put a level-0 position into the middle of the view."""
        ...

    def fit(self) -> None:
        """Show all of the slide that is not hidden."""
        ...

    def world_per_screen_px(self) -> float:
        """Tell how much of the world a pixel of the screen shows: micrometres where they are known."""
        ...

    def set_world_per_screen_px(self, value: float) -> None:
        """Zoom about the middle of the view until a pixel of the screen shows so much of the world."""
        ...

    def turn(self, n_quarters: int) -> None:
        """Turn the whole scene to so many quarters clockwise from upright."""
        ...

    def view_box(self, record: SlideRecord) -> Box:
        """Tell what of the slide is in view; it can reach beyond the slide."""
        ...

    def set_picking(self, *, is_on: bool) -> None:
        """Send `CanvasEvents.clicked` for clicks on the slide, or stop doing so."""
        ...

    def report(self, error: BaseException) -> None:
        """Tell the user what went wrong, in a notification."""
        ...
