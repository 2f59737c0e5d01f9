"""The part of EXPLORE that groups the tiles: how many clusters, and what each of them is like."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import QSignalBlocker, QSize, Qt
from qtpy.QtGui import QColor, QIcon, QImage, QPainter, QPixmap
from qtpy.QtWidgets import QAbstractItemView, QCheckBox, QListWidget, QListWidgetItem, QSlider, QWidget

from napari_histcode.annotations.annotation import Rgb
from napari_histcode.exploration.clusters import FEWEST_CLUSTERS, MOST_CLUSTERS
from napari_histcode.plugin.ask.explore_colours import CLUSTER_COLOURS
from napari_histcode.plugin.ask.explore_controller import ExploreController
from napari_histcode.plugin.ask.explore_words import cluster_text, cluster_tooltip
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.panels.choice_buttons import show_on
from napari_histcode.plugin.panels.section import column, label, row
from napari_histcode.plugin.session import Phase
from napari_histcode.plugin.style import set_role
from napari_histcode.plugin.thumbnails import Thumbnail, Thumbnails
from napari_histcode.slide.slide import RgbImage

SWATCH_PX, TILE_PX, ROW_PX = 10, 34, 38
MOST_ROWS = 6
ABOUT = "What the encoder tells apart: tissue, but also stain, thickness or the edge of the glass."


class ClusterPart(QWidget):
    """A tick, a slider and the legend."""

    def __init__(self, controller: ExploreController, main: Controller) -> None:
        super().__init__()
        self._session = controller.session
        self._state = controller.state
        self._main = main
        self._thumbnails = Thumbnails(main.jobs)
        self.box = QCheckBox("Clusters")
        self.box.setToolTip("Group tiles that look alike, and paint the groups on the slide")
        self.box.toggled.connect(lambda on: controller.show_clusters(is_shown=on))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(FEWEST_CLUSTERS, MOST_CLUSTERS)
        self.slider.setPageStep(1)
        self.slider.setAccessibleName("number of clusters")
        self.slider.setToolTip("How many groups; there is no right number")
        self.slider.valueChanged.connect(controller.clusters.set_number)
        self.number = label(role="title")
        self.working = label(wraps=True, role="muted")
        self.about = label(ABOUT, role="muted", wraps=True)
        self.legend = QListWidget()
        self.legend.setAccessibleName("clusters")
        self.legend.setIconSize(QSize(SWATCH_PX + TILE_PX, TILE_PX))
        self.legend.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.legend.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.legend.itemClicked.connect(self._choose)
        self.legend.itemActivated.connect(self._choose)
        whole = column(self)
        whole.addLayout(row(self.box, self.slider, self.number, stretch=1))
        for part in (self.working, self.legend, self.about):
            whole.addWidget(part)
        events = self._state.events
        for signal in (events.shows_clusters, events.n_clusters, events.clustering, events.clusters):
            signal.connect(self._refresh)
        events.clusters.connect(self._list)
        self._refresh()
        self._list()

    def _refresh(self) -> None:
        state = self._state
        is_on = state.shows_clusters
        show_on(self.box, is_on=is_on)
        for part in (self.slider, self.number, self.about):
            part.setVisible(is_on)
        with QSignalBlocker(self.slider):
            self.slider.setValue(state.n_clusters)
        self.number.setText(str(state.n_clusters))
        is_first = state.clusters is None or state.clustering.phase is Phase.IDLE
        self.working.setText(state.clustering.text if is_first else "")
        self.working.setVisible(bool(self.working.text()))
        set_role(self.working, "error" if state.clustering.is_error else "muted")
        self.legend.setVisible(is_on and state.clusters is not None)

    def _list(self) -> None:
        """List the clusters, each with its colour and its most typical tile."""
        clusters, entry, result = self._state.clusters, self._session.current, self._session.result
        self.legend.clear()
        if clusters is None or entry is None or result is None:
            return
        for cluster in clusters.clusters:
            item = QListWidgetItem(_icon(CLUSTER_COLOURS[cluster.number - 1], None), cluster_text(cluster))
            item.setData(Qt.ItemDataRole.UserRole, int(cluster.typical[0]))
            item.setToolTip(cluster_tooltip(cluster))
            item.setSizeHint(QSize(0, ROW_PX))
            self.legend.addItem(item)
        self.legend.setFixedHeight(min(MOST_ROWS, len(clusters.clusters)) * ROW_PX + 4)
        tiles = [int(cluster.typical[0]) for cluster in clusters.clusters]
        self._thumbnails.ask(entry.slide, result.scores.grid, tiles, answer=self._show_pictures)

    def _show_pictures(self, thumbnails: tuple[Thumbnail, ...]) -> None:
        for place, thumbnail in enumerate(thumbnails):
            item = self.legend.item(place)
            if item is not None:
                item.setIcon(_icon(CLUSTER_COLOURS[place], thumbnail.pixels))

    def _choose(self, item: QListWidgetItem) -> None:
        self._main.fly_to_tile(item.data(Qt.ItemDataRole.UserRole))


def _icon(colour: Rgb, pixels: RgbImage | None) -> QIcon:
    """Put a tile beside the colour of its cluster."""
    pixmap = QPixmap(SWATCH_PX + TILE_PX, TILE_PX)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.fillRect(0, 0, SWATCH_PX - 3, TILE_PX, QColor(*colour))
    if pixels is not None:
        height, width, _ = pixels.shape
        rgb = np.ascontiguousarray(pixels)
        image = QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
        smooth = Qt.TransformationMode.SmoothTransformation
        shrunk = image.scaled(TILE_PX, TILE_PX, Qt.AspectRatioMode.IgnoreAspectRatio, smooth)
        painter.drawImage(SWATCH_PX, 0, shrunk)
    painter.end()
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
