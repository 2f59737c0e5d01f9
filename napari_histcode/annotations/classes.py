"""Lists of annotation classes with their colours: QuPath's own, and one for colour-blind eyes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from napari_histcode.annotations.annotation import Rgb

SEPARATOR = ": "
"""Between the parts of a derived class, as in "Tumor: Positive"."""

DEFAULT_COLOUR: Rgb = (64, 64, 64)
"""QuPath's colour of a class that nobody gave one."""


@dataclass(frozen=True, kw_only=True)
class AnnotationClass:
    """A class that regions can have."""

    name: str
    """Its name; with ": " between the parts of a derived class, and a trailing "*" if it is ignored."""
    colour: Rgb
    """Its colour."""


@dataclass(frozen=True, kw_only=True)
class ClassList:
    """Classes to choose from, in order; "edit" one by making another."""

    classes: tuple[AnnotationClass, ...]
    """The classes, with distinct names."""

    def __post_init__(self) -> None:
        if len(set(self.names)) < len(self.classes):
            raise ValueError(f"Class names have to differ: {', '.join(self.names)}.")

    def __iter__(self) -> Iterator[AnnotationClass]:
        return iter(self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(entry.name for entry in self.classes)

    def colour_of(self, name: str) -> Rgb:
        """Colour of a class of that name, upper or lower case.

        A derived class that is not listed has the colour of its base; any other class is dark grey.
        """
        colours = {entry.name.casefold(): entry.colour for entry in self.classes}
        for key in (name, name.split(SEPARATOR)[0]):
            if (colour := colours.get(key.casefold())) is not None:
                return colour
        return DEFAULT_COLOUR

    def with_class(self, entry: AnnotationClass) -> ClassList:
        """Return a list in which this class replaces the one of the same name, or comes last."""
        if entry.name not in self.names:
            return ClassList(classes=(*self.classes, entry))
        return ClassList(classes=tuple(entry if c.name == entry.name else c for c in self.classes))

    def without(self, name: str) -> ClassList:
        """Return a list without that class."""
        return ClassList(classes=tuple(entry for entry in self.classes if entry.name != name))


def is_ignored(class_name: str | None) -> bool:
    """Whether QuPath, and so our metrics by default, leave a class out: its name ends with "*"."""
    return class_name is not None and class_name.endswith("*")


def _class_list(**colours: Rgb) -> ClassList:
    names = {"immune_cells": "Immune cells", "region": "Region*", "ignore": "Ignore*"}
    return ClassList(
        classes=tuple(
            AnnotationClass(name=names.get(key, key.capitalize()), colour=colour)
            for key, colour in colours.items()
        )
    )


QUPATH_CLASSES = _class_list(
    tumor=(200, 0, 0),
    stroma=(150, 200, 150),
    immune_cells=(160, 90, 160),
    necrosis=(50, 50, 50),
    other=(255, 200, 0),
    region=(0, 0, 180),
    ignore=(180, 180, 180),
    positive=(200, 50, 50),
    negative=(90, 90, 180),
)
"""QuPath's default classes in its order and colours."""

OKABE_ITO_CLASSES = _class_list(
    tumor=(213, 94, 0),
    stroma=(0, 158, 115),
    immune_cells=(204, 121, 167),
    necrosis=(0, 0, 0),
    other=(230, 159, 0),
    region=(0, 114, 178),
    ignore=(180, 180, 180),
    positive=(240, 228, 66),
    negative=(86, 180, 233),
)
"""The same classes in Okabe and Ito's palette, which colour-blind eyes can tell apart."""
