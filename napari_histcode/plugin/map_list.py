"""Maps in the order in which a reader wants them: a row for the attention, then one for each output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from napari_histcode.scores.scores import MapKind, SlideScores, TileMap

OUTPUT_KINDS: tuple[MapKind, ...] = ("single_tile", "contribution", "leave_one_out")
"""Kinds of maps that an output has; the first is shown until their faithfulness is known."""


SIGNATURE_QUANTITY = "mean z-score"
"""Heads the list of signatures; the map itself says of how many genes, and against what."""


@dataclass(frozen=True, kw_only=True)
class MapRow:
    """One line of the list of maps."""

    head: str
    """Name of the head."""
    label: str
    """The class or gene as shown, or "attention"."""
    output: str | None = None
    """Name of the class or gene; None for attention and for maps of tools."""
    names: tuple[tuple[MapKind, str], ...]
    """Kinds and the names of their maps."""
    quantity: str = ""
    """What its values are, with their unit: "log2 fold change"; empty for attention and for tools' maps."""

    def name(self, kind: MapKind) -> str:
        """Name of the map of that kind; the row's only one where it has no kinds."""
        return dict(self.names).get(kind, self.names[0][1])

    def __contains__(self, name: object) -> bool:
        return any(name == known for _, known in self.names)


def map_rows(scores: SlideScores, further: Sequence[TileMap] = ()) -> tuple[MapRow, ...]:
    """Arrange all maps in rows, head by head; further ones, which tools made, come last, a row each."""
    outputs = {(p.head, p.output): p.label for p in scores.predictions}
    outputs |= {(m.head, m.output or ""): m.label for m in scores.maps if m.kind == "signature"}
    quantities: dict[tuple[str, str | None], str] = {
        (m.head, m.output): SIGNATURE_QUANTITY if m.kind == "signature" else quantity_of(m)
        for m in scores.maps
        if m.output is not None
    }
    found: dict[tuple[str, str | None], list[tuple[MapKind, str]]] = {}
    for tile_map in scores.maps:
        found.setdefault((tile_map.head, tile_map.output), []).append((tile_map.kind, tile_map.name))
    of_heads = [
        MapRow(
            head=head,
            label="attention" if output is None else outputs.get((head, output), output.replace("_", " ")),
            output=output,
            names=tuple(names),
            quantity=quantities.get((head, output), ""),
        )
        for (head, output), names in found.items()
    ]
    made = [
        MapRow(
            head=m.head,
            label=m.label,
            output=m.output if m.kind == "signature" else None,
            names=((m.kind, m.name),),
            quantity=SIGNATURE_QUANTITY if m.kind == "signature" else "",
        )
        for m in further
        if m.name not in scores.map_names
    ]
    return (*of_heads, *made)


def quantity_of(tile_map: TileMap) -> str:
    """Tell what a map's values are, with the unit where the quantity does not say it."""
    unit = tile_map.unit if tile_map.unit and tile_map.unit not in tile_map.quantity else ""
    return f"{tile_map.quantity}, {unit}" if unit else tile_map.quantity


def first_choice(scores: SlideScores) -> tuple[str, ...]:
    """Name the maps to begin with: the single-tile map of the top output, then that head's attention."""
    head = scores.maps[0].head if scores.maps else ""
    of_head = [p for p in scores.predictions if p.head == head]
    top = max(of_head, key=lambda p: p.value).output if of_head else None
    wanted = [(head, top, "single_tile"), (head, None, "attention")]
    by_place = {(m.head, m.output, m.kind): m.name for m in scores.maps}
    return tuple(by_place[place] for place in wanted if place in by_place)


@dataclass(frozen=True, kw_only=True)
class RowGroup:
    """Rows of one head whose values are the same quantity."""

    title: str
    """The head and the quantity: "genes · log2 fold change"."""
    rows: tuple[MapRow, ...]
    """The rows."""


def group_rows(rows: Sequence[MapRow]) -> tuple[RowGroup, ...]:
    """Put rows together that can stand under one heading; attention stands with its head's first outputs."""
    groups: dict[tuple[str, str], list[MapRow]] = {}
    first = {row.head: row.quantity for row in reversed(rows) if row.quantity}
    for row in rows:
        groups.setdefault((row.head, row.quantity or first.get(row.head, "")), []).append(row)
    return tuple(
        RowGroup(title=head_title(head, quantity), rows=tuple(own))
        for (head, quantity), own in groups.items()
    )


def head_title(head: str, quantity: str) -> str:
    """Name a head and what its values are: "genes · log2 fold change"."""
    return " · ".join(part for part in (head.replace("_", " "), quantity) if part)
