"""The slim line over the second canvas: what it shows, how it moves, and the way to close it."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QWidget

from napari_histcode.plugin.beside.controller import BesideController
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.choice_buttons import show_on, toggle
from napari_histcode.plugin.panels.section import button
from napari_histcode.plugin.style import ROLE, SPACING_PX, stylesheet

LINKED = "Both canvases move, zoom and turn together. Switch off to move each by itself."
LINKED_SLIDES = (
    "Both slides move together, at the same scale. Switch off, bring the same place into the middle of both, "
    "and align them."
)


NARROW_PX = 460
"""A canvas that is narrower has the buttons for two slides in a line of their own."""


class CanvasHeader(QFrame):
    """A line that lies over the top of a canvas and is as wide, so that both canvases stay of one size."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("histcode")  # the style sheet is about what is in a widget of this name
        self.setProperty(ROLE, "over")
        self.setAttribute(Qt.WidgetAttribute.WA_NoMousePropagation)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self._lies = False
        self.hide()

    def lie_on(self, canvas: QWidget) -> None:
        """Lie over the top of a canvas from now on."""
        self.setParent(canvas)
        canvas.installEventFilter(self)
        self._lies = True
        self.show()
        self.fit()
        self.raise_()

    def lift(self, parent: QWidget) -> None:
        """Leave the canvas and hide in another widget."""
        canvas = self.parentWidget()
        if canvas is not None:
            canvas.removeEventFilter(self)
        self._lies = False
        self.setParent(parent)

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Stay as wide as the canvas."""
        if a1 is not None and a1.type() == QEvent.Type.Resize and a0 is self.parentWidget():
            self.fit()
        return False

    def fit(self) -> None:
        """Be as wide as the canvas and as high as need be."""
        canvas = self.parentWidget()
        if canvas is not None and self._lies:
            self.setGeometry(0, 0, canvas.width(), self.sizeHint().height())


class BesideHeader(CanvasHeader):
    """What the second canvas shows, and how it moves.

    Parameters
    ----------
    controller : BesideController
        The second canvas.
    parent : QWidget
        Where it hides while there is no second canvas.
    theme : str
        Name of napari's theme.
    """

    def __init__(self, controller: BesideController, parent: QWidget, theme: str) -> None:
        super().__init__(parent)
        self._controller = controller
        movement = controller.movement
        self.box = ChoiceBox(controller.choose, name="shown beside")
        self.link_button = toggle(
            "Linked", lambda is_on: movement.set_linked(is_linked=is_on), tooltip=LINKED, role="small"
        )
        self.align_button = button(
            "Align here",
            movement.align_here,
            tooltip="What is in the middle of both canvases is the same place: move both together from here",
            role="small",
        )
        self.turn_button = button(
            "Turn", movement.turn, tooltip="Turn this slide alone by 90° clockwise", role="small"
        )
        self.close_button = button(
            "\N{MULTIPLICATION SIGN}", controller.close, tooltip="Close this canvas", role="small"
        )
        self.close_button.setAccessibleName("close the canvas beside")
        self._buttons = QWidget()
        buttons = QHBoxLayout(self._buttons)
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(SPACING_PX)
        for each in (self.link_button, self.align_button, self.turn_button):
            buttons.addWidget(each)
        buttons.addStretch(1)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(SPACING_PX, 3, SPACING_PX, 3)
        self._grid.setSpacing(SPACING_PX)
        self._grid.setColumnStretch(0, 1)
        self._grid.addWidget(self.box, 0, 0)
        self._grid.addWidget(self._buttons, 0, 1)
        self._grid.addWidget(self.close_button, 0, 2)
        self._has_two_lines = False
        self.follow_theme(theme)
        events = controller.state.events
        for signal in (events.showing, events.offers):
            signal.connect(self._refresh_box)
        for signal in (events.is_linked, events.why_free, events.is_other_slide):
            signal.connect(self._refresh_buttons)
        self._refresh_box()
        self._refresh_buttons()

    def follow_theme(self, theme: str) -> None:
        """Take the colours of another theme."""
        self.setStyleSheet(stylesheet(theme))

    def _refresh_box(self) -> None:
        self.box.fill(self._controller.state.offers, self._controller.chosen)

    def _refresh_buttons(self) -> None:
        state = self._controller.state
        can_link = not state.why_free
        show_on(self.link_button, is_on=state.is_linked and can_link)
        self.link_button.setEnabled(can_link)
        self.link_button.setToolTip(state.why_free or (LINKED_SLIDES if state.is_other_slide else LINKED))
        self.align_button.setVisible(state.is_other_slide and can_link and not state.is_linked)
        self.turn_button.setVisible(state.is_other_slide)
        self._arrange()

    def resizeEvent(self, a0: QResizeEvent | None) -> None:  # noqa: N802 - Qt's name
        """Take a second line where one is too short."""
        super().resizeEvent(a0)
        self._arrange()

    def _arrange(self) -> None:
        needs_two = self._controller.state.is_other_slide and self.width() < NARROW_PX
        if needs_two != self._has_two_lines:
            self._has_two_lines = needs_two
            self._grid.removeWidget(self._buttons)
            if needs_two:
                self._grid.addWidget(self._buttons, 1, 0, 1, 3)
            else:
                self._grid.addWidget(self._buttons, 0, 1)
            self.fit()
