"""What openslide's properties say of how a slide was lit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from napari_histcode.slide.channels import Channel, channel_colour, channel_name, emission_nm, known_name

_NDP_BLOCK = "hamamatsu.;NDP Shading Data"
"""Hamamatsu writes the filter set of a fluorescence scan into a block that openslide takes for a property."""
_RGB = ("red", "green", "blue")
_DICOM_EPIFLUORESCENCE = "111743"


@dataclass(frozen=True, kw_only=True)
class FluorescenceWords:
    """What a file says of its fluorescence."""

    name: str = ""
    """The dye, from a fixed list; empty where it is none of those."""
    emission_nm: float | None = None
    """Where the dye emits, in nanometres."""
    lit: tuple[bool, bool, bool] | None = None
    """Which of red, green and blue were exposed; None where the file does not say."""


def fluorescence_words(properties: Mapping[str, str]) -> FluorescenceWords | None:
    """Read what the file says of fluorescence.

    Hamamatsu names filter set, wavelengths and the exposed channels [1]_, 3DHISTECH the type of the slide,
    DICOM the type of illumination (code 111743 is epifluorescence [2]_).

    Parameters
    ----------
    properties : mapping of str to str
        As openslide gives them.

    Returns
    -------
    FluorescenceWords or None
        None where nothing in the file speaks of fluorescence.

    References
    ----------
    .. [1] The keys of the block were read from Hamamatsu's own files (NDP.scan 2.5); Bio-Formats picks the
       channel by the same ones (ome/bioformats pull request 3664).
    .. [2] DICOM PS3.16, context group 8123, microscopy illumination type.
    """
    if (words := _hamamatsu(properties)) is not None:
        return words
    is_mirax = properties.get("mirax.GENERAL.SLIDE_TYPE") == "SLIDE_TYPE_FLUORESCENCE"
    path = "dicom.OpticalPathSequence[0].IlluminationTypeCodeSequence[0].CodeValue"
    if is_mirax or properties.get(path) == _DICOM_EPIFLUORESCENCE:
        return FluorescenceWords()
    return None


def _hamamatsu(properties: Mapping[str, str]) -> FluorescenceWords | None:
    block = next((f"{key}={value}" for key, value in properties.items() if key.startswith(_NDP_BLOCK)), None)
    if block is None:
        return None
    lines = (line.removeprefix(";").partition("=") for line in block.split("\r"))
    words = {key.strip(): value.strip() for key, _, value in lines}
    name = known_name(words.get("Name", ""))
    emission = _positive(words.get("EmissionWaveLength")) or emission_nm(name)
    if emission is None and _positive(words.get("ExcitationWaveLength")) is None:
        return None  # shading is corrected in bright field too
    exposed = [words.get(f"Transmittance{channel}") for channel in "RGB"]
    red, green, blue = (each not in (None, "", "-") for each in exposed)
    lit = (red, green, blue) if red or green or blue else None
    return FluorescenceWords(name=name, emission_nm=emission, lit=lit)


def _positive(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 < number < float("inf") else None


def rgb_channels(lit: Sequence[int], words: FluorescenceWords) -> tuple[Channel, ...]:
    """Name the channels of fluorescence that a file stores as red, green and blue.

    Parameters
    ----------
    lit : sequence of int
        Which of the three carry signal, 0 for red.
    words : FluorescenceWords
        What the file says; dye and wavelength name a single channel.
    """
    if len(lit) == 1 and (words.name or words.emission_nm):
        name = channel_name(words.name, words.emission_nm, 1)
        return (Channel(name=name, colour=channel_colour(words.emission_nm, ()), bits=8),)
    return tuple(Channel(name=_RGB[each], colour=_RGB[each], bits=8) for each in lit)
