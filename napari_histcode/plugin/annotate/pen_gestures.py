"""What the mouse does with the pen: napari's callbacks for each of its modes.

napari calls a function when a button is pressed; if it is a generator, it goes on with each move until the
button is released. `event` changes in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from napari.layers import Shapes
from napari.layers.shapes._shapes_constants import Mode
from napari.layers.shapes._shapes_mouse_bindings import select

from napari_histcode.plugin.annotate.board import Drawn
from napari_histcode.plugin.annotate.shaping import Floats, ellipse_in
from napari_histcode.plugin.annotate.state import Tool

if TYPE_CHECKING:
    from napari_histcode.plugin.annotate.pen_layer import RegionPen

STEP_PX = 3.0
"""Screen pixels between the corners of a freehand line."""

TOOL_MODES = {
    Tool.MOVE: Mode.PAN_ZOOM,
    Tool.SELECT: Mode.SELECT,
    Tool.VERTICES: Mode.DIRECT,
    Tool.INSERT: Mode.VERTEX_INSERT,
    Tool.REMOVE: Mode.VERTEX_REMOVE,
    Tool.POLYGON: Mode.ADD_POLYGON,
    Tool.FREEHAND: Mode.ADD_POLYGON_LASSO,
    Tool.RECTANGLE: Mode.ADD_RECTANGLE,
    Tool.ELLIPSE: Mode.ADD_ELLIPSE,
    Tool.BRUSH: Mode.ADD_PATH,
}
MODE_TOOLS = {mode: tool for tool, mode in TOOL_MODES.items()}
INSTEAD = {Mode.ADD_LINE: Mode.ADD_POLYGON, Mode.ADD_POLYLINE: Mode.ADD_POLYGON}
"""Lines have no area: napari's buttons for them draw polygons here."""


def _press_select(layer: RegionPen, event: Any) -> Iterator[None]:
    """Select what is under the cursor, then let napari drag it, its corners, or a selection box."""
    is_on_handle = layer.get_value(event.position, world=True)[1] is not None
    is_adding = "Shift" in event.modifiers
    if not is_on_handle:
        layer.tell_picked(event, is_adding=is_adding, keeps_selection=True)
        if is_adding:
            return
    dragging = select(layer, event)
    next(dragging)
    box, has_moved = None, False
    while True:
        yield
        box = np.array(layer._drag_box) if layer._is_selecting and layer._drag_box is not None else None
        has_moved |= bool(layer._is_moving)
        try:
            next(dragging)
        except StopIteration:
            break
    if box is not None:
        corners = layer.to_px0(box)
        layer.wants.boxed.emit((*corners.min(axis=0).tolist(), *corners.max(axis=0).tolist()))
    elif has_moved:
        layer.wants.edited.emit(layer.rings())
    elif not is_on_handle:
        layer.tell_picked(event, is_adding=False, keeps_selection=False)
    layer.select_all_rings()


def _press_insert(layer: RegionPen, event: Any) -> None:
    """Put a corner into the nearest edge of the selected regions."""
    if not layer.keys:
        layer.tell_picked(event, is_adding=False, keeps_selection=False)
        return
    xy = layer.event_xy(event)
    lines = [shapely.LineString(ring) for ring in layer.rings().values()]
    nearest = int(np.argmin(shapely.distance(lines, shapely.Point(xy))))
    layer.wants.corner_added.emit(layer.keys[nearest], (float(xy[0]), float(xy[1])))


def _press_remove(layer: RegionPen, event: Any) -> None:
    """Take away the corner under the cursor."""
    shape, corner = layer.get_value(event.position, world=True)
    if shape is None or corner is None or shape >= len(layer.keys):
        layer.tell_picked(event, is_adding=False, keeps_selection=True)
        return
    layer.wants.corner_removed.emit(layer.keys[int(shape)], int(corner))


def _drag_box(layer: RegionPen, event: Any) -> Iterator[None]:
    """Draw a rectangle or an ellipse from corner to corner."""
    if getattr(event, "button", 1) != 1:
        return
    tool, held = MODE_TOOLS[layer._mode], layer.held(event)
    start = end = layer.event_xy(event)
    yield
    while event.type == "mouse_move":
        end = layer.event_xy(event)
        corners = _box_corners(start, end)
        is_flat = bool(np.any(start == end))
        if tool is Tool.ELLIPSE and not is_flat:
            layer.draw_ink(np.asarray(ellipse_in(corners).exterior.coords))
        else:
            layer.draw_ink(np.concatenate([corners, corners[:1]]))
        yield
    end = layer.event_xy(event)  # the last moves may not have been told
    layer.clear_ink()
    if np.all(np.abs(end - start) > STEP_PX * layer.px0_per_screen_px):
        layer.wants.drawn.emit(Drawn(tool=tool, xy_px0=_box_corners(start, end), **held))


def _drag_line(layer: RegionPen, event: Any) -> Iterator[None]:
    """Draw a freehand outline, or stroke with the brush."""
    if getattr(event, "button", 1) != 1:
        return
    tool, held = MODE_TOOLS[layer._mode], layer.held(event)
    way = [layer.event_xy(event)]
    layer.draw_way(tool, way)
    yield
    while event.type == "mouse_move":
        place = layer.event_xy(event)
        if np.linalg.norm(place - way[-1]) >= STEP_PX * layer.px0_per_screen_px:
            way.append(place)
            layer.draw_way(tool, way)
        yield
    if np.any(layer.event_xy(event) != way[-1]):
        way.append(layer.event_xy(event))
    layer.clear_ink()
    if tool is Tool.BRUSH or len(way) > 2:
        layer.wants.drawn.emit(Drawn(tool=tool, xy_px0=np.array(way), **held))


def _press_corner(layer: RegionPen, event: Any) -> None:
    """Set a corner of a polygon."""
    if getattr(event, "button", 1) != 1:
        return
    place = layer.event_xy(event)
    if not layer.corners:
        layer.held_at_start = layer.held(event)
    elif np.linalg.norm(place - layer.corners[-1]) < layer.px0_per_screen_px:
        return
    layer.corners.append(place)
    layer.draw_corners(place)


def _follow(layer: RegionPen, event: Any) -> None:
    """Let the unfinished polygon reach to the cursor."""
    if layer.corners:
        layer.draw_corners(layer.event_xy(event))


def _finish(layer: RegionPen, _event: Any) -> None:
    """Finish a polygon."""
    layer._finish_drawing()


def _nothing(_layer: RegionPen, _event: Any) -> None:
    """Do nothing."""


def _box_corners(start: Floats, end: Floats) -> Floats:
    (x0, y0), (x1, y1) = start, end
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


Callbacks = dict[Mode, Callable[..., Any]]

DRAG_MODES: Callbacks = {
    **Shapes._drag_modes,
    Mode.SELECT: _press_select,
    Mode.DIRECT: _press_select,
    Mode.VERTEX_INSERT: _press_insert,
    Mode.VERTEX_REMOVE: _press_remove,
    Mode.ADD_RECTANGLE: _drag_box,
    Mode.ADD_ELLIPSE: _drag_box,
    Mode.ADD_POLYGON: _press_corner,
    Mode.ADD_POLYGON_LASSO: _drag_line,
    Mode.ADD_PATH: _drag_line,
}
"""What a press does, and the drag after it."""

MOVE_MODES: Callbacks = {
    **Shapes._move_modes,
    Mode.ADD_POLYGON: _follow,
    Mode.ADD_POLYGON_LASSO: _nothing,
    Mode.ADD_PATH: _nothing,
}
"""What a move without a button does."""

DOUBLE_CLICK_MODES: Callbacks = {**Shapes._double_click_modes, Mode.ADD_POLYGON: _finish}
"""What a double click does."""
