"""Which regions belong to a class, and which say where somebody looked: names as QuPath uses them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from napari_histcode.annotations import Annotation, is_ignored

UNCLASSIFIED = "(none)"
"""Stands for regions without a class, as in QuPath's list."""

REGION = "region"
"""The one ignored class that says where somebody looked: "Region*"."""


def is_class(name: str | None, wanted: Iterable[str]) -> bool:
    """Whether a region's class is one of those wanted, or derived from one.

    "Tumor" takes "Tumor" and the derived "Tumor: Positive", but not "Tumor bed"; `UNCLASSIFIED` takes
    regions without a class.
    """
    if name is None:
        return UNCLASSIFIED in wanted
    return any(name == other or name.startswith(f"{other}:") for other in wanted)


def is_cut_out(name: str | None, positive: Iterable[str]) -> bool:
    """Whether a region takes its area out of every metric.

    So does every ignored class ("Ignore*", "Necrosis*"), save "Region*", which is where somebody looked, and
    those that are asked for.
    """
    if name is None or is_class(name, positive):
        return False
    base = name.rstrip("*").strip().casefold()
    return base == "ignore" or (is_ignored(name) and base != REGION)


def is_looked_at(name: str | None, positive: Iterable[str]) -> bool:
    """Whether somebody looked at all tissue in a region: it has a class, or unclassified ones are wanted."""
    if name is None:
        return is_class(name, positive)
    return not is_cut_out(name, positive)


def class_names(annotations: Sequence[Annotation]) -> tuple[str, ...]:
    """Names of the classes of some regions, sorted; `UNCLASSIFIED` last if there are any."""
    names = {annotation.class_name for annotation in annotations}
    named = sorted(name for name in names if name is not None)
    return (*named, UNCLASSIFIED) if None in names else tuple(named)
