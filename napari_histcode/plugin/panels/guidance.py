"""Help that is there when it is wanted: the first steps, and the sheet of shortcuts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qtpy.QtCore import Qt
from qtpy.QtGui import QShortcut  # type: ignore[attr-defined]
from qtpy.QtOpenGLWidgets import QOpenGLWidget
from qtpy.QtWidgets import QApplication, QWidget

from napari_histcode.plugin.first_tour.controller import TourController
from napari_histcode.plugin.first_tour.steps import Target
from napari_histcode.plugin.keys.registry import key_of
from napari_histcode.plugin.keys.spelling import key_sequence, key_text
from napari_histcode.plugin.later import Later
from napari_histcode.plugin.panels.by_keyboard import tab_stops
from napari_histcode.plugin.panels.foot import Foot
from napari_histcode.plugin.panels.key_sheet import KeySheet
from napari_histcode.plugin.panels.tour_card import TourCard
from napari_histcode.plugin.session import Session

FIRST_LOOK_S = 0.8
"""Somebody new looks at the window for so long before the first step appears."""


class Guidance:
    """Makes both and binds the key of the sheet.

    Parameters
    ----------
    dock : QWidget
        The dock.
    foot : Foot
        Takes the button of the sheet.
    session : Session
        What the user has done so far.
    targets : mapping
        Parts of the dock that the first steps point at.
    bring_to_front : callable
        Shows the page on which such a part is.
    """

    def __init__(
        self,
        dock: QWidget,
        foot: Foot,
        session: Session,
        targets: Mapping[Target, QWidget],
        *,
        bring_to_front: Callable[[Target], object],
    ) -> None:
        self.tour = TourController(session)
        self._dock = dock
        self._later = Later()
        self.card = TourCard(self.tour, targets, bring_to_front=bring_to_front, later=self._later)
        self.sheet = KeySheet(dock, self.card.begin)
        key = key_of("sheet")
        self.keys_button = foot.add_tool(
            "Keys", self.sheet.toggle, tooltip=f"All shortcuts, and the first steps ({key_text(key)})"
        )
        self.shortcut = QShortcut(key_sequence(key), dock)
        # a keyboard on which the sign needs Shift tells of it with or without: one press counts once
        self.shortcut.setKeys([key_sequence(key), key_sequence(f"Shift-{key}")])
        self.shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        self.shortcut.activated.connect(self.sheet.toggle)
        self.shortcut.activatedAmbiguously.connect(self.sheet.toggle)
        self.focus_shortcut = QShortcut(key_sequence(key_of("focus.swap")), dock)
        self.focus_shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        self.focus_shortcut.activated.connect(self._swap_focus)

    def _swap_focus(self) -> None:
        """Go from the slide to the page, or back to the slide."""
        now = QApplication.focusWidget()
        if now is not None and self._dock.isAncestorOf(now):
            window = self._dock.window()
            canvas = window.findChild(QOpenGLWidget) if window is not None else None
            if canvas is not None:
                canvas.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            stops = tab_stops(self._dock)
            if stops:
                stops[0].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def dock_shown(self) -> None:
        """Show the first steps to somebody new, when the window has settled."""
        self._later.call(FIRST_LOOK_S, self.tour.begin_if_new)

    def close(self) -> None:
        """Let nothing come any more."""
        self._later.close()
