"""The regions in napari's viewer: a picture of all, and the pen above it. Lives on the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import napari
from napari.layers import Layer

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.annotate import loose_regions
from napari_histcode.plugin.annotate.board import BoardEvents, Name, PenRing, PenStyle
from napari_histcode.plugin.annotate.pen_gestures import TOOL_MODES
from napari_histcode.plugin.annotate.pen_layer import RegionPen
from napari_histcode.plugin.annotate.picture import RegionPicture
from napari_histcode.plugin.annotate.region_layer import RegionLayer
from napari_histcode.plugin.annotate.state import Tool
from napari_histcode.plugin.keys.registry import key_of
from napari_histcode.plugin.later import Later
from napari_histcode.plugin.layers import names_layer_data, pen_keywords, regions_key_of, um_per_px0
from napari_histcode.slide import SlideRecord

Keys = Mapping[str, Callable[[], object]]

BRUSH_CIRCLE = "_brush_circle"
"""What napari calls its cursor of the brush."""


class NapariBoard:
    """Regions as layers of a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        self.events = BoardEvents()
        self._viewer = viewer
        self._record: SlideRecord | None = None
        self._picture: RegionPicture | None = None
        self._seen: RegionLayer | None = None
        self._pen: RegionPen | None = None
        self._names: Layer | None = None
        self._shown_names: tuple[Name, ...] = ()
        self._describe: Callable[[float, float], str] = lambda _x, _y: ""
        self._keys: Keys = {}
        self._pen_keys: Keys = {}
        self._is_visible = True
        self._is_arranging = False
        self._is_connected = True
        self._later = Later()
        circle = viewer.canvas.overlays.get(BRUSH_CIRCLE)
        if circle is not None:
            circle.box = False  # a black square in its middle, which would stay when the brush is put away
        viewer.layers.events.inserted.connect(self._inserted)
        viewer.layers.events.removed.connect(self._removed)
        viewer.layers.selection.events.active.connect(self._active_changed)

    def disconnect(self) -> None:
        """Let go of the viewer; regions stay to be seen."""
        if not self._is_connected:
            return
        self.bind_keys({})
        if self._pen is not None:
            self._pen.mode = TOOL_MODES[Tool.MOVE]
            self._pen.editable = False  # nobody would take what is drawn
        self._is_connected = False
        self._later.close()
        self._viewer.layers.events.inserted.disconnect(self._inserted)
        self._viewer.layers.events.removed.disconnect(self._removed)
        self._viewer.layers.selection.events.active.disconnect(self._active_changed)

    # What is seen

    def show(self, picture: RegionPicture | None, record: SlideRecord | None) -> None:
        """Show the regions of a slide; None takes them away.

        Layers are made when there is something to be seen or done in them: an untouched slide has none.
        """
        for layer in (self._names, self._pen, self._seen):
            self._take(layer)
        self._names = self._pen = self._seen = None
        self._shown_names = ()
        self._record, self._picture = record, picture
        self._make_seen()

    def refresh(self) -> None:
        """Paint what has changed in the picture that is shown."""
        if self._seen is not None and self._picture is not None:
            self._seen.repaint(self._picture)
        else:
            self._make_seen()

    def _make_seen(self) -> None:
        if self._picture is None or self._record is None or not len(self._picture.scene):
            return
        self._seen = RegionLayer(self._picture, self._record, visible=self._is_visible)
        self._seen.describe = self._describe
        self._seen.editable = False
        self._seen.events.visible.connect(self._visible_changed)
        self._insert(self._seen)
        if self._pen is not None:  # it stays above
            self._is_arranging = True
            places = self._viewer.layers
            places.move(places.index(self._pen), len(places))
            self._is_arranging = False

    def set_names(self, names: Sequence[Name]) -> None:
        """Write these names beside their regions, and no others."""
        if tuple(names) == self._shown_names:
            return
        self._shown_names = tuple(names)
        self._take(self._names)
        self._names = None
        if names and self._record is not None:
            self._names = Layer.create(
                *names_layer_data(
                    [name.xy_px0 for name in names],
                    [name.text for name in names],
                    ["#{:02x}{:02x}{:02x}".format(*name.colour) for name in names],
                    self._record,
                )
            )
            self._names.visible = self._is_visible
            self._names.editable = False
            self._insert(self._names)

    def set_visible(self, *, is_visible: bool) -> None:
        """Show or hide all regions."""
        self._is_visible = is_visible
        if is_visible and self._seen is None:  # it was removed in the viewer's own list
            self._make_seen()
        for layer in (self._seen, self._pen, self._names):
            if layer is not None:
                layer.visible = is_visible

    def set_describer(self, describe: Callable[[float, float], str]) -> None:
        """Ask this for the words about a place in the status bar."""
        self._describe = describe

    # The pen

    def set_pen(self, rings: Sequence[PenRing]) -> None:
        """Make these rings, and no others, the ones that can be edited."""
        if self._pen is None and rings:
            self._make_pen()
        if self._pen is not None:
            self._pen.put_rings(rings)

    def set_tool(self, tool: Tool, style: PenStyle) -> None:
        """Take another tool, or the same with another style."""
        if self._pen is None and tool is not Tool.MOVE:
            self._make_pen()
        if self._pen is None:
            return
        self._pen.style = style
        if tool is not Tool.MOVE and self._viewer.layers.selection.active != self._pen:
            self._viewer.layers.selection.active = self._pen
        if self._pen._mode is not TOOL_MODES[tool]:
            self._pen.mode = TOOL_MODES[tool]
        if tool is Tool.BRUSH and self._record is not None:
            self._pen.cursor_size = 2 * style.radius_px0[1] * um_per_px0(self._record)[0]

    def step_back(self) -> bool:
        """Take back the last corner of an unfinished outline; False if there is none."""
        return self._pen is not None and self._pen.step_back()

    def _make_pen(self) -> None:
        if self._record is None:
            return
        self._pen = RegionPen(self.events, **pen_keywords(self._record))
        self._pen.describe = self._describe
        self._pen.visible = self._is_visible
        self._pen.bind_key(key_of("outline.give_up"), lambda layer: layer.clear_ink(), overwrite=True)
        self._pen.bind_key(key_of("outline.back_or_delete"), _step_back_or_delete, overwrite=True)
        self._insert(self._pen)
        self._put_pen_keys(self._pen_keys)

    # Keys

    def bind_keys(self, keys: Keys) -> None:
        """Do these things on these keys wherever the viewer has the focus; an empty mapping lets go."""
        for key in self._keys:
            self._viewer.bind_key(key, None)
        self._keys = dict(keys)
        for key, action in self._keys.items():
            self._viewer.bind_key(key, lambda _viewer, act=action: _do(act), overwrite=True)

    def bind_pen_keys(self, keys: Keys) -> None:
        """Do these things on these keys while the regions are the active layer."""
        if self._pen is not None:
            for key in self._pen_keys:
                self._pen.bind_key(key, None)
            self._put_pen_keys(keys)
        self._pen_keys = dict(keys)

    def _put_pen_keys(self, keys: Keys) -> None:
        if self._pen is not None:
            for key, action in keys.items():
                self._pen.bind_key(key, lambda _layer, act=action: _do(act), overwrite=True)

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back after a while."""
        self._later.call(seconds, callback)

    # Layers that others add, remove and choose

    def offered_before(self) -> tuple[Annotation, ...]:
        """Regions of this slide that were in the viewer before the dock; they are taken over once."""
        found: list[Annotation] = []
        for layer in list(self._viewer.layers):
            key = regions_key_of(layer.metadata, self._record) if self._record is not None else None
            if key is not None:
                found += loose_regions.find(key)
                self._take(layer)
        return tuple(found)

    def _inserted(self, event: Any) -> None:
        if self._record is not None and regions_key_of(event.value.metadata, self._record) is not None:
            self.later(0, self._take_over)  # not while napari is adding it

    def _take_over(self) -> None:
        regions = self.offered_before()
        if regions:
            self.events.offered.emit(regions)

    def _removed(self, event: Any) -> None:
        if event.value == self._pen:
            self._pen = None
            self.events.tool_changed.emit(Tool.MOVE)
        elif event.value == self._seen:
            self._seen = None
            self.events.visibility_changed.emit(bool(self._seen))
        elif event.value == self._names:
            self._names = None

    def _active_changed(self, _event: Any = None) -> None:
        if self._is_arranging or self._pen is None:
            return
        if self._viewer.layers.selection.active != self._pen:
            self.events.tool_changed.emit(Tool.MOVE)

    def _visible_changed(self, _event: Any = None) -> None:
        if self._seen is not None and self._seen.visible != self._is_visible:
            self.events.visibility_changed.emit(bool(self._seen.visible))

    def _insert(self, layer: Layer) -> None:
        """Insert a layer on top and keep the selection: what is selected is what keys speak to."""
        active = self._viewer.layers.selection.active
        self._is_arranging = True
        self._viewer.layers.append(layer)
        if active is not None and active in self._viewer.layers:
            self._viewer.layers.selection.active = active
        self._is_arranging = False

    def _take(self, layer: Layer | None) -> None:
        if layer is None:
            return
        if layer is self._pen:
            self._pen = None
        elif layer is self._seen:
            self._seen = None
        active = self._viewer.layers.selection.active
        if layer in self._viewer.layers:
            self._is_arranging = True
            self._viewer.layers.remove(layer)
            if active is not None and active in self._viewer.layers:
                self._viewer.layers.selection.active = active
            self._is_arranging = False


def _do(action: Callable[[], object]) -> None:
    """Act, and return nothing: napari takes what a key returns for more to be done."""
    action()


def _step_back_or_delete(layer: RegionPen) -> None:
    """Take back a corner of the outline in hand, or delete the regions in hand."""
    if not layer.step_back():
        layer.remove_selected()
