"""EXPORT: take the results home."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QFileDialog, QLineEdit

from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.panels.job_line import JobLine
from napari_histcode.plugin.panels.section import Section, button, row
from napari_histcode.plugin.session import Phase, export_offer

DEFAULT_FOLDER = "histcode-results"


class ExportPanel(Section):
    """Writes the result folder: tables, heatmaps, overlays, tiles, report."""

    def __init__(self, controller: Controller) -> None:
        super().__init__("Export")
        self._controller = controller
        self._session = controller.session
        self._parent_folder = Path.home() / DEFAULT_FOLDER
        self.folder = QLineEdit()
        self.folder.setAccessibleName("folder for the results")
        self.folder.setToolTip("Folder for the results; made if it is not there")
        self.choose_button = button("…", self._choose, tooltip="Choose another folder")
        self.choose_button.setAccessibleName("choose a folder")
        self.export_button = button("Export results", self._export, tooltip="")
        self.open_button = button("Open folder", self._open_folder, tooltip="Show the files")
        self.job = JobLine(controller.cancel_export, tooltip="Stop; nothing half-written stays")
        self.content.addLayout(row(self.folder, self.choose_button, stretch=0))
        self.content.addLayout(row(self.export_button, self.open_button, stretch=0))
        self.content.addWidget(self.job)
        self._session.events.result.connect(self._refresh_folder)
        for signal in (self._session.events.result, self._session.events.exporting):
            signal.connect(self._refresh)
        self._refresh()

    def _refresh_folder(self) -> None:
        entry = self._session.current
        if entry is not None:
            self.folder.setText(str(self._parent_folder / entry.record.alias))

    def _refresh(self) -> None:
        session = self._session
        offer = export_offer(session)
        self.setVisible(session.result is not None and session.result.analysis is not None)
        self.export_button.setEnabled(offer.is_enabled)
        self.export_button.setToolTip(
            offer.reason
            or "Tables, heatmaps (OME-TIFF), overlays (PNG), tiles for QuPath and a report page, without "
            "the file's name or any scanner metadata"
        )
        is_idle = session.exporting.phase is Phase.IDLE
        is_written = is_idle and bool(session.exporting.text) and not session.exporting.is_error
        self.open_button.setVisible(is_written)
        self.job.show_activity(session.exporting)

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the results", str(Path.home()))
        entry = self._session.current
        if folder and entry is not None:
            self._parent_folder = Path(folder)
            self.folder.setText(str(self._parent_folder / entry.record.alias))

    def _export(self) -> None:
        self._controller.export(Path(self.folder.text()).expanduser())

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(self.folder.text()))
