"""Label and macro of the current slide, for as long as somebody looks at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.slide import Slide
from napari_histcode.slide.slide import RgbImage

GLASS_PICTURES = ("label", "macro")
"""Pictures beside a slide that show its glass; a thumbnail shows the tissue only, as the overview does."""


@dataclass(frozen=True, kw_only=True, eq=False)
class GlassPicture:
    """One of them. It may show a patient's name, and its `repr` does not show it."""

    name: str
    """"label" or "macro"."""
    pixels: RgbImage
    """What the file holds."""
    blurred: RgbImage
    """The same with nothing left to be read."""

    def __repr__(self) -> str:
        return f"GlassPicture({self.name!r})"


@dataclass(kw_only=True, eq=False)
class GlassState:
    """What is to be seen of the glass. Never saved and never exported."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    names: tuple[str, ...] = ()
    """Pictures that the current slide has."""
    is_open: bool = False
    """Whether the user asked to see them."""
    pictures: tuple[GlassPicture, ...] = ()
    """What has been read; empty again as soon as they are closed."""
    text: str = ""
    """Why they cannot be shown, or that they are being read."""


def glass_pictures_of(slide: Slide) -> tuple[str, ...]:
    """Tell which pictures of the glass a slide has, without reading any."""
    names = slide.associated_image_names
    return tuple(name for name in GLASS_PICTURES if name in names)
