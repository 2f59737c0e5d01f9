"""A line of text that gives way in its middle where there is no room for it."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QLabel, QSizePolicy

from napari_histcode.plugin.style import set_role

ROOM_PX = 8
"""What napari's style keeps free on both sides of a label's text."""


class ElidedLabel(QLabel):
    """A label of one line, for names whose beginning and end both tell.

    Parameters
    ----------
    role : str
        One of the roles that the style sheet knows.
    """

    def __init__(self, *, role: str) -> None:
        super().__init__()
        self._whole = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        set_role(self, role)

    def setText(self, a0: str | None) -> None:  # noqa: N802 - Qt's name
        """Show a text, as much of it as fits."""
        self._whole = a0 or ""
        self._fit()

    def text(self) -> str:
        """Return the whole text, whatever of it fits."""
        return self._whole

    def resizeEvent(self, a0: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Show as much as fits now."""
        super().resizeEvent(a0)
        self._fit()

    def _fit(self) -> None:
        room = max(0, self.contentsRect().width() - ROOM_PX)
        shown = self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideMiddle, room)
        if shown != super().text():
            super().setText(shown)
