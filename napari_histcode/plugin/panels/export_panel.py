"""EXPORT: take the results home, as they are on the screen."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QSignalBlocker, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QCheckBox, QFileDialog, QLineEdit, QWidget

from napari_histcode.plugin.export.controller import ExportController
from napari_histcode.plugin.export.kinds import EVERYTHING, KINDS, kind_of
from napari_histcode.plugin.export.state import export_offer
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.job_line import JobLine
from napari_histcode.plugin.panels.section import Section, button, captioned, label, row
from napari_histcode.plugin.session import Choice, Phase

DEFAULT_FOLDER = "histcode-results"
PRIVACY = "Files carry the slide's alias, never its file name, label or scanner metadata."

WHICH_MAPS = (
    Choice(name="visible", label="maps that are on", tooltip="Those ticked in the list of maps"),
    Choice(name="all", label="all maps", tooltip="Every map of the result and of the tools"),
)
PARTS = (
    Choice(name="slide", label="whole slide", tooltip="All of it"),
    Choice(name="view", label="what is in view", tooltip="The part of the slide that is on the screen"),
)


class ExportPanel(Section):
    """What to write, of which maps, and where to."""

    def __init__(self, controller: ExportController) -> None:
        super().__init__("Export")
        self._controller = controller
        self._session = controller.session
        self._parent_folder = Path.home() / DEFAULT_FOLDER
        self.kind = ChoiceBox(controller.choose_kind, name="what to export")
        self.maps = ChoiceBox(controller.choose_maps, name="which maps")
        self.part = ChoiceBox(controller.choose_part, name="which part of the slide")
        self.slide_box = QCheckBox("Plain slide beside the maps")
        self.slide_box.toggled.connect(lambda is_on: controller.put_beside(slide=is_on))
        self.reference_box = QCheckBox("Regions beside the maps")
        self.reference_box.toggled.connect(lambda is_on: controller.put_beside(reference=is_on))
        self.folder = QLineEdit()
        self.folder.setAccessibleName("folder for the results")
        self.folder.setToolTip("Folder for the results; made if it is not there")
        self.choose_button = button("…", self._choose, tooltip="Choose another folder")
        self.choose_button.setAccessibleName("choose a folder")
        self.export_button = button("Export", self._export, tooltip="", role="primary")
        self.open_button = button("Open folder", self._open_folder, tooltip="Show the files")
        self.reason = label(role="muted", wraps=True)
        self.job = JobLine(controller.cancel, tooltip="Stop; nothing half-written stays")
        self._lay_out()
        state, session = controller.state.events, self._session.events
        session.current.connect(self._refresh_folder)
        for signal in (
            session.current, session.veiled, session.result, session.visible_maps, session.annotations,
            state.kind, state.which_maps, state.part, state.has_slide_beside, state.has_reference_beside,
            state.exporting,
        ):  # fmt: skip
            signal.connect(self._refresh)
        self._refresh_folder()
        self._refresh()

    def _lay_out(self) -> None:
        self.content.addLayout(captioned(("What", self.kind)))
        self._maps_row, self._part_row = QWidget(), QWidget()
        self._maps_row.setLayout(captioned(("Maps", self.maps)))
        self._part_row.setLayout(captioned(("Part", self.part)))
        for widget in (self._maps_row, self._part_row, self.slide_box, self.reference_box):
            self.content.addWidget(widget)
        self.content.addLayout(row(self.folder, self.choose_button, stretch=0))
        self.content.addLayout(row(self.export_button, self.open_button, stretch=0))
        for widget in (self.reason, self.job, label(PRIVACY, role="muted", wraps=True)):
            self.content.addWidget(widget)

    def _refresh_folder(self) -> None:
        entry = self._session.current
        if entry is not None:
            self.folder.setText(str(self._parent_folder / entry.record.alias))

    def _refresh(self) -> None:
        session, state = self._session, self._controller.state
        kind, offer = kind_of(state.kind), export_offer(session, state)
        self.kind.fill([each.choice for each in KINDS], state.kind)
        self.maps.fill(WHICH_MAPS, state.which_maps)
        self.part.fill(PARTS, state.part)
        self._maps_row.setVisible(kind.has_maps)
        self._part_row.setVisible(kind.has_part)
        self.slide_box.setVisible(kind.has_panels)
        self.reference_box.setVisible(kind.has_panels and bool(session.annotations))
        for box, is_on in (
            (self.slide_box, state.has_slide_beside),
            (self.reference_box, state.has_reference_beside),
        ):
            with QSignalBlocker(box):
                box.setChecked(is_on)
        is_idle = state.exporting.phase is Phase.IDLE
        self.export_button.setEnabled(offer.is_enabled)
        self.export_button.setText("Export everything" if kind.name == EVERYTHING else "Export")
        self.export_button.setToolTip(offer.reason or kind.tooltip)
        self.reason.setText(offer.reason)
        self.reason.setVisible(bool(offer.reason) and is_idle)
        is_written = is_idle and bool(state.exporting.text) and not state.exporting.is_error
        self.open_button.setVisible(is_written)
        self.job.show_activity(state.exporting)

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
