"""Deletion curves of an output's maps, drawn with matplotlib on axes that the caller owns."""

from __future__ import annotations

from typing import Any, Literal

from napari_histcode.export.comparisons.figures import BASELINE_COLOUR, COLOURS, figure_png
from napari_histcode.export.figures.sheet import SOFT_INK
from napari_histcode.scores.faithfulness import OutputFaithfulness
from napari_histcode.scores.scores import MapKind

First = Literal["most", "least"]
"""Which tiles go first."""

KIND_COLOURS: dict[MapKind, str] = {
    "single_tile": COLOURS[0],
    "contribution": COLOURS[1],
    "leave_one_out": COLOURS[2],
    "attention": COLOURS[3],
    "integrated_gradients": COLOURS[4],
}
"""A kind of map has the same colour in every figure."""

_DASHES: dict[MapKind, Any] = {
    "contribution": (0, (4, 2)),
    "leave_one_out": (0, (1, 1.5)),
    "integrated_gradients": (3, (4, 8)),
}
"""Kinds that often lie on top of single-tile."""


def draw_deletion(axes: Any, output: OutputFaithfulness, first: First) -> None:
    """Draw what is recorded over the share of tiles that are gone, one line a map.

    Parameters
    ----------
    axes : matplotlib axes
        Where to draw.
    output : OutputFaithfulness
        The output.
    first : {"most", "least"}
        Whether the most or the least relevant tiles go first.
    """
    random = output.random
    axes.fill_between(random.share, random.low, random.high, color=BASELINE_COLOUR, alpha=0.25, linewidth=0)
    axes.plot(
        random.share, random.mean, color=BASELINE_COLOUR, linewidth=1, linestyle=":", label="random order"
    )
    for one in output.maps:
        axes.plot(
            one.curve.share,
            one.curve.most_first if first == "most" else one.curve.least_first,
            color=KIND_COLOURS.get(one.kind, COLOURS[-1]),
            linestyle=_DASHES.get(one.kind, "-"),
            linewidth=1.5,
            label=one.label,
            zorder=3,
        )
    _finish(axes, output, f"{first} relevant tiles deleted first")


def faithfulness_png(output: OutputFaithfulness) -> bytes:
    """Draw both deletions of an output side by side, as PNG."""
    return figure_png(
        [lambda axes: draw_deletion(axes, output, "most"), lambda axes: draw_deletion(axes, output, "least")]
    )


def _finish(axes: Any, output: OutputFaithfulness, title: str) -> None:
    axes.set_xlabel("share of tiles deleted", fontsize=8)
    axes.set_ylabel(f"{output.label}, {output.quantity}", fontsize=8)
    axes.set_title(title, fontsize=9, loc="left", fontweight="bold")
    axes.set_xlim(0, 1)
    if output.quantity == "probability":
        axes.set_ylim(0, 1.02)
    axes.tick_params(labelsize=7, colors=SOFT_INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
