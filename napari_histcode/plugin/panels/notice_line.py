"""A quiet line about what has just happened, with the way out beside it."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_histcode.plugin.annotate.state import Notice
from napari_histcode.plugin.panels.section import button, label
from napari_histcode.plugin.style import SPACING_PX, set_role

CLOSE = "\N{MULTIPLICATION SIGN}"


class NoticeLine(QWidget):
    """Words, an action, and a way to close the line where it would stay.

    Parameters
    ----------
    act : callable
        Does what the line offers.
    dismiss : callable, optional
        Takes the line away; without it, it goes with the next thing that happens.
    """

    def __init__(self, act: Callable[[], object], dismiss: Callable[[], object] | None = None) -> None:
        super().__init__()
        self.text = label(wraps=True, role="muted")
        self.action = button("", act, tooltip="", role="link")
        self.close_button = button(CLOSE, dismiss or act, tooltip="Close this line", role="link")
        self.close_button.setAccessibleName("close this line")
        self.close_button.setVisible(dismiss is not None)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING_PX)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.action)
        layout.addWidget(self.close_button)

    def show_notice(self, notice: Notice) -> None:
        """Show another line; an empty one hides it."""
        self.setVisible(bool(notice.text))
        self.text.setText(notice.text)
        self.action.setText(notice.action)
        self.action.setVisible(bool(notice.action))
        set_role(self.text, "error" if notice.is_error else "muted")
