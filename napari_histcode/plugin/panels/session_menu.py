"""The menu Session in the dock's foot, and the line that says what became of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtGui import QAction  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFileDialog, QMenu, QVBoxLayout, QWidget

from napari_histcode.plugin.annotate.state import Notice
from napari_histcode.plugin.blind.controller import BlindController
from napari_histcode.plugin.keys.registry import key_of
from napari_histcode.plugin.keys.spelling import key_sequence
from napari_histcode.plugin.panels.foot import Foot
from napari_histcode.plugin.panels.notice_line import NoticeLine
from napari_histcode.plugin.saving.controller import SavingController
from napari_histcode.plugin.saving.state import SavingState, save_offer
from napari_histcode.plugin.session import Phase
from napari_histcode.plugin.style import MARGIN_PX, SPACING_PX
from napari_histcode.saved.places import SUFFIX

FILTER = f"Sessions (*{SUFFIX})"

TOOLTIP = "Keep slides, maps, regions and the view, and come back to them; blind first"
SAVE_TOOLTIP = (
    "Writes one file, and beside it a folder with regions and results.\n"
    "Slides are named by their path, relative to the session, and by a digest: that path is the only place\n"
    "where the name of a file appears. Nothing else of the slides' files goes into it."
)
BLIND_TOOLTIP = (
    "Slides that are opened from now on begin without maps, readings and tools of the model:\n"
    "they are shown when you have placed a first opinion. The times are kept."
)


class SessionMenu(QMenu):
    """Open, save, save as, and the switch for blind reading.

    Parameters
    ----------
    foot : Foot
        Takes the button.
    saving : SavingController
        Opens and saves.
    blind : BlindController
        Hides maps.
    dock : QWidget
        The dock, in whose window the keys hold.
    """

    def __init__(self, foot: Foot, saving: SavingController, blind: BlindController, dock: QWidget) -> None:
        super().__init__(dock)
        self._saving, self._blind = saving, blind
        self.setToolTipsVisible(True)
        self.open_action = self._add("Open session …", self.ask_to_open, key="session.open", dock=dock)
        self.save_action = self._add("Save session", self.save, key="session.save", dock=dock)
        self.save_as_action = self._add("Save session as …", self.save_as, key="session.save_as", dock=dock)
        self.open_action.setToolTip("Bring slides, maps, regions and the view back, beside what is open")
        for action in (self.save_action, self.save_as_action):
            action.setToolTip(SAVE_TOOLTIP)
        self.addSeparator()
        self.blind_action = QAction("Blind first", self)
        self.blind_action.setCheckable(True)
        self.blind_action.setToolTip(BLIND_TOOLTIP)
        self.blind_action.triggered.connect(lambda is_on: blind.set_on(is_on=is_on))
        self.addAction(self.blind_action)
        self.button = foot.add_menu("Session", self, tooltip=TOOLTIP)
        session = saving.desk.session
        for signal in (session.events.slides, saving.state.events.activity, saving.state.events.missing):
            signal.connect(self._refresh)
        blind.state.events.is_on.connect(self._refresh)
        self._refresh()

    def _add(self, text: str, act: Callable[[], object], *, key: str, dock: QWidget) -> QAction:
        action = QAction(text, self)
        action.setShortcut(key_sequence(key_of(key)))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(lambda _checked=False: act())
        dock.addAction(action)  # its key holds while the menu is closed
        self.addAction(action)
        return action

    def _refresh(self) -> None:
        state = self._saving.state
        can_save = save_offer(self._saving.desk.session, state).is_enabled
        self.open_action.setEnabled(state.activity.phase is Phase.IDLE)
        self.save_action.setEnabled(can_save)
        self.save_as_action.setEnabled(can_save)
        self.blind_action.setChecked(self._blind.state.is_on)

    def ask_to_open(self) -> None:
        """Let the user choose a session, and open it."""
        path, _ = QFileDialog.getOpenFileName(self.parentWidget(), "Open session", self._folder(), FILTER)
        if path:
            self._saving.open(Path(path))

    def save(self) -> None:
        """Save to where it was saved before; ask the first time."""
        if self._saving.state.path is None:
            self.save_as()
        else:
            self._saving.save()

    def save_as(self) -> None:
        """Let the user choose a file, and save."""
        path = ask_where_to_save(self.parentWidget(), self._saving.state.path or Path(self._folder()))
        if path is not None:
            self._saving.save(path)

    def _folder(self) -> str:
        path = self._saving.state.path
        return str(Path.home() if path is None else path.parent)


def ask_where_to_save(parent: QWidget | None, start: Path) -> Path | None:
    """Ask for a session file to write, with a question where there is one; None if the user gives up."""
    folder, name = (start, "session") if start.is_dir() else (start.parent, start.name)
    dialog = QFileDialog(parent, "Save session", str(folder), FILTER)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(SUFFIX.lstrip("."))
    dialog.selectFile(name)
    chosen = dialog.selectedFiles() if dialog.exec() else []
    return Path(chosen[0]) if chosen else None


class SessionLine(QWidget):
    """What is going on with the session, or what has just happened, above the foot.

    Parameters
    ----------
    state : SavingState
        Says it.
    dismiss : callable
        Takes the line away.
    """

    def __init__(self, state: SavingState, dismiss: Callable[[], object]) -> None:
        super().__init__()
        self._state = state
        self.notice = NoticeLine(dismiss, dismiss)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN_PX, SPACING_PX, MARGIN_PX, SPACING_PX)
        column.addWidget(self.notice)
        state.events.activity.connect(self._refresh)
        state.events.notice.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        activity = self._state.activity
        is_busy = activity.phase is not Phase.IDLE
        notice = Notice(text=activity.text) if is_busy else self._state.notice
        self.notice.show_notice(notice)
        self.notice.close_button.setVisible(not is_busy)
        self.setVisible(bool(notice.text))
