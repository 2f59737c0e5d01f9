"""FILES: regions of other programs in, and out again."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QFileDialog, QWidget

from napari_histcode.annotations.formats import WRITTEN_FORMATS
from napari_histcode.annotations.frame import OriginChoice
from napari_histcode.plugin.annotate.controller import AnnotateController
from napari_histcode.plugin.annotate.inbox import SUFFIXES
from napari_histcode.plugin.annotate.tasks import SUFFIX_OF
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.job_line import JobLine
from napari_histcode.plugin.panels.section import Section, button, captioned, label, row
from napari_histcode.plugin.session import Choice, Phase

FORMATS = tuple(
    Choice(name=str(each), label=each.label, tooltip=f"Read by {each.label.rsplit(' ', 1)[0]}")
    for each in WRITTEN_FORMATS
)
ORIGINS: dict[OriginChoice, Choice] = {
    "auto": Choice(name="auto", label="as the file and the slide say", tooltip="Found out by itself"),
    "slide": Choice(name="slide", label="the slide's corner", tooltip="As most programs count"),
    "bounds": Choice(
        name="bounds",
        label="the scanned area's corner",
        tooltip="As QuPath counts on slides that it crops",
    ),
}
MOST_FINDINGS = 40


class AnnotateFilesPanel(Section):
    """Imports and saves regions, and tells what was lost or mended."""

    def __init__(self, annotate: AnnotateController) -> None:
        super().__init__("Files")
        self._annotate = annotate
        self._files = annotate.files
        self._state = annotate.state
        self._folder = str(Path.home())
        self.import_button = button(
            "Import …", self._import, tooltip="Add the regions of a file; or drop it on the dock or the slide"
        )
        self.reading = JobLine(annotate.files.cancel_import, tooltip="Stop reading; nothing changes")
        self.import_line = self._make_import_line()
        self.format = ChoiceBox(self._choose_format, name="format to save in")
        self._format = FORMATS[0].name
        self.format.fill(FORMATS, self._format)
        self.save_button = button("Save as …", self._save, tooltip="Write all regions of this slide")
        self.without_names = QCheckBox("without names")
        self.without_names.setToolTip("Leave out the names and notes of regions, which may say anything")
        self.saving = JobLine(lambda: None, tooltip="")
        import_row = row(self.import_button)
        import_row.addStretch(1)
        self.content.addLayout(import_row)
        self.content.addWidget(self.reading)
        self.content.addWidget(self.import_line)
        self.content.addLayout(captioned(("Format", self.format)))
        save_row = row(self.save_button, self.without_names)
        save_row.addStretch(1)
        self.content.addLayout(save_row)
        self.content.addWidget(self.saving)
        events = self._state.events
        for signal in (events.importing, events.imported, events.saving):
            signal.connect(self._refresh)
        for signal in (annotate.session.events.current, annotate.session.events.annotations):
            signal.connect(self._refresh)
        self._refresh()

    def _make_import_line(self) -> QWidget:
        self.title = label(role="title", wraps=True)
        self.frame = label(role="muted", wraps=True)
        self.origin = ChoiceBox(self._choose_origin, name="what the file counts from")
        self.origin_row = QWidget()
        self.origin_row.setLayout(captioned(("Counts from", self.origin)))
        self.replace_button = button(
            "Replace the others",
            self._files.replace_others,
            tooltip="Take away the regions that were there before; undo with Ctrl+Z",
            role="link",
        )
        self.findings = FoldingSection("What was found", "")
        self.findings.summary.hide()
        self.finding_lines = label(role="muted", wraps=True)
        self.findings.content.addWidget(self.finding_lines)
        holder = Section("")
        holder.heading.hide()
        for widget in (self.title, self.frame, self.origin_row):
            holder.content.addWidget(widget)
        holder.content.addWidget(self.replace_button, 0, Qt.AlignmentFlag.AlignLeft)
        holder.content.addWidget(self.findings)
        return holder

    def _refresh(self) -> None:
        session, state = self._annotate.session, self._state
        self.setVisible(session.current is not None)
        self.import_button.setEnabled(state.importing.phase is Phase.IDLE)
        self.reading.show_activity(state.importing)
        self.saving.show_activity(state.saving)
        self.saving.cancel_button.hide()
        self.save_button.setEnabled(bool(session.annotations) and state.saving.phase is Phase.IDLE)
        self._refresh_import()

    def _refresh_import(self) -> None:
        imported = self._state.imported
        self.import_line.setVisible(imported is not None)
        if imported is None:
            return
        lost = f" {imported.n_lost:,} could not be read." if imported.n_lost else ""
        self.title.setText(f"{imported.title}.{lost}")
        self.frame.setText(imported.frame)
        self.origin_row.setVisible(imported.can_choose_origin)
        self.origin.fill(tuple(ORIGINS.values()), imported.origin)
        self.replace_button.setVisible(imported.n_others > 0)
        self.findings.setVisible(bool(imported.findings))
        shown = imported.findings[:MOST_FINDINGS]
        more = len(imported.findings) - len(shown)
        lines = [f"· {each}" for each in shown] + ([f"and {more:,} more kinds"] if more else [])
        self.finding_lines.setText("\n".join(lines))

    def _import(self) -> None:
        patterns = " ".join(f"*{suffix} *{suffix}.gz" for suffix in SUFFIXES)
        paths, _ = QFileDialog.getOpenFileNames(
            self, "Import regions", self._folder, f"Regions ({patterns});;All files (*)"
        )
        if paths:
            self._folder = str(Path(paths[0]).parent)
            self._files.import_files([Path(path) for path in paths])

    def _choose_origin(self, name: str) -> None:
        self._files.reread(next(origin for origin in ORIGINS if origin == name))

    def _choose_format(self, name: str) -> None:
        self._format = name
        self.format.fill(FORMATS, name)

    def _save(self) -> None:
        entry = self._annotate.session.current
        if entry is None:
            return
        suffix = SUFFIX_OF[self._format]
        proposed = Path(self._folder) / f"{entry.record.alias}{suffix}"
        chosen = next(each.label for each in FORMATS if each.name == self._format)
        path, _ = QFileDialog.getSaveFileName(
            self, "Save regions", str(proposed), f"{chosen} (*{suffix} *{suffix}.gz)"
        )
        if path:
            self._folder = str(Path(path).parent)
            self._files.save(Path(path), self._format, mask_names=self.without_names.isChecked())
