"""TEACH: mark a few tiles, and see the probability of each class over all of the slide."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QWidget

from napari_histcode.plugin.ask import teach_words
from napari_histcode.plugin.ask.teach_controller import TeachController
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.panels.ask_teach_classes import ClassRows
from napari_histcode.plugin.panels.ask_teach_keep import TeachKeep
from napari_histcode.plugin.panels.ask_teach_next import TeachNext
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.choice_buttons import show_on, toggle
from napari_histcode.plugin.panels.compare_numbers import NumberTable
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.section import button, captioned, column, label, line, row
from napari_histcode.plugin.session import Choice
from napari_histcode.plugin.style import set_role

SUMMARY = "Mark a few tiles, and see where else on the slide it looks like that."


class AskTeachPanel(FoldingSection):
    """Classes and marks, the map, how good it is, what to mark next, and how to keep it."""

    def __init__(self, controller: TeachController, main: Controller) -> None:
        super().__init__("Teach", SUMMARY)
        self._controller = controller
        self._state = controller.state
        self.empty = label(role="muted", wraps=True)
        self.rows = ClassRows(controller.classes, self._state)
        self.pick_button = toggle(
            "Mark tiles",
            lambda on: controller.pick(is_picking=on),
            tooltip="Click a tile to mark it, with Alt to take its mark away",
        )
        self.unmark_button = toggle(
            "Unmark", lambda on: controller.unmark(is_unmarking=on), tooltip="Clicks take marks away"
        )
        self.undo_button = button("Undo", controller.undo, tooltip="Take the last click back")
        self.regions_box = QCheckBox("Use my regions, too")
        self.regions_box.setToolTip("Tiles that lie more than half inside a region have its class")
        self.regions_box.toggled.connect(lambda on: controller.use_regions(is_used=on))
        self.hint = label(role="muted", wraps=True)
        self.problem = label(wraps=True, role="error")
        self.shown = ChoiceBox(lambda key: controller.show_class(int(key)), name="probability of")
        self.heading = label(role="muted", wraps=True)
        self.table = NumberTable("how good the classifier is")
        self.notes = label(role="muted", wraps=True)
        self.next = TeachNext(controller, main)
        self.keep = TeachKeep(controller.keeping, self._state)
        self.tools = QWidget()
        tools = column(self.tools)
        tools.addWidget(self.rows)
        tools.addLayout(row(self.pick_button, self.unmark_button, self.undo_button, stretch=0))
        for tool in (self.regions_box, self.hint, self.problem):
            tools.addWidget(tool)
        self.learned = QWidget()
        learned = column(self.learned)
        learned.addLayout(captioned(("Probability of", self.shown)))
        for part in (self.table, self.heading, self.notes, line(), self.next, line(), self.keep):
            learned.addWidget(part)
        for whole in (self.empty, self.tools, self.learned):
            self.content.addWidget(whole)
        events = self._state.events
        for signal in (
            events.missing, events.is_picking, events.is_unmarking, events.can_undo, events.uses_regions,
            events.has_regions, events.learning, events.n_clicked, events.shown, events.lesson,
            events.classes,
        ):  # fmt: skip
            signal.connect(self._refresh)
        events.lesson.connect(self._show_lesson)
        self._refresh()
        self._show_lesson()

    def _refresh(self) -> None:
        state = self._state
        self.empty.setText(state.missing)
        self.empty.setVisible(bool(state.missing))
        self.tools.setVisible(not state.missing)
        show_on(self.pick_button, is_on=state.is_picking)
        show_on(self.unmark_button, is_on=state.is_unmarking)
        self.unmark_button.setEnabled(bool(state.n_clicked))
        self.undo_button.setEnabled(state.can_undo)
        self.regions_box.setVisible(state.has_regions or state.uses_regions)
        show_on(self.regions_box, is_on=state.uses_regions)
        hint = teach_words.missing_marks(state.lesson, state.n_clicked, uses_regions=state.uses_regions)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint) and not state.learning.text)
        self.problem.setText(state.learning.text)
        self.problem.setVisible(bool(state.learning.text))
        set_role(self.problem, "error" if state.learning.is_error else "muted")
        lesson = state.lesson
        if lesson is not None and lesson.taught is not None:
            names = lesson.taught.marks.classes
            taught = [one for one in lesson.request.classes if one.name in names]
            self.shown.fill([Choice(name=str(one.key), label=one.name) for one in taught], str(state.shown))

    def _show_lesson(self) -> None:
        lesson = self._state.lesson
        taught = lesson.taught if lesson is not None else None
        self.learned.setVisible(taught is not None)
        if taught is None:
            return
        quality = taught.learned.quality
        self.table.fill(teach_words.quality_lines(quality))
        self.table.setVisible(quality.is_defined)
        self.heading.setText(teach_words.quality_heading(quality))
        self.notes.setText(teach_words.REMINDER)
        self.notes.setToolTip("\n".join(taught.learned.notes))
