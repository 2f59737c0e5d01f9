"""The layers of slides in the viewer: one for a bright-field slide, one a channel for fluorescence."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakSet

import napari
from napari.layers import Image, Layer

from napari_histcode.plugin.channel_layers import give_limits_room
from napari_histcode.plugin.layers import (
    LayerData,
    are_regions_on,
    slide_key_of,
    slide_metadata,
    um_per_px0,
    units_of,
)
from napari_histcode.slide import SlideRecord


class SlideLayers:
    """Adds slides below all else and keeps the others hidden.

    Parameters
    ----------
    viewer : napari.Viewer
        Where they are shown.
    when_idle : callable
        Calls back when what has been drawn so far is on the screen.
    """

    def __init__(self, viewer: napari.Viewer, when_idle: Callable[[Callable[[], None]], None]) -> None:
        self._viewer = viewer
        self._when_idle = when_idle
        self._is_dark = False
        self._switched_off: WeakSet[Layer] = WeakSet()

    def keys(self) -> tuple[str, ...]:
        """Keys of the slides that are in the viewer, each once."""
        found = (slide_key_of(layer.metadata) for layer in self._viewer.layers)
        return tuple(dict.fromkeys(key for key in found if key is not None))

    def count(self) -> int:
        """Count the layers that show slides: everything else comes above them."""
        return sum(slide_key_of(layer.metadata) is not None for layer in self._viewer.layers)

    def of(self, key: str) -> list[Image]:
        """Layers of a slide, the lowest first."""
        return [layer for layer in self._viewer.layers if slide_key_of(layer.metadata) == key]

    def add(self, data: LayerData, *further: LayerData) -> None:
        """Show a slide; further channels follow one by one, since each takes napari a tenth of a second."""
        layer = Layer.create(*data)
        self._viewer.layers.insert(self.count(), layer)
        give_limits_room(layer)
        self.refresh_ground()
        key = slide_key_of(layer.metadata)
        if key is not None:
            self._add_later(key, further)

    def _add_later(self, key: str, further: tuple[LayerData, ...]) -> None:
        if further:
            self._when_idle(lambda: self._add_channel(key, further))

    def _add_channel(self, key: str, further: tuple[LayerData, ...]) -> None:
        below = self.of(key)
        if not below:
            return  # the slide was closed meanwhile
        layer = Layer.create(*further[0])
        layer.scale, layer.units, layer.metadata = below[-1].scale, below[-1].units, dict(below[-1].metadata)
        if not layer.visible:
            self._switched_off.add(layer)
        elif not any(other.visible for other in below):
            layer.visible = False
        active = self._viewer.layers.selection.active
        self._viewer.layers.insert(self._viewer.layers.index(below[-1]) + 1, layer)
        self._viewer.layers.selection.active = active
        give_limits_room(layer)
        self._add_later(key, further[1:])

    def place(self, key: str, record: SlideRecord) -> None:
        """Give a slide's layers, and the regions on it, its resolution after the fact."""
        regions = [layer for layer in self._viewer.layers if are_regions_on(layer.metadata, record)]
        for layer in (*self.of(key), *regions):
            layer.scale = um_per_px0(record)
            layer.units = units_of(record)
        for layer in self.of(key):
            layer.metadata = slide_metadata(record, key=key)

    def show_only(self, key: str) -> None:
        """Hide all other slides; channels that were switched off stay so."""
        for other in self.keys():
            layers = self.of(other)
            if any(layer.visible for layer in layers):
                for layer in layers:
                    (self._switched_off.discard if layer.visible else self._switched_off.add)(layer)
            for layer in layers:
                layer.visible = other == key and layer not in self._switched_off
        self.refresh_ground()

    def refresh_ground(self) -> None:
        """Make the canvas black around fluorescence, in any theme: light beside it blinds for what glows."""
        layers = [layer for key in self.keys() for layer in self.of(key) if layer.visible]
        is_dark = bool(layers) and not any(layer.rgb for layer in layers)
        if is_dark != self._is_dark:
            self._is_dark = is_dark
            self._viewer.canvas.background_color_override = "black" if is_dark else None

    def close(self) -> None:
        """Give the canvas its own colour back."""
        if self._is_dark:
            self._is_dark = False
            self._viewer.canvas.background_color_override = None
