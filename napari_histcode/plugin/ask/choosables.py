"""What can be left out of a slide: the lines of the list, from regions, artefacts and clicks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.classes_of import UNCLASSIFIED
from napari_histcode.plugin.ask.exclusions import Exclusions, is_artefact
from napari_histcode.plugin.ask.tasks import Artefacts
from napari_histcode.plugin.ask.what_if_state import Choosable
from napari_histcode.plugin.compare.offers import count_classes
from napari_histcode.tissue.quality import ARTEFACTS, Artefact

REGIONS, SELECTED, ARTEFACT, CLICKED = "regions:", "selected", "artefact:", "clicked"
"""Keys, or how they begin."""


def list_choosables(
    annotations: Sequence[Annotation],
    selected: Collection[str],
    artefacts: Artefacts | None,
    clicked: Collection[int],
    ticked: Collection[str],
) -> tuple[Choosable, ...]:
    """List all that can be left out, in a fixed order.

    Parameters
    ----------
    annotations : sequence of Annotation
        Regions on the slide.
    selected : collection of str
        Ids of those that are selected on the page Annotate.
    artefacts : Artefacts, optional
        Where they were looked for.
    clicked : collection of int
        Tiles that were clicked.
    ticked : collection of str
        Keys of the lines that are ticked.
    """
    lines = [
        (f"{REGIONS}{name}", f"Regions: {name}", _regions(number))
        for name, number in count_classes(annotations).items()
    ]
    n_selected = sum(1 for one in annotations if one.has_area and one.id in selected)
    if n_selected:
        lines.append((SELECTED, "Selected regions", _regions(n_selected)))
    if artefacts is not None:
        lines += [
            (f"{ARTEFACT}{int(kind)}", _sentence_case(kind.label), _artefact_amount(artefacts, kind))
            for kind in ARTEFACTS
        ]
    if clicked:
        lines.append((CLICKED, "Clicked tiles", _tiles(len(clicked))))
    return tuple(
        Choosable(key=key, label=label, amount=amount, is_on=key in ticked) for key, label, amount in lines
    )


def exclusions_of(
    annotations: Sequence[Annotation],
    selected: Collection[str],
    artefacts: Artefacts | None,
    clicked: frozenset[int],
    ticked: Collection[str],
    *,
    is_only_inside: bool,
) -> Exclusions:
    """Gather what the ticked lines leave out; the arguments are those of `list_choosables`."""
    regions: list[BaseGeometry] = [
        one.geometry
        for one in annotations
        if one.has_area
        and (
            f"{REGIONS}{one.class_name or UNCLASSIFIED}" in ticked
            or (SELECTED in ticked and one.id in selected)
        )
    ]
    return Exclusions(
        regions=tuple(regions),
        is_only_inside=is_only_inside,
        artefacts=tuple(kind for kind in ARTEFACTS if f"{ARTEFACT}{int(kind)}" in ticked),
        quality=artefacts.tiles if artefacts is not None else None,
        clicked=clicked if CLICKED in ticked else frozenset(),
    )


def _artefact_amount(artefacts: Artefacts, kind: Artefact) -> str:
    reason = artefacts.mask.not_assessed.get(kind)
    if reason is not None:
        return "not assessed"
    area = artefacts.mask.area_mm2[kind]
    if area == 0:
        return "none"
    return f"{area:.2f} mm² · {_tiles(int(is_artefact(artefacts.tiles, (kind,)).sum()))}"


def _sentence_case(text: str) -> str:
    return text[:1].upper() + text[1:]


def _regions(number: int) -> str:
    return f"{number:,} region{'' if number == 1 else 's'}"


def _tiles(number: int) -> str:
    return f"{number:,} tile{'' if number == 1 else 's'}"
