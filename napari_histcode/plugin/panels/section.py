"""What all sections of the dock are made of."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtGui import QFont
from qtpy.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_histcode.plugin.style import SPACING_PX, set_role

CAPTION_PX = 54
"""Captions are at least so wide, so that controls of neighbouring groups stand below one another."""


class Section(QWidget):
    """A heading with its content below, and room for one quiet action at the right of the heading.

    Parameters
    ----------
    heading : str
        Its name.
    """

    def __init__(self, heading: str) -> None:
        super().__init__()
        self.heading = label(heading.upper(), role="heading")
        font = QFont(self.heading.font())
        font.setLetterSpacing(QFont.SpacingType.PercentageSpacing, 106)
        self.heading.setFont(font)
        self.heading_row = QHBoxLayout()
        self.heading_row.setContentsMargins(0, 0, 0, 0)
        self.heading_row.addWidget(self.heading)
        self.heading_row.addStretch(1)
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(0, 0, 0, 0)
        self.content.setSpacing(SPACING_PX)
        self.content.addLayout(self.heading_row)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)


def label(text: str = "", *, role: str = "plain", wraps: bool = False) -> QLabel:
    """Make a label of one of the roles that the style sheet knows."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setWordWrap(wraps)
    if wraps:
        made.setMinimumWidth(0)
        made.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
    set_role(made, role)
    return made


def button(text: str, clicked: Callable[[], object], *, tooltip: str, role: str = "plain") -> QPushButton:
    """Make a button that does one thing."""
    made = QPushButton(text)
    made.setToolTip(tooltip)
    made.clicked.connect(lambda _checked=False: clicked())
    set_role(made, role)
    return made


def line() -> QFrame:
    """Make a thin line between two sections."""
    made = QFrame()
    made.setFixedHeight(1)
    set_role(made, "line")
    return made


def row(*widgets: QWidget, stretch: int | None = None) -> QHBoxLayout:
    """Put widgets beside one another; the one at position ``stretch`` takes the room that is left."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(SPACING_PX)
    for position, widget in enumerate(widgets):
        layout.addWidget(widget, 1 if position == stretch else 0)
    return layout


def column(widget: QWidget) -> QVBoxLayout:
    """Give a widget a column to put others in, one below the other."""
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(SPACING_PX)
    return layout


def captioned(*rows: tuple[str, QWidget | QHBoxLayout]) -> QGridLayout:
    """Put a quiet caption before each control, all controls in one column."""
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(2 * SPACING_PX)
    grid.setVerticalSpacing(SPACING_PX)
    grid.setColumnStretch(1, 1)
    grid.setColumnMinimumWidth(0, CAPTION_PX)
    for position, (caption, control) in enumerate(rows):
        grid.addWidget(label(caption, role="muted"), position, 0)
        if isinstance(control, QWidget):
            grid.addWidget(control, position, 1)
        else:
            grid.addLayout(control, position, 1)
    return grid
