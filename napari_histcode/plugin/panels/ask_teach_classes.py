"""The classes that are taught: a row each, to choose, rename, and see how much of it is marked."""

from __future__ import annotations

from qtpy.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QWidget,
)

from napari_histcode.plugin.ask import teach_words
from napari_histcode.plugin.ask.teach_classes import FEWEST, MOST, TeachClasses
from napari_histcode.plugin.ask.teach_marks import TaughtClass
from napari_histcode.plugin.ask.teach_state import TeachState
from napari_histcode.plugin.panels.annotate_classes import SWATCH_PX, swatch
from napari_histcode.plugin.panels.choice_buttons import show_on
from napari_histcode.plugin.panels.section import button, column, label, row
from napari_histcode.plugin.style import SPACING_PX

NAME_PX = 104


class ClassRow(QWidget):
    """One class.

    Parameters
    ----------
    classes : TeachClasses
        Chooses, renames and removes.
    key : int
        Key of the class.
    """

    def __init__(self, classes: TeachClasses, key: int) -> None:
        super().__init__()
        self._classes = classes
        self.key = key
        self.choose_button = QRadioButton()
        self.choose_button.setToolTip("Clicks on the slide mark tiles of this class")
        self.choose_button.clicked.connect(lambda _checked=False: classes.choose(key))
        self.swatch = QLabel()
        self.name = QLineEdit()
        self.name.setFixedWidth(NAME_PX)
        self.name.setToolTip("Name of the class; press Enter after changing it")
        self.name.editingFinished.connect(self._rename)
        self.count = label(role="muted")
        self.count.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.remove_button = button(
            "\N{MULTIPLICATION SIGN}", lambda: classes.remove(key), tooltip="Remove this class and its marks",
            role="link",
        )  # fmt: skip
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING_PX)
        for part in (self.choose_button, self.swatch, self.name):
            layout.addWidget(part)
        layout.addWidget(self.count, 1)
        layout.addWidget(self.remove_button)
        self._shown_name = ""

    def show_class(self, one: TaughtClass, state: TeachState) -> None:
        """Show what is known of the class."""
        self._shown_name = one.name
        if not self.name.hasFocus() or self.name.text().strip() == one.name:
            self.name.setText(one.name)
        for widget, what in (
            (self.choose_button, "mark"), (self.name, "name of class"), (self.remove_button, "remove"),
        ):  # fmt: skip
            widget.setAccessibleName(f"{what} {one.name}")
        self.swatch.setPixmap(swatch(one.colour).pixmap(SWATCH_PX, SWATCH_PX))
        lesson = state.lesson
        places = lesson.taught.marks.group_counts if lesson is not None and lesson.taught is not None else {}
        self.count.setText(teach_words.marked_text(state.n_marked.get(one.key, 0), places, one.name))
        self.count.setToolTip(self.count.text())
        self.remove_button.setVisible(len(state.classes) > FEWEST)

    def _rename(self) -> None:
        if not self._classes.rename(self.key, self.name.text()):
            self.name.setText(self._shown_name)


class ClassRows(QWidget):
    """All classes, and a way to add one."""

    def __init__(self, classes: TeachClasses, state: TeachState) -> None:
        super().__init__()
        self._classes = classes
        self._state = state
        self.rows: list[ClassRow] = []
        self._group = QButtonGroup(self)
        self._column = column(self)
        self._column.setSpacing(3)
        self.add_button: QPushButton = button(
            "Add class", self._add, tooltip="What is none of the classes needs one of its own", role="link"
        )
        self._column.addLayout(row(self.add_button, QWidget(), stretch=1))
        for signal in (state.events.classes, state.events.chosen, state.events.n_marked, state.events.lesson):
            signal.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        state = self._state
        if [made.key for made in self.rows] != [one.key for one in state.classes]:
            self._rebuild()
        for made, one in zip(self.rows, state.classes, strict=True):
            made.show_class(one, state)
            show_on(made.choose_button, is_on=one.key == state.chosen)
        self.add_button.setVisible(len(state.classes) < MOST)

    def _rebuild(self) -> None:
        kept = {made.key: made for made in self.rows}
        self.rows = [
            kept.pop(one.key) if one.key in kept else self._make(one.key) for one in self._state.classes
        ]
        for gone in kept.values():
            self._group.removeButton(gone.choose_button)
            self._column.removeWidget(gone)
            gone.deleteLater()
        for place, made in enumerate(self.rows):
            self._column.insertWidget(place, made)

    def _make(self, key: int) -> ClassRow:
        made = ClassRow(self._classes, key)
        self._group.addButton(made.choose_button)
        return made

    def _add(self) -> None:
        made = self._classes.add()
        if made is not None:
            own = next(one for one in self.rows if one.key == made.key)
            own.name.setFocus()
            own.name.selectAll()
