"""Where the viewer looks, in level-0 pixels of a slide, and how it is sent elsewhere.

napari's flat camera has no angle. A scene is turned by quarters through the order of the displayed axes and
the direction in which each of them runs; the camera's centre is then given in the displayed order.
"""

from __future__ import annotations

import napari

from napari_histcode.plugin.layers import Box, Pair, px0_from_world, um_per_px0, world_from_px0
from napari_histcode.slide import SlideRecord

SURROUNDINGS = 3.0
"""A box that is flown to fills one part in so many of the view's shorter side."""

QUARTER_TURNS = (
    ((0, 1), ("down", "right")),
    ((1, 0), ("down", "left")),
    ((0, 1), ("up", "left")),
    ((1, 0), ("up", "right")),
)
"""Order of the axes and their directions on the screen after so many quarter turns clockwise."""


def view_box(viewer: napari.Viewer, record: SlideRecord) -> Box:
    """Tell what of a slide is in view: left, top, width, height in level-0 pixels."""
    zoom = viewer.scene.camera.zoom
    shown_height, shown_width = viewer.canvas.size
    height, width = _swap((shown_height / zoom, shown_width / zoom), viewer)
    row, column = _swap(viewer.scene.camera.center[-2:], viewer)
    left, top = px0_from_world((row - height / 2, column - width / 2), record)
    right, bottom = px0_from_world((row + height / 2, column + width / 2), record)
    return float(left), float(top), float(right - left), float(bottom - top)


def fly_to(viewer: napari.Viewer, box: Box, record: SlideRecord) -> None:
    """Put a box of level-0 pixels into the middle of the view, with its surroundings about it."""
    left, top, width, height = box
    centre_on(viewer, (left + width / 2, top + height / 2), record)
    unit_y, unit_x = um_per_px0(record)
    shown_height, shown_width = _swap((height * unit_y, width * unit_x), viewer)
    canvas_height, canvas_width = viewer.canvas.size
    viewer.scene.camera.zoom = min(canvas_height / shown_height, canvas_width / shown_width) / SURROUNDINGS


def centre_on(viewer: napari.Viewer, xy_px0: Pair, record: SlideRecord) -> None:
    """Put a level-0 position into the middle of the view."""
    row, column = world_from_px0(xy_px0, record).tolist()
    viewer.scene.camera.center = _swap((row, column), viewer)


def centre_px0(viewer: napari.Viewer, record: SlideRecord) -> Pair:
    """Tell which level-0 position is in the middle of the view."""
    row_column = _swap(viewer.scene.camera.center[-2:], viewer)
    x, y = px0_from_world(row_column, record).tolist()
    return x, y


def quarters_turned(viewer: napari.Viewer) -> int:
    """Tell by how many quarters clockwise the scene is turned; 0 where somebody mirrored it."""
    order, directions = tuple(viewer.dims.order[-2:]), tuple(viewer.scene.camera.orientation2d)
    turns = {(axes, tuple(ways)): number for number, (axes, ways) in enumerate(QUARTER_TURNS)}
    return turns.get((order, tuple(str(way) for way in directions)), 0)


def world_per_screen_px(viewer: napari.Viewer) -> float:
    """Tell how much of the world a pixel of the screen shows: micrometres where the resolution is known."""
    return float(1 / viewer.scene.camera.zoom)


def set_world_per_screen_px(viewer: napari.Viewer, value: float) -> None:
    """Zoom about the middle of the view until a pixel of the screen shows so much of the world."""
    viewer.scene.camera.zoom = 1 / value


def turn(viewer: napari.Viewer, n_quarters: int) -> None:
    """Turn the whole scene to so many quarters clockwise from upright, about the middle of the view."""
    row, column = _swap(viewer.scene.camera.center[-2:], viewer)
    zoom = viewer.scene.camera.zoom
    order, directions = QUARTER_TURNS[n_quarters % 4]
    viewer.dims.order = order
    viewer.scene.camera.orientation2d = directions
    viewer.scene.camera.center = _swap((row, column), viewer)
    viewer.scene.camera.zoom = zoom


def _swap(row_column: Pair, viewer: napari.Viewer) -> Pair:
    """Turn (row, column) into the displayed order, or back."""
    first, second = row_column
    return (second, first) if tuple(viewer.dims.order[-2:]) == (1, 0) else (first, second)
