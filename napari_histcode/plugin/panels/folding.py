"""Tools that fold away: a page of many tools shows one of them at a time."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_histcode.plugin.panels.section import label
from napari_histcode.plugin.style import SPACING_PX, set_role


class FoldingSection(QWidget):
    """A question that can be opened: its words stay, its content folds away.

    Parameters
    ----------
    heading : str
        The question, such as "How faithful?".
    summary : str
        What it answers, in one short line.
    """

    unfolded = Signal()
    """It has been opened."""
    folded = Signal()
    """It has been closed."""

    def __init__(self, heading: str, summary: str) -> None:
        super().__init__()
        self._heading = heading
        self.toggle = QPushButton()
        self.toggle.setCheckable(True)
        self.toggle.setAccessibleName(heading)
        set_role(self.toggle, "fold")
        self.toggle.toggled.connect(self._toggled)
        self.summary = label(summary, role="muted", wraps=True)
        self.body = QWidget()
        self.content = QVBoxLayout(self.body)
        self.content.setContentsMargins(0, SPACING_PX, 0, 0)
        self.content.setSpacing(SPACING_PX)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.toggle, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.summary)
        layout.addWidget(self.body)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.body.setVisible(False)
        self._write_heading(is_open=False)

    @property
    def is_open(self) -> bool:
        """Whether its content is shown."""
        return self.toggle.isChecked()

    def set_open(self, *, is_open: bool) -> None:
        """Open or fold it."""
        self.toggle.setChecked(is_open)

    def _toggled(self, is_open: bool) -> None:  # noqa: FBT001 - a signal's slot
        self.body.setVisible(is_open)
        self._write_heading(is_open=is_open)
        (self.unfolded if is_open else self.folded).emit()

    def _write_heading(self, *, is_open: bool) -> None:
        self.toggle.setText(f"{'▾' if is_open else '▸'}  {self._heading}")


def open_one_at_a_time(sections: Sequence[FoldingSection]) -> None:
    """Fold all others whenever one is opened."""

    def fold_others(opened: FoldingSection) -> None:
        for section in sections:
            if section is not opened:
                section.set_open(is_open=False)

    for section in sections:
        section.unfolded.connect(lambda opened=section: fold_others(opened))
