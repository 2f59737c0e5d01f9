"""How faithfulness is put into words for the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_histcode.plugin.wording import KIND_LABELS
from napari_histcode.scores.faithfulness import MapFaithfulness, OutputFaithfulness
from napari_histcode.scores.faithfulness_config import FaithfulnessConfig
from napari_histcode.scores.faithfulness_ranking import most_faithful
from napari_histcode.scores.scores import MapKind

if TYPE_CHECKING:
    from napari_histcode.scores.integrated_gradients import IntegratedGradients

SHOWN_SHARE = 0.1
"""Share of the most relevant tiles whose sufficiency and necessity are shown, as on the command line."""

HEADINGS = ("map", "SRG\n↑", "MoRF\n↓", "LeRF\n↑", "10 %\nonly", "10 %\ngone")
SHORT: dict[MapKind, str] = {"integrated_gradients": "integrated gr."}
"""Kinds whose names are too long for the table."""
MEANINGS = (
    "The kind of map; choose one to see its curves",
    "Symmetric relevance gain: AUPC LeRF less AUPC MoRF. 0 is a ranking by chance; higher is better.",
    "AUPC MoRF: mean of the output while the most relevant tiles go first. Lower is better.",
    "AUPC LeRF: mean of the output while the least relevant tiles go first. Higher is better.",
    "Sufficiency: the output with nothing but the 10 % most relevant tiles",
    "Necessity: the output without the 10 % most relevant tiles",
)


def number(value: float) -> str:
    """Write a number of the table: three decimals, or three digits where it is large."""
    text = f"{value:.3f}" if abs(value) < 10 else f"{value:.3g}"
    return text.replace("-", "\N{MINUS SIGN}")


def cells(one: MapFaithfulness) -> tuple[str, ...]:
    """Write a map's row under `HEADINGS`."""
    place = FaithfulnessConfig().top_shares.index(SHOWN_SHARE)
    values = (
        one.srg, one.curve.aupc_morf, one.curve.aupc_lerf, one.sufficiency[place], one.necessity[place],
    )  # fmt: skip
    return (SHORT.get(one.kind, KIND_LABELS[one.kind]), *(number(value) for value in values))


def chance(output: OutputFaithfulness) -> str:
    """Say what rankings by chance reach."""
    limit = number(output.random.srg_limit)
    n = len(output.random.srg)
    return f"SRG of {n} random rankings: \N{MINUS SIGN}{limit} to {limit} (95 %)."


def row_tooltip(one: MapFaithfulness) -> str:
    """Say how likely a map's SRG is by chance."""
    ties = f" Ties were broken in {one.n_orders} orders; curves are their mean." if one.n_orders > 1 else ""
    return f"{one.label}: SRG {number(one.srg)}; share of random rankings that do as well: {one.p:.3f}.{ties}"


def subject(output: OutputFaithfulness) -> str:
    """Say what the model says of the slide, and of no tile at all."""
    return f"{output.label}: {output.quantity} {number(output.value)}, of no tile {number(output.empty)}."


def attention(output: OutputFaithfulness, n_tiles: int) -> str:
    """Say how many tiles share the attention."""
    tiles = output.effective_tiles
    about = f"{tiles:.1f}" if tiles < 10 else f"{tiles:,.0f}"
    nearly_all = " It has hardly a say." if tiles > 0.9 * n_tiles else ""
    return f"Attention rests on about {about} of {n_tiles:,} tiles (effective number).{nearly_all}"


def note(output: OutputFaithfulness) -> str:
    """Say quietly beside the list of maps which one is the most faithful."""
    ranking = most_faithful(output)
    if not ranking.is_above_chance:
        return "no map above chance"
    kinds = {one.name: one.kind for one in output.maps}
    tied = " (tied)" if ranking.is_tie else ""
    return f"most faithful: {KIND_LABELS[kinds[ranking.recommended]]}{tied}"


def completeness(found: IntegratedGradients, seconds: float) -> str:
    """Say how well integrated gradients add up to the change of the output."""
    residual, tolerance = float(abs(found.residual[0])), float(found.tolerance[0])
    held = "within" if residual <= tolerance else "beyond"
    return (
        f"Integrated gradients in {max(1, round(seconds))} s: {found.n_steps} steps; they miss the change of "
        f"the output by {residual:.2g}, {held} the tolerance of {tolerance:.2g}."
    )
