"""Sights of a viewer's camera."""

from __future__ import annotations

import napari

from napari_histcode.plugin import camera
from napari_histcode.plugin.beside.linking import Sight
from napari_histcode.slide import SlideRecord


def sight_of(viewer: napari.Viewer, record: SlideRecord) -> Sight:
    """Tell where a viewer, or a model of one, looks on a slide."""
    return Sight(
        centre_px0=camera.centre_px0(viewer, record),
        world_per_screen_px=camera.world_per_screen_px(viewer),
        n_quarters=camera.quarters_turned(viewer),
    )


def look(viewer: napari.Viewer, sight: Sight, record: SlideRecord) -> None:
    """Send its camera there."""
    if camera.quarters_turned(viewer) != sight.n_quarters:
        camera.turn(viewer, sight.n_quarters)
    camera.centre_on(viewer, sight.centre_px0, record)
    camera.set_world_per_screen_px(viewer, sight.world_per_screen_px)
