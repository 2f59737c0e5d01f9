"""The card of the first tour at the dock's lower edge, and the frame around the part that it speaks of."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qtpy.QtCore import QEvent, QObject, QRectF, Qt
from qtpy.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget

from napari_histcode.plugin.first_tour.controller import TourController
from napari_histcode.plugin.first_tour.steps import STEPS, Target
from napari_histcode.plugin.keys.registry import key_of
from napari_histcode.plugin.keys.spelling import key_text
from napari_histcode.plugin.later import Later
from napari_histcode.plugin.panels.section import button, column, label, row
from napari_histcode.plugin.style import ACCENT, MARGIN_PX, SPACING_PX, set_role

FRAME_PX = 2
LAID_OUT_S = 0.15
"""A section that has just come is in its place after so long."""
OUTSET_PX = 5
"""The frame leaves its part so much air."""

_FOLLOWED = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide)


class TourFrame(QWidget):
    """A line around a widget, which it follows; the mouse goes through it."""

    def __init__(self) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._target: QWidget | None = None
        self.hide()

    def surround(self, target: QWidget | None) -> None:
        """Follow another widget; None hides the frame."""
        if self._target is not None:
            self._target.removeEventFilter(self)
        self._target = target
        if target is None:
            self.hide()
            return
        self.setParent(target.parentWidget())
        target.installEventFilter(self)
        self._follow()

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Stay around the widget."""
        if a1 is not None and a1.type() in _FOLLOWED:
            self._follow()
        return bool(super().eventFilter(a0, a1))

    def _follow(self) -> None:
        target = self._target
        if target is None:
            return
        around = target.geometry().adjusted(-OUTSET_PX, -OUTSET_PX, OUTSET_PX, OUTSET_PX)
        above = target.parentWidget()
        self.setGeometry(around if above is None else around.intersected(above.rect()))
        self.setVisible(not target.isHidden())
        self.raise_()

    def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Draw the line."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(ACCENT), FRAME_PX))
        inner = QRectF(self.rect()).adjusted(FRAME_PX, FRAME_PX, -FRAME_PX, -FRAME_PX)
        painter.drawRoundedRect(inner, 6, 6)
        painter.end()


class TourCard(QFrame):
    """Says what to do, with a way on and a way out; takes no focus by itself.

    Parameters
    ----------
    controller : TourController
        Knows the step.
    targets : mapping
        Part of the dock that each step can point at.
    bring_to_front : callable
        Shows the page on which such a part is.
    later : Later
        Calls back for as long as the dock lives.
    """

    def __init__(
        self,
        controller: TourController,
        targets: Mapping[Target, QWidget],
        *,
        bring_to_front: Callable[[Target], object],
        later: Later,
    ) -> None:
        super().__init__()
        set_role(self, "card")
        self.setAccessibleName("first steps")
        self._controller = controller
        self._targets = targets
        self._bring_to_front = bring_to_front
        self._later = later
        self.frame = TourFrame()
        self.count = label(role="muted")
        self.title = label(role="title", wraps=True)
        self.text = label(wraps=True)
        self.missing = label(role="muted", wraps=True)
        self.next_button = button("Next", self._next, tooltip="Go on", role="primary")
        self.skip_button = button("Skip", controller.skip, tooltip="End these first steps (Escape)")
        content = column(self)
        content.setContentsMargins(MARGIN_PX, MARGIN_PX - 2, MARGIN_PX, MARGIN_PX - 2)
        content.setSpacing(SPACING_PX - 2)
        content.addLayout(row(self.title, self.count, stretch=0))
        content.addWidget(self.text)
        content.addWidget(self.missing)
        buttons = row(self.next_button, self.skip_button)
        buttons.addStretch(1)
        content.addLayout(buttons)
        for target in targets.values():
            target.installEventFilter(self)
        controller.state.events.step.connect(self._refresh)
        self._refresh()

    def begin(self) -> None:
        """Show the first step again."""
        self._controller.begin()
        self._bring_to_front(STEPS[0].target)
        self.next_button.setFocus()

    def _next(self) -> None:
        """Go on, and show the page that the next step is about: only what the user asked for turns pages."""
        self._controller.next()
        number = self._controller.state.step
        if number is not None:
            self._bring_to_front(STEPS[number].target)

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """End with Escape while the focus is on the card."""
        if a0 is not None and a0.key() == Qt.Key.Key_Escape:
            self._controller.skip()
        else:
            super().keyPressEvent(a0)

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Say no more that a part is missing when it comes."""
        if a1 is not None and a1.type() in (QEvent.Type.ShowToParent, QEvent.Type.HideToParent):
            self._refresh_missing()
            number = self._controller.state.step
            if number is not None and self._targets[STEPS[number].target] is a0:
                self._scroll_soon()
        return bool(super().eventFilter(a0, a1))

    def _refresh(self) -> None:
        number = self._controller.state.step
        self.setVisible(number is not None)
        if number is None:
            self.frame.surround(None)
            return
        step, is_last = STEPS[number], number + 1 == len(STEPS)
        self.count.setText(f"{number + 1} of {len(STEPS)}")
        self.title.setText(step.title)
        self.text.setText(step.text.format(blink=key_text(key_of("blink"))))
        self.next_button.setText("Done" if is_last else "Next")
        self.next_button.setToolTip(
            "End these first steps" if is_last else f"Next: {STEPS[number + 1].title}"
        )
        self.skip_button.setVisible(not is_last)
        target = self._targets[step.target]
        self.frame.surround(target)
        self._refresh_missing()
        self._scroll_soon()

    def _scroll_soon(self) -> None:
        """Scroll to the part once the page has been laid out."""
        self._later.call(LAID_OUT_S, self._bring_into_view)

    def _refresh_missing(self) -> None:
        number = self._controller.state.step
        if number is not None:
            step = STEPS[number]
            self.missing.setText(step.missing)
            self.missing.setVisible(bool(step.missing) and self._targets[step.target].isHidden())

    def _bring_into_view(self) -> None:
        """Scroll the page to the top of the part; the page in front stays in front."""
        number = self._controller.state.step
        if number is None:
            return
        target = self._targets[STEPS[number].target]
        above = target.parentWidget()
        while above is not None and not isinstance(above, QScrollArea):
            above = above.parentWidget()
        bar = above.verticalScrollBar() if isinstance(above, QScrollArea) else None
        if bar is not None and target.isVisible():
            bar.setValue(target.y() - MARGIN_PX)
