"""The channels of a fluorescence slide: what each is called and in which colour it is shown.

Channels are named from a fixed list of dyes and markers, by wavelength or by number. What a scanner or a
laboratory wrote there is free text that may say anything, a patient's name as well, and is never taken over.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from napari_histcode.slide.slide import RgbColour

COLOURS: dict[str, RgbColour] = {
    "blue": (0, 0, 255),
    "green": (0, 255, 0),
    "red": (255, 0, 0),
    "yellow": (255, 255, 0),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "gray": (255, 255, 255),
}
"""Colours by the names that viewers know them by."""

_BANDS = ((490.0, "blue"), (565.0, "green"), (640.0, "red"), (float("inf"), "magenta"))
"""Emission below so many nanometres is shown in that colour."""

_DYES: dict[str, float] = {
    # name: peak of emission in nanometres, as their makers give it
    "DAPI": 461,
    "Hoechst": 461,
    "CFP": 475,
    "FITC": 519,
    "GFP": 509,
    "SYTOX Green": 523,
    "YFP": 527,
    "TRITC": 576,
    "Cy3": 570,
    "DsRed": 583,
    "RFP": 588,
    "mCherry": 610,
    "Texas Red": 615,
    "TxRed": 615,
    "Cy5": 670,
    "DRAQ5": 681,
    "Cy7": 779,
}
_NUMBERED_DYE = re.compile(
    r"(Alexa(?: ?Fluor)?|AF|Opal|ATTO|DyLight|CF|iFluor)[ -]?(\d{3})(?!\d)", re.IGNORECASE
)
_MARKER = re.compile(
    r"CD\d{1,3}[A-Z]{0,2}|Ki-?67|Pan-?(?:CK|Cytokeratin)|CK\d{1,2}|FOXP3|PD-?L?1|Vimentin|E-?Cadherin|"
    r"HER2|EGFR|ER|PR|p53|p63|SOX10|S100|Granzyme ?B|Collagen|Autofluorescence",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One channel of a slide."""

    name: str
    """A dye or marker from a fixed list, a wavelength ("525 nm"), a colour ("red"), or "channel 3"."""
    colour: str
    """One of `COLOURS`."""
    bits: int
    """Bits of its samples as they are read: 8 or 16."""

    @property
    def dtype(self) -> np.dtype[np.uint8] | np.dtype[np.uint16]:
        """Type of its samples."""
        return np.dtype(np.uint8) if self.bits <= 8 else np.dtype(np.uint16)


def known_name(text: str) -> str:
    """Return the dye or marker that a text speaks of, or an empty string.

    Parameters
    ----------
    text : str
        Anything, such as "DAPI 2 (387)".
    """
    for dye in _DYES:
        if re.search(rf"(?<![A-Za-z]){re.escape(dye)}(?![A-Za-z])", text, re.IGNORECASE):
            return dye
    if (numbered := _NUMBERED_DYE.search(text)) is not None:
        return numbered[0]
    marker = _MARKER.fullmatch(text.strip())
    return marker[0] if marker is not None else ""


def emission_nm(name: str) -> float | None:
    """Return where a dye of `known_name` emits, in nanometres, or None where that is not known."""
    if name in _DYES:
        return _DYES[name]
    numbered = _NUMBERED_DYE.fullmatch(name)
    if numbered is None:
        return None
    number = float(numbered[2])  # named by where they absorb, all but Opal
    return number if numbered[1].lower() == "opal" else number + 25


def channel_name(name: str, nm: float | None, number: int) -> str:
    """Choose what a channel is called: its dye or marker, else its wavelength, else its number from 1."""
    if name:
        return name
    return f"{nm:.0f} nm" if nm else f"channel {number}"


def channel_colour(nm: float | None, taken: Collection[str]) -> str:
    """Choose the colour of a channel.

    Parameters
    ----------
    nm : float or None
        Where it emits, in nanometres.
    taken : collection of str
        Colours of the channels before it, which are avoided as long as there are others.
    """
    if nm:
        natural = next(colour for highest, colour in _BANDS if nm < highest)
        if natural not in taken:
            return natural
    return next((colour for colour in COLOURS if colour not in taken), "gray")
