"""The field above the list of maps: completes names as they are typed, and hands over to the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import QStringListModel, Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QCompleter, QLineEdit


class MapSearch(QLineEdit):
    """A search field whose completion is written into the field itself; the list below shows all that fits.

    Parameters
    ----------
    changed : callable
        Called with what was typed, without the proposed rest.
    """

    taken = Signal()
    """Enter was pressed: the first row is meant."""
    left_downwards = Signal()
    """The down arrow was pressed: on to the list."""

    def __init__(self, changed: Callable[[str], object]) -> None:
        super().__init__()
        self.setPlaceholderText("Search classes, genes and signatures")
        self.setAccessibleName("search maps")
        self.setToolTip(
            "Type a name, a gene's former name, or a gene of a signature.\nEnter shows the first."
        )
        self.setClearButtonEnabled(True)
        self._changed = changed
        self._words = QStringListModel(self)
        completer = QCompleter(self._words, self)
        completer.setCompletionMode(QCompleter.CompletionMode.InlineCompletion)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setCompleter(completer)
        self.textChanged.connect(lambda _text: changed(self.typed))
        self.returnPressed.connect(self.taken.emit)

    @property
    def typed(self) -> str:
        """What was typed, without the proposed rest, which is selected."""
        text = self.text()
        start = self.selectionStart()
        is_proposed = start >= 0 and start + len(self.selectedText()) == len(text) and start > 0
        return text[:start] if is_proposed and self.hasFocus() else text

    def set_words(self, words: Sequence[str]) -> None:
        """Complete these words."""
        self._words.setStringList(list(words))

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Go on to the list with the down arrow, and clear with Escape."""
        key = a0.key() if a0 is not None else None
        if key == Qt.Key.Key_Down:
            self.left_downwards.emit()
        elif key == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(a0)
            self._changed(self.typed)
