"""Whether a slide was lit from below or glows by itself: bright field or fluorescence.

What the file says goes first. Where it is silent and its layout leaves both open, the pixels decide: in
fluorescence most of the slide is dark ground from which the signal rises; glass and stained tissue are both
bright.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import ModalityError
from napari_histcode.slide.record import BRIGHT_FIELD, FLUORESCENCE, Modality, SlideRecord

DARK_GROUND = 0.3
"""A channel's median is below this share of its brightest pixels where the ground is dark."""
LEAST_SIGNAL = 0.1
"""A channel whose pixels rise from its median by less than this share of what the strongest one does carries
no signal: what is there comes from the file's compression."""
_BRIGHTEST = 99.9
"""Percentile of the brightest pixels; the single brightest may be dust."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a slide is and how that was decided."""

    modality: Modality = BRIGHT_FIELD
    """Bright field or fluorescence."""
    source: str = "assumed"
    """"file" (the scanner's words), "OME-XML", "channels" (their number), "pixels", or "assumed"."""


def lit_channels(samples: NDArray[Any]) -> tuple[bool, ...]:
    """Tell which channels carry signal.

    Parameters
    ----------
    samples : ndarray, (n_pixels, n_channels)
        Pixels from all over the slide.
    """
    rise = np.percentile(samples, _BRIGHTEST, axis=0) - np.median(samples, axis=0)
    return tuple(bool(each > 0 and each >= LEAST_SIGNAL * rise.max()) for each in rise)


def has_dark_ground(samples: NDArray[Any]) -> bool:
    """Whether pixels (n_pixels, n_channels) are those of fluorescence: signal on a dark ground."""
    lit = np.array(lit_channels(samples))
    if not lit.any():
        return False
    ground, brightest = np.median(samples, axis=0), np.percentile(samples, _BRIGHTEST, axis=0)
    return bool((ground[lit] < DARK_GROUND * brightest[lit]).all())


_SAID_BY = {
    "file": "the scanner says so in the file",
    "OME-XML": "its OME-XML says so",
    "channels": "it has several channels that are no red, green and blue",
    "pixels": "its channels are signal on a dark ground",
}


def require_bright_field(record: SlideRecord) -> None:
    """Refuse a slide that no model of stained tissue can read.

    Raises
    ------
    ModalityError
        If the slide is fluorescence.
    """
    if record.modality == FLUORESCENCE:
        reason = _SAID_BY.get(record.modality_source, "as recorded")
        raise ModalityError(
            f"{record.alias} is fluorescence ({reason}): without stain on bright glass, tissue "
            "cannot be found as on H&E, and models of H&E would give numbers "
            "without meaning.",
            advice="Look at it channel by channel, and analyse a bright-field H&E scan of the same block.",
        )
