"""Colours of regions: their own, else the class list's, else the file's, else one by turns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from napari_histcode.annotations import Annotation, AnnotationClass, ClassList
from napari_histcode.annotations.annotation import Rgb
from napari_histcode.annotations.classes import SEPARATOR

FURTHER_COLOURS: tuple[Rgb, ...] = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
)
"""For classes that nobody gave a colour: Okabe and Ito's palette, safe for colour-blind eyes."""

UNCLASSIFIED: Rgb = (255, 215, 0)
"""Of regions without a class: seen on haematoxylin and eosin."""


def colour_of(region: Annotation, classes: ClassList) -> Rgb:
    """Choose the colour in which a region is drawn; equal classes look alike."""
    if region.own_colour is not None:
        return region.own_colour
    if region.class_name is None:
        return region.colour or UNCLASSIFIED
    if is_listed(region.class_name, classes):
        return classes.colour_of(region.class_name)
    return region.colour or UNCLASSIFIED


def is_listed(class_name: str, classes: ClassList) -> bool:
    """Whether a class, or the one that it derives from, is in the list."""
    known = {name.casefold() for name in classes.names}
    return class_name.casefold() in known or class_name.split(SEPARATOR)[0].casefold() in known


def with_classes_of(
    classes: ClassList, regions: Sequence[Annotation], names: Iterable[str | None] | None = None
) -> ClassList:
    """Add the classes that regions have and the list has not, with the colour of the first such region.

    Parameters
    ----------
    classes : ClassList
        The list.
    regions : sequence of Annotation
        The regions.
    names : iterable of str, optional
        Classes of the regions, where they are known already.
    """
    known = {name.casefold() for name in classes.names}
    unknown = set(names if names is not None else (region.class_name for region in regions)) - {
        None,
        *classes.names,
    }
    for name in sorted(name for name in unknown if name is not None and name.casefold() not in known):
        first = next(region for region in regions if region.class_name == name)
        if name.split(SEPARATOR)[0].casefold() in known:
            colour = first.colour or classes.colour_of(name)
        else:
            colour = first.colour or FURTHER_COLOURS[len(classes.names) % len(FURTHER_COLOURS)]
        classes = classes.with_class(AnnotationClass(name=name, colour=colour))
    return classes
