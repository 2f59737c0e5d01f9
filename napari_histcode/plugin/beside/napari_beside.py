"""The second canvas in napari's window. Lives on the GUI thread.

napari has one canvas a window. The second one is a `QtViewer` on a model of its own, as in napari's example
of several viewers in one window (napari 4665; a canvas of its own per viewer is still to come, napari 561,
662, 5348). It stands in the layout of the window's central widget, right of napari's own, and as wide. Its
layers are its own (`napari_layers`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection
from typing import Any

import napari
from napari.components import ViewerModel
from napari.qt import QtViewer
from qtpy.compat import isalive
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QBoxLayout, QMainWindow, QWidget

from napari_histcode.plugin.annotate.picture import RegionPicture
from napari_histcode.plugin.beside import cameras
from napari_histcode.plugin.beside.linking import Sight, place_on_screen
from napari_histcode.plugin.beside.movement import unit_of
from napari_histcode.plugin.beside.napari_layers import BesideLayers
from napari_histcode.plugin.beside.screen import ScreenEvents, Side
from napari_histcode.plugin.canvas import ShownMap
from napari_histcode.plugin.keys.registry import key_of
from napari_histcode.plugin.later import Later
from napari_histcode.plugin.layers import Pair, slide_key_of
from napari_histcode.plugin.panels.beside_header import CanvasHeader
from napari_histcode.plugin.panels.beside_pointer import PointerMark
from napari_histcode.slide import SlideRecord

TOGGLE_KEY = key_of("beside")

POINTER_MS = 40
"""The pointer's mark follows this often: each time, the other canvas is drawn."""

BREATH_S = 0.03
"""A new layer takes napari some time; the next one waits until the window has breathed."""


class NapariBeside:
    """A second canvas beside the viewer's own.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer; the public proxy that napari gives to plugins will do.
    dock : QWidget
        A widget in the viewer's window.
    """

    def __init__(self, viewer: napari.Viewer, dock: QWidget) -> None:
        self.events = ScreenEvents()
        self._viewer = viewer
        self._dock = weakref.ref(dock)
        self._header: Callable[[], CanvasHeader | None] = lambda: None
        self._later = Later()
        self._model: ViewerModel | None = None
        self._view: QtViewer | None = None
        self._layers: BesideLayers | None = None
        self._marks: dict[Side, PointerMark] = {}
        self._pointer: tuple[Side, Pair | None] | None = None
        self._pointer_timer = QTimer()
        self._pointer_timer.setSingleShot(True)
        self._pointer_timer.timeout.connect(self._tell_pointer)

    def set_header(self, header: CanvasHeader) -> None:
        """Lay this over the top of the canvas while there is one."""
        self._header = weakref.ref(header)

    # Coming and going

    def bind_toggle(self, toggle: Callable[[], None]) -> None:
        """Do this on the key for it, wherever the viewer has the focus."""

        def act(_viewer: Any) -> None:
            toggle()

        self._viewer.bind_key(TOGGLE_KEY, act, overwrite=True)

    def disconnect(self) -> None:
        """Close, and let go of the viewer."""
        self.close()
        self._viewer.bind_key(TOGGLE_KEY, None, overwrite=True)

    def open(self) -> bool:
        """Put an empty canvas beside the viewer's own; False if the window has no place for it.

        It takes napari and OpenGL a tenth of a second to make it, and as much to show it a moment later.
        """
        if _canvas_in(self._layout()) is None:
            return False
        if self._model is not None:
            return True
        self._later = Later()
        self._model = ViewerModel()
        self._follow_theme()
        self._layers = BesideLayers(self._model)
        self._view = QtViewer(self._model)
        self._view.setAcceptDrops(False)
        self._view.canvas.native.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys go on speaking to the viewer
        self._later.call(0, self._put_in_place)
        return True

    def _put_in_place(self) -> None:
        layout, view = self._layout(), self._view
        own = _canvas_in(layout)
        if layout is None or own is None or view is None:
            return
        layout.setStretch(layout.indexOf(own), 1)
        layout.addWidget(view, 1)
        view.show()
        native = view.canvas.native
        self._marks = {Side.HERE: PointerMark(own.canvas.native), Side.THERE: PointerMark(native)}
        header = self._header()
        if header is not None:
            header.lie_on(native)
        self._listen()

    def close(self) -> None:
        """Take the canvas away with all that is on it; harmless when there is none."""
        model, view = self._model, self._view
        if model is None or view is None:
            return
        self._later.close()
        if self._marks:  # it was put in place
            self._stop_listening(model)
        self._model = self._view = self._layers = None
        self._put_header_away()
        for mark in self._marks.values():
            if isalive(mark):  # type: ignore[no-untyped-call]
                mark.setParent(None)
                mark.deleteLater()
        self._marks = {}
        _end_slicing(model)
        if isalive(view):  # type: ignore[no-untyped-call]
            layout = self._layout()
            if layout is not None:
                layout.removeWidget(view)
                layout.setStretch(0, 0)
            view.hide()
            view.close()

    def _put_header_away(self) -> None:
        dock, header = self._dock(), self._header()
        if header is not None and isalive(header):  # type: ignore[no-untyped-call]
            header.hide()
            if dock is not None and isalive(dock):  # type: ignore[no-untyped-call]
                header.lift(dock)

    def _layout(self) -> QBoxLayout | None:
        """Find the row in which napari's own canvas stands."""
        widget = self._dock()
        if widget is None or not isalive(widget):  # type: ignore[no-untyped-call]
            return None
        while widget is not None and not isinstance(widget, QMainWindow):  # a floating dock is its own window
            widget = widget.parentWidget()
        central = widget.centralWidget() if isinstance(widget, QMainWindow) else None
        layout = central.layout() if central is not None else None
        return layout if isinstance(layout, QBoxLayout) else None

    # What is shown

    def show_slide(self, key: str) -> None:
        """Show this slide and nothing else, as it is shown in the viewer."""
        if self._layers is not None:
            own = [layer for layer in self._viewer.layers if slide_key_of(layer.metadata) == key]
            self._layers.show_slide(key, own)

    def keep_slides(self, keys: Collection[str]) -> None:
        """Let go of all other slides: they have been closed."""
        if self._layers is not None:
            self._layers.keep_slides(keys)

    def show_map(self, shown: ShownMap | None) -> None:
        """Draw this map on the slide, and no other, with its colour bar and what it means."""
        if self._layers is not None:
            self._layers.show_map(shown)

    def show_regions(self, picture: RegionPicture | None, record: SlideRecord, *, is_visible: bool) -> None:
        """Draw these regions above all; the same picture again is painted anew."""
        if self._layers is not None:
            self._layers.show_regions(picture, record, is_visible=is_visible)

    def value_at(self, world: Pair) -> str:
        """Say what the map is at a place of the world; empty without a map."""
        return "" if self._layers is None else self._layers.value_at(world)

    def say(self, text: str) -> None:
        """Say something in the status bar."""
        self._viewer.status = text

    def later(self, callback: Callable[[], None]) -> None:
        """Call back when the window has breathed, unless the canvas was closed before."""
        self._later.call(BREATH_S, callback)

    # Cameras and the pointer

    def sight(self, side: Side, record: SlideRecord) -> Sight:
        """Tell where a canvas looks on this slide."""
        return cameras.sight_of(self._on(side), record)

    def look(self, side: Side, sight: Sight, record: SlideRecord) -> None:
        """Send a canvas there."""
        cameras.look(self._on(side), sight, record)

    def fit(self) -> None:
        """Show the whole slide on the second canvas."""
        if self._model is not None:
            self._model.reset_view()

    def point(self, side: Side, xy_px0: Pair | None, record: SlideRecord) -> None:
        """Mark a level-0 position on a canvas; None takes the mark away."""
        mark = self._marks.get(side)
        if mark is None:
            return
        if xy_px0 is None:
            mark.hide()
            return
        height, width = self._on(side).canvas.size
        sight = self.sight(side, record)
        mark.point_at(place_on_screen(xy_px0, sight, unit_of(record), (width, height)))

    def _on(self, side: Side) -> Any:
        """Return the viewer of a canvas: napari's, or the model of the second one."""
        return self._viewer if side is Side.HERE or self._model is None else self._model

    # News

    def _listen(self) -> None:
        model = self._model
        if model is None:
            return
        self._viewer.events.theme.connect(self._follow_theme)
        self._viewer.scene.camera.events.connect(self._moved_here)
        self._viewer.cursor.events.position.connect(self._pointed_here)
        self._viewer.events.mouse_over_canvas.connect(self._pointed_here)
        model.scene.camera.events.connect(self._moved_there)
        model.cursor.events.position.connect(self._pointed_there)
        model.events.mouse_over_canvas.connect(self._pointed_there)

    def _stop_listening(self, model: ViewerModel) -> None:
        if isalive(self._pointer_timer):  # type: ignore[no-untyped-call]
            self._pointer_timer.stop()
        self._pointer = None
        self._viewer.events.theme.disconnect(self._follow_theme)
        self._viewer.scene.camera.events.disconnect(self._moved_here)
        self._viewer.cursor.events.position.disconnect(self._pointed_here)
        self._viewer.events.mouse_over_canvas.disconnect(self._pointed_here)
        model.scene.camera.events.disconnect(self._moved_there)
        model.cursor.events.position.disconnect(self._pointed_there)
        model.events.mouse_over_canvas.disconnect(self._pointed_there)

    def _follow_theme(self, _event: Any = None) -> None:
        if self._model is not None:
            self._model.theme = self._viewer.theme

    def _moved_here(self, _event: Any = None) -> None:
        self.events.moved.emit(Side.HERE)

    def _moved_there(self, _event: Any = None) -> None:
        self.events.moved.emit(Side.THERE)

    def _pointed_here(self, _event: Any = None) -> None:
        self._note_pointer(Side.HERE)

    def _pointed_there(self, _event: Any = None) -> None:
        self._note_pointer(Side.THERE)

    def _note_pointer(self, side: Side) -> None:
        viewer = self._on(side)
        row, column = (float(part) for part in viewer.cursor.position[-2:])
        self._pointer = (side, (row, column) if viewer.mouse_over_canvas else None)
        if not self._pointer_timer.isActive():
            self._pointer_timer.start(POINTER_MS)

    def _tell_pointer(self) -> None:
        if self._pointer is not None:
            self.events.pointed.emit(*self._pointer)


def _canvas_in(layout: QBoxLayout | None) -> QtViewer | None:
    """Find napari's own canvas in its row."""
    items = [] if layout is None else [layout.itemAt(place) for place in range(layout.count())]
    widgets = [item.widget() for item in items if item is not None]
    return next((widget for widget in widgets if isinstance(widget, QtViewer)), None)


def _end_slicing(model: ViewerModel) -> None:
    """Let the thread that reads for a canvas end, as closing a whole viewer does, but without waiting for it.

    napari offers no other way for a model without a window: the thread would live as long as the model.
    """
    slicer = model._layer_slicer
    slicer.events.ready.disconnect()
    slicer._executor.shutdown(wait=False, cancel_futures=True)
