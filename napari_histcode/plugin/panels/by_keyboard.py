"""The dock without a mouse: Tab goes from top to bottom, as the eye does, and Enter presses."""

from __future__ import annotations

from collections.abc import Iterator

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QGridLayout,
    QLayout,
    QLineEdit,
    QPlainTextEdit,
    QScrollArea,
    QTabBar,
    QWidget,
)

_WHOLE = (QAbstractButton, QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit, QPlainTextEdit, QTabBar)
"""Controls whose parts are nobody's business."""


def tab_stops(root: QWidget) -> tuple[QWidget, ...]:
    """List all that Tab stops at, in the order of the layouts: also what was made long after the rest.

    Qt's own order is that in which widgets were made, so that a list that is built anew would come last.
    """
    return tuple(_stops(root))


def move_focus(root: QWidget, *, is_forward: bool) -> bool:
    """Move the focus to the next stop; beyond the last one it leaves ``root``.

    Returns
    -------
    bool
        Whether the focus has moved.
    """
    stops = tab_stops(root)
    now = QApplication.focusWidget()
    if not stops or now is None:
        return False
    if now in stops:
        place = stops.index(now) + (1 if is_forward else -1)
        target = stops[place] if 0 <= place < len(stops) else _beyond(root, now, is_forward=is_forward)
    else:
        target = stops[0 if is_forward else -1]
    target = target or stops[0 if is_forward else -1]
    reason = Qt.FocusReason.TabFocusReason if is_forward else Qt.FocusReason.BacktabFocusReason
    target.setFocus(reason)
    return True


def press(event: QKeyEvent | None) -> bool:
    """Press the button, or open the menu, that has the focus; False if the key is not Enter."""
    if event is None or event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
        return False
    now = QApplication.focusWidget()
    if isinstance(now, QAbstractButton):
        now.click()
        return True
    if isinstance(now, QComboBox):
        now.showPopup()
        return True
    return False


def _stops(widget: QWidget) -> Iterator[QWidget]:
    if widget.isHidden():
        return
    if _is_stop(widget):
        yield widget
    if isinstance(widget, _WHOLE):
        return
    for child in _children(widget):
        yield from _stops(child)


def _is_stop(widget: QWidget) -> bool:
    has_policy = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
    return has_policy and widget.isEnabled() and widget.isVisible() and widget.focusProxy() is None


def _children(widget: QWidget) -> Iterator[QWidget]:
    if isinstance(widget, QScrollArea):
        content = widget.widget()
        if content is not None:
            yield content
        return
    layout = widget.layout()
    if layout is not None:
        yield from _laid_out(layout)
        return
    own = [child for child in widget.children() if isinstance(child, QWidget) and not child.isWindow()]
    yield from sorted(own, key=lambda child: (child.y(), child.x()))


def _laid_out(layout: QLayout) -> Iterator[QWidget]:
    places = list(range(layout.count()))
    if isinstance(layout, QGridLayout):
        places.sort(key=lambda place: layout.getItemPosition(place)[:2])
    for place in places:
        item = layout.itemAt(place)
        inner = item.layout() if item is not None else None
        held = item.widget() if item is not None else None
        if held is not None:
            yield held
        elif inner is not None:
            yield from _laid_out(inner)


def _beyond(root: QWidget, now: QWidget, *, is_forward: bool) -> QWidget | None:
    """Find the next stop of the window outside of ``root``; None if there is none."""
    widget: QWidget | None = now
    while True:
        widget = None if widget is None else _neighbour(widget, is_forward=is_forward)
        if widget is None or widget is now:
            return None
        if widget is not root and not root.isAncestorOf(widget) and _is_stop(widget):
            return widget


def _neighbour(widget: QWidget, *, is_forward: bool) -> QWidget | None:
    return widget.nextInFocusChain() if is_forward else widget.previousInFocusChain()
