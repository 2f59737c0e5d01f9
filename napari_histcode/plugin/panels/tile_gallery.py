"""A gallery of tiles: pictures with a caption each; choosing one flies there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QListView, QListWidget, QListWidgetItem, QSizePolicy, QVBoxLayout, QWidget

from napari_histcode.plugin.jobs import JobRunner
from napari_histcode.plugin.thumbnails import Thumbnail, Thumbnails
from napari_histcode.slide import Slide
from napari_histcode.tiling import TileGrid

TILE_PX = 55
CAPTION_PX = 16
PER_ROW = 5


@dataclass(frozen=True, kw_only=True)
class GalleryTile:
    """One entry of a gallery."""

    position: int
    """Position in the grid."""
    caption: str
    """A few characters below the picture, such as its value."""
    tooltip: str = ""
    """More about it."""


class TileGallery(QWidget):
    """Rows of five tiles.

    Parameters
    ----------
    jobs : JobRunner
        Reads the pictures.
    chosen : callable
        Called with the tile's position in the grid when one is clicked, or Enter pressed on it.
    name : str
        What it shows, for those who cannot see it.
    n_rows : int
        Rows that are seen without scrolling.
    """

    def __init__(
        self, jobs: JobRunner, chosen: Callable[[int], object], *, name: str, n_rows: int = 2
    ) -> None:
        super().__init__()
        self._thumbnails = Thumbnails(jobs)
        self._chosen = chosen
        self._n_rows = n_rows
        self.list = QListWidget()
        self.list.setAccessibleName(name)
        self.list.setViewMode(QListView.ViewMode.IconMode)
        self.list.setMovement(QListView.Movement.Static)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setUniformItemSizes(True)
        self.list.setIconSize(QSize(TILE_PX, TILE_PX))
        self.list.setGridSize(QSize(TILE_PX + 4, TILE_PX + CAPTION_PX + 4))
        self.list.setSpacing(0)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMinimumWidth(0)
        self.list.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list)
        self.setVisible(False)

    def show_tiles(self, slide: Slide, grid: TileGrid, tiles: Sequence[GalleryTile]) -> None:
        """Show other tiles; captions at once, pictures as soon as they are read."""
        self.list.clear()
        for tile in tiles:
            item = QListWidgetItem(tile.caption)
            item.setData(Qt.ItemDataRole.UserRole, tile.position)
            item.setToolTip(tile.tooltip or tile.caption)
            item.setSizeHint(self.list.gridSize())  # Qt measures wrongly what is not on the screen yet
            item.setTextAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom)
            self.list.addItem(item)
        rows = min(self._n_rows, -(-len(tiles) // PER_ROW))
        self.list.setFixedHeight(rows * (TILE_PX + CAPTION_PX + 4) + 4)
        self.setVisible(bool(tiles))
        if tiles:
            positions = [tile.position for tile in tiles]
            self._thumbnails.ask(slide, grid, positions, answer=self._show_pictures)

    def clear(self) -> None:
        """Show nothing."""
        self.list.clear()
        self.setVisible(False)

    @property
    def positions(self) -> tuple[int, ...]:
        """Positions in the grid of the tiles that are shown."""
        return tuple(item.data(Qt.ItemDataRole.UserRole) for item in self._items())

    def _items(self) -> list[QListWidgetItem]:
        found = (self.list.item(row) for row in range(self.list.count()))
        return [item for item in found if item is not None]

    def _show_pictures(self, thumbnails: tuple[Thumbnail, ...]) -> None:
        pictures = {thumbnail.position: thumbnail.pixels for thumbnail in thumbnails}
        for item in self._items():
            pixels = pictures.get(item.data(Qt.ItemDataRole.UserRole))
            if pixels is None:
                continue
            height, width, _ = pixels.shape
            rgb = np.ascontiguousarray(pixels)
            image = QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
            item.setIcon(QIcon(QPixmap.fromImage(image)))

    def _choose(self, item: QListWidgetItem) -> None:
        self._chosen(item.data(Qt.ItemDataRole.UserRole))
