"""What the controller wants of the viewer, so that it can be tested without one.

`napari_canvas.NapariCanvas` is the real one. All methods are called, and all signals sent, on the GUI
thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_histcode.heatmap import Heatmap
from napari_histcode.plugin.layers import LayerData
from napari_histcode.slide import SlideRecord


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


class Canvas(Protocol):
    """Where slides and maps are drawn."""

    @property
    def events(self) -> CanvasEvents:
        """What happens in the viewer."""
        ...

    def slide_keys(self) -> tuple[str, ...]:
        """Keys of the slides that are in the viewer already."""
        ...

    def add_slide(self, data: LayerData) -> None:
        """Show a slide and fit it into the view."""
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
        """Remove all maps."""
        ...

    def add_annotations(self, data: LayerData) -> None:
        """Show regions above everything else."""
        ...

    def report(self, error: BaseException) -> None:
        """Tell the user what went wrong, in a notification."""
        ...
