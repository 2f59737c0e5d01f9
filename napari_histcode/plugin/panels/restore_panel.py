"""SESSION: slides of a session that are not where they were, and what to do about each."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from qtpy.QtWidgets import QFileDialog, QFrame, QVBoxLayout

from napari_histcode.plugin.formats import dialog_filter
from napari_histcode.plugin.panels.section import Section, button, label, row
from napari_histcode.plugin.saving.controller import SavingController
from napari_histcode.plugin.saving.state import Missing
from napari_histcode.plugin.saving.words import name_of
from napari_histcode.plugin.style import SPACING_PX, set_role
from napari_histcode.saved.places import path_at


class RestorePanel(Section):
    """Asks for slides that have moved, while all others are there already.

    Parameters
    ----------
    saving : SavingController
        Knows which, and takes the answers.
    """

    def __init__(self, saving: SavingController) -> None:
        super().__init__("Session")
        self._saving = saving
        self._session = saving.desk.session
        self.questions: dict[str, MovedQuestion] = {}
        saving.state.events.missing.connect(self._refresh)
        self._session.events.shows_file_names.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        missing = {one.slide.digest: one for one in self._saving.state.missing}
        for digest in self.questions.keys() - missing.keys():
            gone = self.questions.pop(digest)
            gone.hide()
            gone.deleteLater()
        for digest, one in missing.items():
            if digest not in self.questions:
                self.questions[digest] = MovedQuestion(self._saving, digest)
                self.content.addWidget(self.questions[digest])
            self.questions[digest].show_slide(one, shows_names=self._session.shows_file_names)
        self.setVisible(bool(missing))


class MovedQuestion(QFrame):
    """One slide that is asked for.

    Parameters
    ----------
    saving : SavingController
        Takes the answer.
    digest : str
        Of the slide.
    """

    def __init__(self, saving: SavingController, digest: str) -> None:
        super().__init__()
        set_role(self, "question")
        self._saving, self._digest = saving, digest
        self.text = label(wraps=True)
        self.reason = label(wraps=True, role="error")
        self.find_button = button("Find it …", self._ask, tooltip="")
        self.leave_button = button(
            "Leave it out",
            partial(saving.leave_out, digest),
            tooltip="Go on without it; the next time the session is saved, it is without it",
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACING_PX + 2, SPACING_PX + 2, SPACING_PX + 2, SPACING_PX + 2)
        layout.setSpacing(SPACING_PX)
        layout.addWidget(self.text)
        layout.addWidget(self.reason)
        buttons = row(self.find_button, self.leave_button)
        buttons.addStretch(1)
        layout.addLayout(buttons)

    def show_slide(self, one: Missing, *, shows_names: bool) -> None:
        """Ask for this slide."""
        self._folder = path_at(one.slide.path, one.origin).parent
        self.text.setText(f"{name_of(one.slide, shows_names=shows_names)} is not where it was.")
        self.find_button.setToolTip(
            f"It was: {path_at(one.slide.path, one.origin)}\nA file is taken only if its content is the same."
            if shows_names
            else "A file is taken only if its content is the same."
        )
        self.reason.setText("Looking at it …" if one.is_looking else one.reason)
        set_role(self.reason, "muted" if one.is_looking else "error")
        self.reason.setVisible(bool(self.reason.text()))
        self.find_button.setEnabled(not one.is_looking)

    def _ask(self) -> None:
        start = self._folder
        while not start.exists() and start != start.parent:
            start = start.parent
        path, _ = QFileDialog.getOpenFileName(self, "Find the slide", str(start), dialog_filter())
        if path:
            self._saving.find(self._digest, Path(path))
