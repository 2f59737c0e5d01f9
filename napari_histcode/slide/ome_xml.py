"""Pixel size and channels from the OME-XML of an OME-TIFF."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element  # for the type only; parsing goes through defusedxml

from napari_histcode.slide.backend import StatedMpp
from napari_histcode.slide.channels import emission_nm, known_name

_UM_PER_UNIT = {
    "m": 1e6,
    "cm": 1e4,
    "mm": 1e3,
    "µm": 1.0,  # micro sign
    "μm": 1.0,
    "um": 1.0,
    "nm": 1e-3,
    "in": 25400.0,
}


@dataclass(frozen=True, kw_only=True)
class ChannelWords:
    """What the document says of a channel."""

    name: str = ""
    """Its dye or marker, from a fixed list; empty where it is none of those."""
    emission_nm: float | None = None
    """Where it emits, in nanometres."""
    is_fluorescence: bool = False
    """Whether it is said to be fluorescence, or to have a dye."""
    is_bright_field: bool = False
    """Whether it is said to be transmitted light."""


def stated_mpp(xml: str, dimensions: tuple[int, int]) -> StatedMpp | None:
    """Return the physical pixel size of the image with these dimensions.

    Parameters
    ----------
    xml : str
        OME-XML document.
    dimensions : tuple of int
        Width and height at level 0, to tell the slide from its label and overview.

    Returns
    -------
    StatedMpp or None
        None where the document cannot be parsed, states no size, or states it in a unit that is no length.
    """
    pixels = _pixels_of(xml, dimensions)
    if pixels is None:
        return None
    x, y = _length_um(pixels, "X"), _length_um(pixels, "Y")
    return None if x is None or y is None else StatedMpp(x=x, y=y, source="OME-XML")


def channel_words(xml: str, dimensions: tuple[int, int]) -> tuple[ChannelWords, ...]:
    """Return what the document says of the channels of the image with these dimensions.

    Returns
    -------
    tuple of ChannelWords
        One for each sample of a pixel, in their order; empty where the document cannot be parsed.
    """
    pixels = _pixels_of(xml, dimensions)
    words: list[ChannelWords] = []
    for element in pixels if pixels is not None else ():
        if _tag(element) == "Channel":
            words += [_words_of(element)] * _count(element.get("SamplesPerPixel"))
    return tuple(words)


def _words_of(channel: Element) -> ChannelWords:
    name = known_name(channel.get("Fluor", "")) or known_name(channel.get("Name", ""))
    emission = _nanometres(channel) or emission_nm(name)
    light, contrast = channel.get("IlluminationType", ""), channel.get("ContrastMethod", "")
    is_bright_field = light == "Transmitted" or contrast == "Brightfield"
    says_fluorescence = light == "Epifluorescence" or contrast == "Fluorescence" or bool(channel.get("Fluor"))
    return ChannelWords(
        name=name,
        emission_nm=emission,
        is_fluorescence=not is_bright_field and (says_fluorescence or emission is not None),
        is_bright_field=is_bright_field,
    )


def _nanometres(channel: Element) -> float | None:
    try:
        number = float(channel.get("EmissionWavelength", ""))
        number *= _UM_PER_UNIT[channel.get("EmissionWavelengthUnit", "nm")] * 1000
    except (KeyError, ValueError):
        return None
    return number if 0 < number < float("inf") else None


def _count(text: str | None) -> int:
    return int(text) if text is not None and text.isdecimal() and len(text) < 4 else 1


def _pixels_of(xml: str, dimensions: tuple[int, int]) -> Element | None:
    """Find the image with these dimensions; None where there is none or the document cannot be parsed."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(xml)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    found = (element for element in root.iter() if _tag(element) == "Pixels")
    return next((element for element in found if _size_of(element) == dimensions), None)


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _size_of(pixels: Element) -> tuple[int, int] | None:
    try:
        return int(pixels.get("SizeX", "")), int(pixels.get("SizeY", ""))
    except ValueError:
        return None


def _length_um(pixels: Element, axis: str) -> float | None:
    unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")
    try:
        return float(pixels.get(f"PhysicalSize{axis}", "")) * _UM_PER_UNIT[unit]
    except (KeyError, ValueError):
        return None
