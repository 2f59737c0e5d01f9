"""YOUR FIRST OPINION: what the reader thinks before the model may speak."""

from __future__ import annotations

from typing import get_args

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QComboBox, QLineEdit, QSizePolicy, QWidget

from napari_histcode.plugin.blind import words
from napari_histcode.plugin.blind.controller import BlindController
from napari_histcode.plugin.panels.choice_buttons import ChoiceButtons
from napari_histcode.plugin.panels.section import Section, button, captioned, column, label
from napari_histcode.plugin.session import Choice
from napari_histcode.plugin.style import set_role
from napari_histcode.saved.reading import Confidence

SURE = tuple(
    Choice(name=name, label=words.SURE[name], tooltip=f"I am {words.SURE[name]}")
    for name in get_args(Confidence)
)
DEFAULT_SURE: Confidence = "medium"


class FirstOpinionPanel(Section):
    """Takes the opinion, and reveals what the model says once there is one.

    Parameters
    ----------
    blind : BlindController
        Keeps the reading.
    """

    def __init__(self, blind: BlindController) -> None:
        super().__init__("Your first opinion")
        self._blind, self._session = blind, blind.session
        self._sure: Confidence = DEFAULT_SURE
        self.text = label(wraps=True)
        self.class_box = QComboBox()
        self.class_box.setEditable(True)
        self.class_box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.class_box.setAccessibleName("class of your first opinion")
        self.class_box.setToolTip("One of the classes that the model tells apart, or a word of your own")
        self.class_box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.class_box.editTextChanged.connect(self._refresh_button)
        field = self.class_box.lineEdit()
        if field is not None:
            field.setPlaceholderText("choose, or write your own word")
        self.sure = ChoiceButtons(SURE, self._choose_sure, name="confidence")
        self.words = QLineEdit()
        self.words.setAccessibleName("first opinion in words")
        self.words.setPlaceholderText("in one line, if you like")
        self.words.returnPressed.connect(self._note)
        self.note_button = button(
            "Note it",
            self._note,
            tooltip="Keep this with the time. It cannot be changed: it is your first opinion",
            role="primary",
        )
        self.reveal_button = button(
            "Reveal what the model says",
            blind.reveal,
            tooltip="Show maps and readings; the time is kept",
            role="primary",
        )
        self.form = QWidget()
        inside = column(self.form)
        inside.addLayout(captioned(("Class", self.class_box), ("Sure", self.sure), ("Words", self.words)))
        inside.addWidget(self.note_button)
        for widget in (self.text, self.form, self.reveal_button):
            self.content.addWidget(widget)
        state = blind.state.events
        for signal in (state.is_on, state.readings, self._session.events.current):
            signal.connect(self._refresh)
        self._session.events.current.connect(self._clear)
        state.outputs.connect(self._list_classes)
        self._list_classes()
        self._clear()
        self._refresh()

    def _list_classes(self) -> None:
        text = self.class_box.currentText()
        with QSignalBlocker(self.class_box):
            self.class_box.clear()
            self.class_box.addItems(list(self._blind.state.outputs))
            self.class_box.setCurrentIndex(-1)
            self.class_box.setEditText(text)

    def _clear(self) -> None:
        """Begin anew with another slide: an opinion is about one."""
        self.class_box.setCurrentIndex(-1)
        self.class_box.setEditText("")
        self.words.clear()
        self._choose_sure(DEFAULT_SURE)
        self._refresh_button()

    def _choose_sure(self, name: str) -> None:
        self._sure = next(each for each in get_args(Confidence) if each == name)
        self.sure.show_choice(name)

    def _refresh_button(self) -> None:
        self.note_button.setEnabled(bool(self.class_box.currentText().strip()))

    def _note(self) -> None:
        self._blind.note(self.class_box.currentText(), self._sure, self.words.text())

    def _refresh(self) -> None:
        reading = self._blind.reading
        has_slide = self._session.current is not None
        self.setVisible(has_slide and (reading is not None or self._blind.state.is_on))
        is_hidden = reading is not None and reading.is_hidden
        has_opinion = reading is not None and reading.opinion is not None
        self.text.setText(words.SEEN_ALREADY if reading is None else words.reading_line(reading))
        set_role(self.text, "plain" if is_hidden else "muted")
        self.form.setVisible(is_hidden and not has_opinion)
        self.reveal_button.setVisible(is_hidden and has_opinion)
