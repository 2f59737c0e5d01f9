"""The layer of lines around tiles that somebody marked: one line a group, in the colour of its class."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import napari
from napari.layers import Layer

from napari_histcode.plugin.canvas import MarkedTiles
from napari_histcode.plugin.layers import marks_layer_data
from napari_histcode.slide import SlideRecord


class MarksLayer:
    """Makes the layer when something is marked, and keeps it: to add one takes napari most of a second.

    Parameters
    ----------
    viewer : napari.Viewer
        Where it is shown.
    insert : callable
        Inserts a layer at a place without changing what is selected.
    """

    def __init__(self, viewer: napari.Viewer, insert: Callable[[int, Layer], None]) -> None:
        self._viewer = viewer
        self._insert = insert
        self._layer: Layer | None = None
        self._shown: tuple[tuple[MarkedTiles, ...], SlideRecord] | None = None

    def show(self, groups: Sequence[MarkedTiles], record: SlideRecord) -> None:
        """Draw these lines instead of those before; none hides the layer."""
        layer = self._layer if self._layer in self._viewer.layers else None
        marked = tuple(group for group in groups if group.boxes)
        if not marked:
            if layer is not None:
                layer.visible = False
            return
        is_known = layer is not None and self._shown == (marked, record)
        self._shown = (marked, record)
        if not is_known:
            layer = self._draw(layer, marked, record)
        if layer is not None and not layer.visible:
            layer.visible = True

    def _draw(self, layer: Layer | None, marked: tuple[MarkedTiles, ...], record: SlideRecord) -> Layer:
        coloured = [(group.boxes, "#{:02x}{:02x}{:02x}".format(*group.colour)) for group in marked]
        rings, own, _ = marks_layer_data(coloured, record)
        if layer is None:
            self._layer = Layer.create(rings, own, "shapes")
            self._layer.editable = False
            self._insert(len(self._viewer.layers), self._layer)
            return self._layer
        if tuple(layer.scale) != own["scale"]:
            layer.scale, layer.units = own["scale"], own["units"]
        layer.data = []  # each property that is set on its own draws all shapes again
        layer.add_polygons(
            rings, edge_width=own["edge_width"], edge_color=own["edge_color"], face_color=own["face_color"]
        )
        return layer

    def clear(self) -> None:
        """Take the layer away."""
        layer, self._layer = self._layer, None
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
