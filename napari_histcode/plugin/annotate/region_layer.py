"""The layer in which all regions are seen: a picture, with the region's name in the status bar."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.layers import Image

from napari_histcode.plugin.annotate.picture import RegionPicture
from napari_histcode.plugin.layers import px0_from_world, regions_layer_data
from napari_histcode.slide import SlideRecord


class RegionLayer(Image):  # type: ignore[misc]
    """All regions of a slide, painted where somebody looks."""

    def __init__(self, picture: RegionPicture, record: SlideRecord, **keywords: Any) -> None:
        data, own, _ = regions_layer_data(picture.levels, record)
        self.describe: Callable[[float, float], str] = lambda _x, _y: ""
        self._record = record
        super().__init__(data, **own, **keywords)

    def repaint(self, picture: RegionPicture) -> None:
        """Paint what has changed: napari keeps the coarsest level for as long as the data are the same."""
        self.data = list(picture.levels)

    def _update_thumbnail(self) -> None:
        """Paint no thumbnail: it would be painted anew with every stroke, while the window waits."""

    @property
    def _type_string(self) -> str:
        """An image to all of napari: for controls, icons and copies."""
        return "image"

    def get_status(self, position: Any = None, **keywords: Any) -> dict[str, str]:
        """Name the region under the cursor for napari's status bar."""
        status: dict[str, str] = super().get_status(position, **keywords)
        if position is not None and keywords.get("world"):
            text = self.describe(*px0_from_world(position[-2:], self._record).tolist())
            status["value"] = text
            status["coordinates"] = f"{status['coords']}: {text}" if text else status["coords"]
        return status
