"""The curves of a comparison, drawn with matplotlib on axes that the caller owns."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from napari_histcode.comparison.comparison import Comparison, MapComparison
from napari_histcode.comparison.lesions import FALSE_ALARMS
from napari_histcode.export.figures.sheet import SOFT_INK

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D00")
"""Colours of curves that people with any colour vision tell apart (Okabe and Ito; the last one darkened)."""

BASELINE_COLOUR = "#8a8a8a"
MOST_CURVES = len(COLOURS)
"""Maps whose curves are drawn: those that rank best."""

DPI = 150


def shown_maps(maps: Sequence[MapComparison]) -> list[MapComparison]:
    """Choose the maps whose curves are drawn: all, or those of many that have the greatest AUROC."""
    if len(maps) <= MOST_CURVES:
        return list(maps)
    best = sorted(maps, key=lambda one: -np.nan_to_num(one.ranking.auroc.value, nan=-1))[:MOST_CURVES]
    return [one for one in maps if one in best]


def draw_roc(axes: Any, maps: Sequence[MapComparison], baselines: Sequence[MapComparison] = ()) -> None:
    """Draw sensitivity over false-positive rate."""
    axes.plot([0, 1], [0, 1], color=BASELINE_COLOUR, linewidth=0.8, linestyle=":")
    _draw(
        axes, maps, baselines, lambda one: _from_origin(one.curve.false_positive_rate, one.curve.sensitivity)
    )
    _finish(axes, "1 - specificity", "sensitivity", "ROC")


def draw_precision_recall(
    axes: Any, maps: Sequence[MapComparison], baselines: Sequence[MapComparison] = ()
) -> None:
    """Draw precision over recall, with the precision of a random map."""
    if maps:
        axes.axhline(maps[0].ranking.prevalence, color=BASELINE_COLOUR, linewidth=0.8, linestyle=":")
    _draw(axes, maps, baselines, lambda one: (one.curve.sensitivity, one.curve.precision))
    _finish(axes, "recall", "precision", "Precision and recall")


def draw_dice(axes: Any, maps: Sequence[MapComparison], baselines: Sequence[MapComparison] = ()) -> None:
    """Draw Dice over the share of tiles above the threshold, so that maps of any unit fit one plot."""

    def points(one: MapComparison) -> tuple[Any, Any]:
        n_positive, n_negative = one.ranking.n_positive, one.ranking.n_negative
        taken = one.curve.sensitivity * n_positive + one.curve.false_positive_rate * n_negative
        return taken / max(n_positive + n_negative, 1), one.curve.dice

    _draw(axes, maps, baselines, points)
    _finish(axes, "share of tiles above the threshold", "Dice of tiles", "Dice over thresholds")


def draw_reliability(axes: Any, maps: Sequence[MapComparison], colours: Mapping[str, str]) -> None:
    """Draw the share of positive tiles over the mean probability of every bin; colours by name of map."""
    axes.plot([0, 1], [0, 1], color=BASELINE_COLOUR, linewidth=0.8, linestyle=":")
    for one in maps:
        bins = [b for b in one.calibration.bins if b.n_tiles] if one.calibration is not None else []
        axes.plot(
            [b.mean_probability for b in bins],
            [b.positive_share for b in bins],
            color=colours[one.name],
            marker="o",
            markersize=3,
            linewidth=1.2,
            label=one.label,
        )
    _finish(axes, "mean probability", "share of positive tiles", "Reliability")


def draw_froc(axes: Any, curves: Sequence[tuple[str, Sequence[float], Sequence[float]]]) -> None:
    """Draw sensitivity for lesions over mean false alarms: curves of name, false alarms and sensitivities."""
    for colour, (name, alarms, sensitivity) in zip(COLOURS, curves, strict=False):
        axes.step(alarms, sensitivity, where="post", color=colour, linewidth=1.4, label=name)
    _finish(axes, "false alarms a slide", "lesions found", "FROC")
    axes.set_xlim(0, max(FALSE_ALARMS))


def comparison_png(comparison: Comparison) -> bytes:
    """Draw all curves of a comparison side by side, as PNG."""
    maps, baselines = shown_maps(comparison.maps), comparison.baselines
    colours = dict(zip([one.name for one in maps], COLOURS, strict=False))
    draws: list[Callable[[Any], None]] = [
        lambda axes: draw_roc(axes, maps, baselines),
        lambda axes: draw_precision_recall(axes, maps, baselines),
        lambda axes: draw_dice(axes, maps, baselines),
    ]
    calibrated = [one for one in maps if one.calibration is not None]
    if calibrated:
        draws.append(lambda axes: draw_reliability(axes, calibrated, colours))
    if comparison.maps and comparison.maps[0].lesions.n_lesions:
        curves = [(one.label, one.lesions.curve_false_alarms, one.lesions.curve_sensitivity) for one in maps]
        draws.append(lambda axes: draw_froc(axes, curves))
    return figure_png(draws)


def figure_png(draws: Sequence[Callable[[Any], None]], *, columns: int = 3) -> bytes:
    """Draw plots in a grid, the legend of the first one in a place of its own, as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    n_places = len(draws) + 1
    n_rows = -(-n_places // columns)
    figure: Any = Figure(figsize=(3.6 * columns, 3.4 * n_rows), dpi=DPI, layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    axes = [figure.add_subplot(n_rows, columns, k + 1) for k in range(n_places)]
    for one, draw in zip(axes, draws, strict=False):
        draw(one)
    handles, labels = axes[0].get_legend_handles_labels()
    axes[-1].axis("off")
    axes[-1].legend(handles, labels, loc="upper left", fontsize=7.5, frameon=False, borderaxespad=0)
    encoded = io.BytesIO()
    canvas.print_png(encoded, metadata={"Software": None})
    return encoded.getvalue()


def _draw(
    axes: Any,
    maps: Sequence[MapComparison],
    baselines: Sequence[MapComparison],
    points: Callable[[MapComparison], tuple[Any, Any]],
) -> None:
    for colour, one in zip(COLOURS, maps, strict=False):
        axes.plot(*points(one), color=colour, linewidth=1.5, label=one.label, zorder=3)
    for style, one in zip(("--", ":", "-.", (0, (6, 2)), (0, (1, 3))), baselines, strict=False):
        axes.plot(*points(one), color=BASELINE_COLOUR, linewidth=1.0, linestyle=style, label=one.label)


def _from_origin(x: Any, y: Any) -> tuple[Any, Any]:
    return np.concatenate([[0], x]), np.concatenate([[0], y])


def _finish(axes: Any, x: str, y: str, title: str) -> None:
    axes.set_xlabel(x, fontsize=8)
    axes.set_ylabel(y, fontsize=8)
    axes.set_title(title, fontsize=9, loc="left", fontweight="bold")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.tick_params(labelsize=7, colors=SOFT_INK)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
