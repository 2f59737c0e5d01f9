"""The layers of the second canvas.

They are its own, since a napari layer is drawn by one viewer only; what they draw, arrays, rasters and the
painted regions, is the very same as in the viewer, so that nothing is read or kept twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer

from napari_histcode.plugin.annotate.picture import RegionPicture
from napari_histcode.plugin.annotate.region_layer import RegionLayer
from napari_histcode.plugin.beside.own_reading import OwnReading
from napari_histcode.plugin.canvas import ShownMap
from napari_histcode.plugin.layers import Pair, um_per_px0, units_of
from napari_histcode.plugin.map_layer import MapLayer
from napari_histcode.plugin.napari_canvas import COLOUR_BAR_PX, LEGEND_PLACE
from napari_histcode.plugin.wording import legend_text
from napari_histcode.slide import SlideRecord


class BesideLayers:
    """A slide, at most one map on it, its regions, a scale bar and what the map's colours mean.

    Layers that are not to be seen are hidden and kept: whenever a layer is removed, napari has Python look
    through all its memory for what is unused, which takes tenths of a second.

    Parameters
    ----------
    model : ViewerModel
        The second canvas, still empty.
    """

    def __init__(self, model: ViewerModel) -> None:
        self._model = model
        self._slides: dict[str, list[Layer]] = {}
        self._regions: dict[str, RegionLayer] = {}
        self._map: MapLayer | None = None
        self._shown_key = ""
        overlays = model.canvas.overlays
        overlays.scale_bar.visible = True
        overlays.text.position = LEGEND_PLACE
        overlays.text.box = True
        model.canvas.overlay_tiling.bottom_left = "vertical"
        model.canvas.events.size.connect(self._write_legend)

    def show_slide(self, key: str, sources: Sequence[Layer]) -> None:
        """Show this slide and nothing else.

        Parameters
        ----------
        key : str
            The slide's.
        sources : sequence of Layer
            The layers that show it in the viewer, the lowest first; hidden ones are channels that are off,
            unless all of them are.
        """
        self._shown_key = key
        for layer in self._model.layers:
            layer.visible = False
        if key not in self._slides:
            place = self._n_slide_layers
            self._slides[key] = [_copy_of(source) for source in sources]
            for position, layer in enumerate(self._slides[key]):
                self._model.layers.insert(place + position, layer)
        is_hidden = not any(source.visible for source in sources)
        for source, layer in zip(sources, self._slides[key], strict=False):
            layer.scale, layer.units = source.scale, source.units
            layer.visible = source.visible or is_hidden

    def keep_slides(self, keys: Collection[str]) -> None:
        """Let go of all other slides."""
        for key in self._slides.keys() - set(keys):
            regions = self._regions.pop(key, None)
            for layer in (*self._slides.pop(key), *([] if regions is None else [regions])):
                self._model.layers.remove(layer)

    def show_map(self, shown: ShownMap | None) -> None:
        """Draw this map on the slide, and no other."""
        if shown is not None and self._map is not None:
            self._map.show(shown)
        elif shown is not None:
            self._map = MapLayer(shown)
            self._map.colorbar.position = LEGEND_PLACE
            self._map.colorbar.size = COLOUR_BAR_PX
            self._model.layers.insert(self._n_slide_layers, self._map)
        elif self._map is not None:
            self._map.visible = False
        if self._map is not None:
            self._map.colorbar.visible = self._map.visible
        self._write_legend()

    def show_regions(self, picture: RegionPicture | None, record: SlideRecord, *, is_visible: bool) -> None:
        """Draw these regions of the shown slide above all; the same picture again is painted anew."""
        layer = self._regions.get(self._shown_key)
        if picture is None or not is_visible or len(picture.scene) == 0:
            if layer is not None:
                layer.visible = False
            return
        if layer is None:
            layer = self._regions[self._shown_key] = RegionLayer(picture, record)
            layer.editable = False
            self._model.layers.append(layer)
        else:
            layer.repaint(picture)
            layer.scale, layer.units = um_per_px0(record), units_of(record)
            layer.visible = True

    def value_at(self, world: Pair) -> str:
        """Say what the map is at a place of the world; empty without a map."""
        shown = self._shown_map
        return "" if shown is None else shown.value_text(np.asarray(world))

    @property
    def _shown_map(self) -> MapLayer | None:
        return self._map if self._map is not None and self._map.visible else None

    @property
    def _n_slide_layers(self) -> int:
        return sum(len(layers) for layers in self._slides.values())

    def _write_legend(self, _event: Any = None) -> None:
        shown = self._shown_map
        legend = self._model.canvas.overlays.text
        width_px = self._model.canvas.size[1]
        legend.text = legend_text([] if shown is None else [shown.shown], width_px=width_px)
        legend.visible = shown is not None


def _copy_of(layer: Layer) -> Layer:
    """Make a layer that draws the same pixels in the same way."""
    data, keywords, kind = layer.as_layer_data_tuple()
    if keywords["multiscale"]:
        data = [OwnReading(level) for level in data]
    return Layer.create(data, keywords, kind)
