"""The image layer of a map: napari's own, with a status bar that says what a value means."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from napari.layers import Image
from napari.utils.colormaps import Colormap
from numpy.typing import NDArray

from napari_histcode.heatmap.colour import colour_table
from napari_histcode.plugin.canvas import ShownMap
from napari_histcode.plugin.layers import heatmap_layer_data, heatmap_placement
from napari_histcode.plugin.wording import hover


class MapLayer(Image):  # type: ignore[misc]
    """A heatmap, one pixel a tile, with raw value and percentile under the cursor."""

    def __init__(self, shown: ShownMap, **keywords: Any) -> None:
        data, own, _ = heatmap_layer_data(shown.heatmap, shown.record)
        self.neighbours: Callable[[], Iterable[MapLayer]] = lambda: (self,)
        self._take(shown)
        super().__init__(
            data,
            colormap=napari_colormap(shown.colormap),
            opacity=shown.opacity,
            visible=shown.is_visible,
            **own | {"interpolation2d": _interpolation(shown)},
            **keywords,
        )

    def _take(self, shown: ShownMap) -> None:
        self.shown = shown
        self._mean = float(np.nanmean(shown.raw)) if np.isfinite(shown.raw).any() else 0.0
        self._deviation = (float(np.nanstd(shown.raw)) if np.isfinite(shown.raw).any() else 0.0) or np.nan

    @property
    def _type_string(self) -> str:
        """An image to all of napari: for writers, for icons, for copies."""
        return "image"

    @property
    def map_name(self) -> str:
        """Name of the map."""
        return self.shown.heatmap.name

    def show(self, shown: ShownMap) -> None:
        """Draw another state of the same map; what is the same stays: napari draws anew at each setting."""
        before = self.shown
        self._take(shown)
        if before.heatmap.label != shown.heatmap.label:
            self.name = shown.heatmap.label
        if _place(before) != _place(shown) or before.record is not shown.record:
            placement = heatmap_placement(shown.heatmap, shown.record)
            self.scale, self.translate, self.units = (
                placement["scale"],
                placement["translate"],
                placement["units"],
            )
        self.data = np.asarray(shown.heatmap.raster)
        layer: Any = self  # napari's attributes are untyped
        if layer.colormap.name != shown.colormap:
            self.colormap = napari_colormap(shown.colormap)
        if tuple(layer.contrast_limits) != shown.heatmap.limits:
            self.contrast_limits_range = shown.heatmap.limits
            self.contrast_limits = shown.heatmap.limits
        if layer.interpolation2d != _interpolation(shown):
            self.interpolation2d = _interpolation(shown)
        if layer.opacity != shown.opacity:
            self.opacity = shown.opacity
        if layer.visible != shown.is_visible:
            self.visible = shown.is_visible

    def value_text(self, position: NDArray[np.float64]) -> str:
        """Say what lies at a world position (row, column) in this map; empty beside the raster."""
        row, column = np.rint(self.world_to_data(position)[-2:]).astype(int)
        raster = self.shown.raw
        if not (0 <= row < raster.shape[0] and 0 <= column < raster.shape[1]):
            return ""
        raw = float(raster[row, column])
        return hover(
            self.shown.heatmap.label,
            raw,
            float(self.shown.percentile[row, column]),
            (raw - self._mean) / self._deviation,
            unit=self.shown.raw_unit,
        )

    def get_status(self, position: Any = None, **keywords: Any) -> dict[str, str]:
        """Describe what is under the cursor for napari's status bar."""
        status: dict[str, str] = super().get_status(position, **keywords)
        if position is not None and keywords.get("world"):
            at = np.asarray(position, dtype=np.float64)
            texts = (layer.value_text(at) for layer in self.neighbours() if layer.visible)
            text = " · ".join(dict.fromkeys(text for text in texts if text))
            status["value"] = text
            status["coordinates"] = f"{status['coords']}: {text}" if text else status["coords"]
        return status


def _interpolation(shown: ShownMap) -> str:
    return "linear" if shown.is_smooth else "nearest"


def _place(shown: ShownMap) -> tuple[object, object]:
    return shown.heatmap.origin_px0, shown.heatmap.pixel_px0


def napari_colormap(name: str) -> Colormap:
    """Build napari's colour map from the scale of that name; NaN stays transparent."""
    return Colormap(colour_table(name), name=name, nan_color="transparent")
