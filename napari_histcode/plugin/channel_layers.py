"""A slide as layers: one RGB picture in bright field, one layer a channel in fluorescence."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_histcode.plugin.layers import LayerData, slide_layer_data
from napari_histcode.slide import Slide
from napari_histcode.slide.channel_view import MOST_COMPOSED
from napari_histcode.slide.record import FLUORESCENCE

ROOM_ABOVE = 2.0
"""The slider of a channel's limits reaches so many times as far as its upper one."""


def slide_layers(slide: Slide, *, key: str) -> tuple[LayerData, ...]:
    """Describe a slide as multiscale image layers, the lowest first.

    Parameters
    ----------
    slide : Slide
        The open slide. Of fluorescence, a coarse level is read for the limits of its channels.
    key : str
        Under which `open_slides` knows it; the same for all its layers.

    Returns
    -------
    tuple of LayerData
        The channels add up, as lamps of their colours would; the first ones are visible.
    """
    if slide.record.modality != FLUORESCENCE:
        return (slide_layer_data(slide, key=key),)
    _, common, kind = slide_layer_data(slide, key=key)
    layers = []
    for number, channel in enumerate(slide.channels):
        own = {
            "name": f"{slide.record.alias} · {channel.name}",
            "rgb": False,
            "colormap": channel.colour,
            "contrast_limits": slide.channel_limits(number),
            "blending": "additive",
            "visible": number < MOST_COMPOSED,
        }
        layers.append((slide.channel_pyramid(number), common | own, kind))
    return tuple(layers)


def give_limits_room(layer: Any) -> None:
    """Let the limits of a channel be widened with napari's own slider; leave RGB alone."""
    if layer.rgb:
        return
    low, high = layer.contrast_limits
    highest = float(np.iinfo(layer.dtype).max)
    layer.contrast_limits_range = (0.0, min(highest, ROOM_ABOVE * high))
    layer.contrast_limits = (low, high)
