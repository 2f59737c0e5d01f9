"""A few choices side by side, of which one holds; and a button that stays pressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QAbstractButton, QButtonGroup, QHBoxLayout, QPushButton, QWidget

from napari_histcode.plugin.session import Choice
from napari_histcode.plugin.style import set_role


class ChoiceButtons(QWidget):
    """Words to choose one of.

    Parameters
    ----------
    choices : sequence of Choice
        The words, from left to right.
    chosen : callable
        Called with the name when the user chooses.
    name : str
        What is chosen, for those who cannot see it.
    """

    def __init__(self, choices: Sequence[Choice], chosen: Callable[[str], object], *, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._chosen = chosen
        self._group = QButtonGroup(self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2)
        self.buttons: dict[str, QPushButton] = {}
        self._row.addStretch(1)
        self.fill(choices)

    def fill(self, choices: Sequence[Choice]) -> None:
        """Offer other choices; buttons of the same names stay."""
        if [choice.name for choice in choices] == list(self.buttons):
            for choice in choices:
                self.buttons[choice.name].setText(choice.label)
                self.buttons[choice.name].setToolTip(choice.tooltip)
            return
        for made in self.buttons.values():
            self._group.removeButton(made)
            self._row.removeWidget(made)
            made.deleteLater()
        self.buttons = {}
        for position, choice in enumerate(choices):
            made = QPushButton(choice.label)
            made.setCheckable(True)
            made.setToolTip(choice.tooltip)
            set_role(made, "choice")
            made.clicked.connect(lambda _checked=False, name=choice.name: self._chosen(name))
            self._group.addButton(made)
            self._row.insertWidget(position, made)
            self.buttons[choice.name] = made

    def show_choice(self, name: str) -> None:
        """Show what holds; tells nobody."""
        for own, made in self.buttons.items():
            with QSignalBlocker(made):
                made.setChecked(own == name)


def toggle(text: str, toggled: Callable[[bool], object], *, tooltip: str, role: str = "tool") -> QPushButton:
    """Make a button that stays pressed while something is on."""
    made = QPushButton(text)
    made.setCheckable(True)
    made.setToolTip(tooltip)
    made.toggled.connect(toggled)
    set_role(made, role)
    return made


def show_on(box: QAbstractButton, *, is_on: bool) -> None:
    """Show whether a button or box is on; tells nobody."""
    with QSignalBlocker(box):
        box.setChecked(is_on)
