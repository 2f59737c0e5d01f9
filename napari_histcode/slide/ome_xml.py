"""Pixel size from the OME-XML of an OME-TIFF."""

from __future__ import annotations

from xml.etree.ElementTree import Element  # for the type only; parsing goes through defusedxml

from napari_histcode.slide.backend import StatedMpp

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
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(xml)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    for element in root.iter():
        if element.tag.rpartition("}")[2] == "Pixels" and _size_of(element) == dimensions:
            x, y = _length_um(element, "X"), _length_um(element, "Y")
            if x is not None and y is not None:
                return StatedMpp(x=x, y=y, source="OME-XML")
    return None


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
