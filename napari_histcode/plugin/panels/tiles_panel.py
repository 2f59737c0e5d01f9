"""TILES: the tiles at the two ends of the selected map, to look at and to fly to."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QButtonGroup, QFileDialog, QPushButton

from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.export.sheet_controller import SheetController, with_ending
from napari_histcode.plugin.panels.job_line import JobLine
from napari_histcode.plugin.panels.section import Section, button, row
from napari_histcode.plugin.panels.tile_gallery import GalleryTile, TileGallery
from napari_histcode.plugin.session import Phase
from napari_histcode.plugin.style import set_role
from napari_histcode.plugin.top_tiles import end_tiles

FILTER = "PNG (*.png);;PDF (*.pdf)"


class TilesPanel(Section):
    """Ten tiles with the highest or the lowest values."""

    def __init__(self, controller: Controller, sheets: SheetController) -> None:
        super().__init__("Tiles")
        self._sheets = sheets
        self._folder = Path.home()
        self._controller = controller
        self._session = controller.session
        self._shown: object = None
        self.highest_button = _choice("highest")
        self.lowest_button = _choice("lowest")
        ends = QButtonGroup(self)
        for each in (self.highest_button, self.lowest_button):
            ends.addButton(each)
            self.heading_row.addWidget(each)
        self.highest_button.setChecked(True)
        self.gallery = TileGallery(
            controller.jobs, controller.fly_to_tile, name="tiles at the end of the map"
        )
        self.sheet_button = button(
            "Export contact sheet …",
            self._ask_for_file,
            tooltip="Write the ten highest and the ten lowest tiles, at the resolution of the scan,\n"
            "with rank, value and percentile, as PNG or PDF",
            role="quiet",
        )
        self.job = JobLine(sheets.cancel, tooltip="Stop; nothing half-written stays")
        sheet_row = row(self.sheet_button)
        sheet_row.addStretch(1)
        self.content.addWidget(self.gallery)
        self.content.addLayout(sheet_row)
        self.content.addWidget(self.job)
        sheets.state.events.writing.connect(self._refresh_sheet)
        self._refresh_sheet()
        ends.buttonClicked.connect(lambda _button: self._refresh())
        for signal in (self._session.events.selected_map, self._session.events.map_rows):
            signal.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        session = self._session
        if session.result is None or session.current is None or session.selected_map is None:
            self._shown = None
            self.setVisible(False)
            self.gallery.clear()
            return
        tile_map = self._controller.maps.map(session.selected_map)
        wanted = (tile_map, self.highest_button.isChecked())
        if wanted == self._shown:
            return
        self._shown = wanted
        positions = end_tiles(tile_map, is_top=self.highest_button.isChecked())
        unit = f" {tile_map.unit}" if tile_map.unit else ""
        tiles = [
            GalleryTile(
                position=place,
                caption=f"{tile_map.values[place]:.2g}",
                tooltip=f"{tile_map.label}: {tile_map.values[place]:.4g}{unit} ({tile_map.quantity})",
            )
            for place in positions
        ]
        self.setVisible(True)
        self.gallery.show_tiles(session.current.slide, session.result.scores.grid, tiles)

    def _refresh_sheet(self) -> None:
        activity = self._sheets.state.writing
        self.sheet_button.setEnabled(activity.phase is Phase.IDLE)
        self.job.show_activity(activity)

    def _ask_for_file(self) -> None:
        start = str(self._folder / self._sheets.file_name)
        chosen, kind = QFileDialog.getSaveFileName(self, "Export contact sheet", start, FILTER)
        if not chosen:
            return
        path = Path(chosen)
        self._folder = path.parent
        self._sheets.write(with_ending(path, is_pdf="pdf" in kind))


def _choice(text: str) -> QPushButton:
    made = QPushButton(text)
    made.setCheckable(True)
    made.setToolTip(f"The ten tiles with the {text} values of the selected map")
    set_role(made, "choice")
    return made
