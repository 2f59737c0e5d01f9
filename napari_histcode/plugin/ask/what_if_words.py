"""What leaving tiles out changes, in words and numbers: pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from napari_histcode.models.card import HeadRecord
from napari_histcode.plugin.ask.exclusions import tile_mm2
from napari_histcode.plugin.compare.numbers import Line
from napari_histcode.scores.explanation import BagExplanation
from napari_histcode.scores.what_if import Change, WhatIf
from napari_histcode.tiling.grid import TileGrid

MOST_LINES = 8
"""Of more outputs those that change most are shown."""

NOTHING_LEFT = "No tile is left: the model would say its constant of any slide. Leave less out."


def left(found: WhatIf, grid: TileGrid) -> str:
    """Say how many tiles and how much tissue are left."""
    area, n = tile_mm2(grid), len(grid)
    return f"{found.n_kept:,} of {n:,} tiles are left ({found.n_kept * area:.2f} of {n * area:.2f} mm²)."


def change_lines(changes: Sequence[Change]) -> tuple[Line, ...]:
    """Write each prediction before and after, with the difference; of many those that change most."""
    shown = set(range(len(changes)))
    if len(changes) > MOST_LINES:
        order = sorted(shown, key=lambda k: -abs(changes[k].difference))
        shown = set(order[:MOST_LINES])
    return tuple(_line(change) for k, change in enumerate(changes) if k in shown)


def rest_line(changes: Sequence[Change]) -> str:
    """Say that not all outputs are shown; empty if they are."""
    n = len(changes)
    return f"The {MOST_LINES} of {n} outputs that change most." if n > MOST_LINES else ""


def _line(change: Change) -> Line:
    before, after = change.before, change.after
    unit = f" {before.unit}" if before.unit else ""
    return Line(
        name=before.label,
        value=f"{before.value:.2f} \N{RIGHTWARDS ARROW} {after.value:.2f}",
        beside=f"{_signed(change.difference)}{unit}",
        tooltip=(
            f"{before.label}, {before.quantity}: {before.value:.4f} of all tiles, {after.value:.4f} of those "
            f"that are left. Before the activation: {before.raw:.3f} and {after.raw:.3f}."
        ),
    )


def _signed(value: float) -> str:
    """Write a difference with its sign; a true minus."""
    if abs(value) < 0.005:
        return "\N{PLUS-MINUS SIGN}0.00"
    return f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")


def verdict(explanation: BagExplanation, found: WhatIf) -> str:
    """Say whether the predictions of classes stand; empty where there are only quantities."""
    if found.is_empty:
        return NOTHING_LEFT
    said = [
        _of_head(head.record, [one for one in found.changes if one.before.head == head.name])
        for head in explanation.heads
    ]
    return " ".join(text for text in said if text)


def stands(explanation: BagExplanation, found: WhatIf) -> bool:
    """Whether no class changes sides: of 0.5, or for the top where one class excludes the others."""
    return not found.is_empty and all(
        not _turned(head.record, [one for one in found.changes if one.before.head == head.name])
        for head in explanation.heads
    )


def _of_head(record: HeadRecord, changes: Sequence[Change]) -> str:
    if record.activation == "identity" or not changes:
        return ""
    turned = _turned(record, changes)
    if record.activation == "softmax":
        top = max(changes, key=lambda one: one.before.value).before.label
        if not turned:
            return f"The prediction stands: {top} stays the most probable class."
        return f"The prediction does not stand: {turned[0].after.label} takes the place of {top}."
    if not turned:
        return f"The prediction stands: {_counted(changes)} side of 0.5."
    names = ", ".join(
        f"{one.before.label} ({one.before.value:.2f} \N{RIGHTWARDS ARROW} {one.after.value:.2f})"
        for one in turned
    )
    return f"The prediction does not stand: {names} cross{'es' if len(turned) == 1 else ''} 0.5."


def _counted(changes: Sequence[Change]) -> str:
    if len(changes) > 1:
        return f"all {len(changes)} classes stay on their"
    return f"{changes[0].before.label} stays on its"


def _turned(record: HeadRecord, changes: Sequence[Change]) -> list[Change]:
    """List the classes that changed sides."""
    if record.activation == "identity" or not changes:
        return []
    if record.activation == "softmax":
        before = max(changes, key=lambda one: one.before.value)
        after = max(changes, key=lambda one: one.after.value)
        return [] if after is before else [after]
    return [one for one in changes if (one.before.value > 0.5) != (one.after.value > 0.5)]
