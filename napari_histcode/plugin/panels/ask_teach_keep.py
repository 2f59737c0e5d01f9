"""The part of TEACH that keeps: a model with what was taught, and the marks as a file."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QLabel, QLineEdit, QWidget

from napari_histcode.plugin.ask.teach_keeping import TeachKeeping
from napari_histcode.plugin.ask.teach_state import TeachState
from napari_histcode.plugin.panels.section import button, captioned, column, label, row
from napari_histcode.plugin.session import Activity, Phase
from napari_histcode.plugin.style import set_role


class TeachKeep(QWidget):
    """A name and a button, and what became of it."""

    def __init__(self, keeping: TeachKeeping, state: TeachState) -> None:
        super().__init__()
        self._keeping = keeping
        self._state = state
        self.name = QLineEdit()
        self.name.setAccessibleName("name of the taught head")
        self.name.setPlaceholderText("such as: bone")
        self.name.setToolTip("The model gets this as one more head, beside those it has")
        self.save_button = button(
            "Save as model", self._save, tooltip="Write it among your models, to be applied to other slides"
        )
        self.name.textChanged.connect(self._refresh)
        self.name.returnPressed.connect(self._save)
        self.saving = label(wraps=True)
        self.use_button = button(
            "Choose it", keeping.use_saved, tooltip="Analyse slides with this model from now on", role="link"
        )
        self.export_button = button(
            "Export marks …", self._export, role="link",
            tooltip="Write each clicked tile as a square of its class: GeoJSON for QuPath or histcode teach",
        )  # fmt: skip
        self.exporting = label(wraps=True)
        whole = column(self)
        whole.addLayout(captioned(("Name", row(self.name, self.save_button, stretch=0))))
        whole.addWidget(self.saving)
        whole.addLayout(row(self.use_button, QWidget(), stretch=1))
        whole.addLayout(row(self.export_button, QWidget(), stretch=1))
        whole.addWidget(self.exporting)
        for signal in (
            state.events.saving, state.events.saved, state.events.exporting, state.events.n_clicked,
        ):  # fmt: skip
            signal.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        state = self._state
        is_idle = state.saving.phase is Phase.IDLE
        self.save_button.setEnabled(is_idle and bool(self.name.text().strip()))
        self.use_button.setVisible(bool(state.saved))
        self.export_button.setEnabled(bool(state.n_clicked))
        _show(self.saving, state.saving)
        _show(self.exporting, state.exporting)

    def _save(self) -> None:
        if self.save_button.isEnabled():
            self._keeping.save(self.name.text())

    def _export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Export marks", str(Path.home() / "marks.geojson"), "GeoJSON (*.geojson)"
        )
        if path:
            self._keeping.export(Path(path).with_suffix(".geojson"))


def _show(line: QLabel, activity: Activity) -> None:
    line.setText(activity.text)
    line.setVisible(bool(activity.text))
    set_role(line, "error" if activity.is_error else "muted")
