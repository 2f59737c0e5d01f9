"""Where the viewer looks, in level-0 pixels of a slide, and how it is sent elsewhere."""

from __future__ import annotations

import napari

from napari_histcode.plugin.layers import Box, px0_from_world, um_per_px0, world_from_px0
from napari_histcode.slide import SlideRecord

SURROUNDINGS = 3.0
"""A box that is flown to fills one part in so many of the view's shorter side."""


def view_box(viewer: napari.Viewer, record: SlideRecord) -> Box:
    """Tell what of a slide is in view: left, top, width, height in level-0 pixels."""
    camera = viewer.scene.camera
    height, width = (side / camera.zoom for side in viewer.canvas.size)
    row, column = camera.center[-2:]
    left, top = px0_from_world((row - height / 2, column - width / 2), record)
    right, bottom = px0_from_world((row + height / 2, column + width / 2), record)
    return float(left), float(top), float(right - left), float(bottom - top)


def fly_to(viewer: napari.Viewer, box: Box, record: SlideRecord) -> None:
    """Put a box of level-0 pixels into the middle of the view, with its surroundings about it."""
    left, top, width, height = box
    unit_y, unit_x = um_per_px0(record)
    camera = viewer.scene.camera
    camera.center = tuple(world_from_px0((left + width / 2, top + height / 2), record).tolist())
    canvas_height, canvas_width = viewer.canvas.size
    camera.zoom = min(canvas_height / (height * unit_y), canvas_width / (width * unit_x)) / SURROUNDINGS
