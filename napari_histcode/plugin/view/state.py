"""Where the reader looks and has looked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from psygnal import SignalGroupDescriptor

from napari_histcode.plugin.layers import Box
from napari_histcode.slide.slide import RgbImage

SEEN_AT_POWER = 5.0
"""What passes by at a lower magnification has not been looked at."""

Seen = NDArray[np.bool_]
"""(height, width) of the overview: whether each of its pixels has been in view at `SEEN_AT_POWER`."""


@dataclass(kw_only=True, eq=False)
class ViewState:
    """What of the current slide is on the screen."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    box: Box | None = None
    """What is in view, in level-0 pixels; None without a slide."""
    power: float | None = None
    """Magnification; None where the resolution is not known."""
    is_digital: bool = False
    """Whether the view is enlarged beyond the scan."""
    overview: RgbImage | None = None
    """The whole slide as a small picture; None until it has been read."""
    seen: Seen | None = None
    """What has been looked at, on the overview's pixels."""
    shows_seen: bool = False
    """Whether the overview shades what has not been looked at."""
    n_quarters: int = 0
    """Quarter turns clockwise of the whole scene."""


def look_at(seen: Seen, box: Box, slide_px0: tuple[int, int]) -> Seen:
    """Add a view to what has been seen.

    Parameters
    ----------
    seen : ndarray of bool, (height, width)
        What has been seen before.
    box : Box
        What is in view, in level-0 pixels; it can reach beyond the slide.
    slide_px0 : tuple of int
        Width and height of the slide.

    Returns
    -------
    ndarray of bool, (height, width)
        The same array if nothing is new.
    """
    height, width = seen.shape
    scale_x, scale_y = width / slide_px0[0], height / slide_px0[1]
    left, top, box_width, box_height = box
    first_x, last_x = np.clip([round(left * scale_x), round((left + box_width) * scale_x)], 0, width)
    first_y, last_y = np.clip([round(top * scale_y), round((top + box_height) * scale_y)], 0, height)
    if seen[first_y:last_y, first_x:last_x].all():
        return seen
    after = seen.copy()
    after[first_y:last_y, first_x:last_x] = True
    return after
