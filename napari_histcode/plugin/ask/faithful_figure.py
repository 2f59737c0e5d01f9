"""Deletion and insertion curves of one map, the other maps behind, drawn in a theme's colours."""

from __future__ import annotations

from typing import Any

from napari_histcode.plugin.compare.figures import Inks, restyle
from napari_histcode.scores.faithfulness import MapFaithfulness, OutputFaithfulness

MOST, LEAST = "most relevant first", "least relevant first"


def draw_curves(
    axes: Any, output: OutputFaithfulness, shown: MapFaithfulness | None, inks: Inks, *, is_insertion: bool
) -> None:
    """Draw what the model says while tiles go, or while they come.

    Parameters
    ----------
    axes : matplotlib axes
        Where to draw.
    output : OutputFaithfulness
        The measured output.
    shown : MapFaithfulness, optional
        The map in question; all others are thin lines.
    inks : Inks
        Colours of the theme.
    is_insertion : bool
        Whether tiles are added: the same bags, in the other direction.
    """
    random = output.random
    low, high, mean = (one[::-1] if is_insertion else one for one in (random.low, random.high, random.mean))
    axes.fill_between(random.share, low, high, color=inks.muted, alpha=0.35, linewidth=0)
    axes.plot(random.share, mean, color=inks.muted, linewidth=1, linestyle=":", label="random order")
    for one in output.maps:
        if shown is None or one.name != shown.name:
            for values in _curves(one, is_insertion=is_insertion):
                axes.plot(one.curve.share, values, color=inks.muted, linewidth=0.6)
    if shown is not None:
        most, least = _curves(shown, is_insertion=is_insertion)
        axes.plot(shown.curve.share, most, color=inks.mark, linewidth=1.8, label=MOST)
        axes.plot(shown.curve.share, least, color=inks.line, linewidth=1.8, label=LEAST)
    axes.set_xlim(0, 1)
    if output.quantity == "probability":
        axes.set_ylim(0, 1.02)
    axes.set_xlabel(f"share of tiles {'there' if is_insertion else 'gone'}")
    axes.set_ylabel(_short(f"{output.label}, {output.quantity}"))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    restyle(axes, inks)
    legend = axes.legend(fontsize=7.5, frameon=False, loc="best")
    for text in legend.get_texts():
        text.set_color(inks.text)


def _curves(one: MapFaithfulness, *, is_insertion: bool) -> tuple[Any, Any]:
    """Return the curve with the most relevant tiles first, and the one with the least relevant first."""
    curve = one.curve
    if is_insertion:
        return curve.insert_most_first, curve.insert_least_first
    return curve.most_first, curve.least_first


def _short(text: str, most: int = 34) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
