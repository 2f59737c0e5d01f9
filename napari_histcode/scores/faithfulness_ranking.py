"""Which map of an output is the most faithful one, and when that cannot be told."""

from __future__ import annotations

from dataclasses import dataclass

from napari_histcode.scores.faithfulness import OutputFaithfulness
from napari_histcode.scores.score import KIND_NAMES


@dataclass(frozen=True, kw_only=True)
class MapRanking:
    """The maps of an output by their SRG."""

    order: tuple[str, ...]
    """Names of the maps, the most faithful one first."""
    tied: tuple[str, ...]
    """The best and all those whose SRG is less behind than two random rankings may differ."""
    is_above_chance: bool
    """Whether the best one is above what rankings by chance reach (95 %)."""
    recommended: str
    """The map to look at: the best, or, where it is tied with the single-tile map, that one."""

    @property
    def best(self) -> str:
        """Name of the map of the greatest SRG."""
        return self.order[0]

    @property
    def is_tie(self) -> bool:
        """Whether more than one map may be the most faithful one."""
        return len(self.tied) > 1


def most_faithful(output: OutputFaithfulness) -> MapRanking:
    """Rank the maps of an output by their SRG.

    Two maps are tied where their SRG differ by no more than chance alone moves it, half the width of
    the random band. Among tied maps the single-tile map is recommended: its values mean the same on every
    slide, whatever the other tiles are.

    Parameters
    ----------
    output : OutputFaithfulness
        From `measure_faithfulness`; at least one map.
    """
    ranked = sorted(output.maps, key=lambda one: -one.srg)
    best, limit = ranked[0], output.random.srg_limit
    tied = [one for one in ranked if best.srg - one.srg <= limit]
    alone = [one.name for one in tied if one.kind == "single_tile"]
    return MapRanking(
        order=tuple(one.name for one in ranked),
        tied=tuple(one.name for one in tied),
        is_above_chance=best.srg > limit,
        recommended=alone[0] if alone else best.name,
    )


def verdict(output: OutputFaithfulness) -> str:
    """Say in one or two sentences which map is the most faithful one, and how far that can be told."""
    ranking = most_faithful(output)
    maps = {one.name: one for one in output.maps}
    chance = f"\N{PLUS-MINUS SIGN}{output.random.srg_limit:.3f}"
    best = f"{KIND_NAMES[maps[ranking.best].kind]} (SRG {maps[ranking.best].srg:.3f})"
    if not ranking.is_above_chance:
        return f"No map ranks tiles better than chance ({chance}); the best is {best}."
    if not ranking.is_tie:
        return f"Most faithful: {best}."
    others = ", ".join(KIND_NAMES[maps[name].kind] for name in ranking.tied if name != ranking.best)
    return (
        f"Most faithful: {best}, tied with {others}, which differ from it by no more than chance ({chance}). "
        f"To look at: {KIND_NAMES[maps[ranking.recommended].kind]}."
    )


def caution(output: OutputFaithfulness) -> str:
    """Say that the head does not predict the class; empty where it does."""
    if not output.is_flagged:
        return ""
    return f"{output.label} is not predicted: the maps say why not, and do not show where it is."
