"""Curves and matrices for the panel, on axes that the caller owns, in the colours of its theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.comparison import MapComparison
from napari_histcode.comparison.tile_agreement import AGREEMENT_COLOURS, TileAgreement
from napari_histcode.export.comparisons.figures import draw_dice, draw_froc, draw_precision_recall, draw_roc
from napari_histcode.plugin.compare.mistakes import MATRIX
from napari_histcode.plugin.compare.state import Cut

Curve = Literal["dice", "roc", "precision", "froc"]

CURVE_NAMES: dict[Curve, str] = {
    "dice": "Dice over thresholds",
    "roc": "ROC",
    "precision": "Precision and recall",
    "froc": "Lesions (FROC)",
}

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Inks:
    """Colours of a theme, ``"#rrggbb"``."""

    paper: str
    """Behind everything."""
    text: str
    """Words and numbers."""
    muted: str
    """Ticks and frames."""
    line: str
    """The curve."""
    mark: str
    """The chosen point."""


def curves_of(compared: MapComparison) -> tuple[Curve, ...]:
    """Name the curves that there are: FROC only where there are lesions."""
    found: tuple[Curve, ...] = ("dice", "roc", "precision")
    return (*found, "froc") if compared.lesions.n_lesions else found


def draw_curve(axes: Any, curve: Curve, compared: MapComparison, inks: Inks) -> None:
    """Draw one curve of a map, as the report does, in the theme's colours."""
    if curve == "froc":
        lesions = compared.lesions
        draw_froc(axes, [(compared.label, lesions.curve_false_alarms, lesions.curve_sensitivity)])
    else:
        {"dice": draw_dice, "roc": draw_roc, "precision": draw_precision_recall}[curve](axes, [compared])
    for line in axes.lines:
        is_curve = line.get_label() == compared.label
        line.set_color(inks.line if is_curve else inks.muted)
        line.set_linewidth(1.8 if is_curve else 0.9)
    axes.set_title("")
    restyle(axes, inks)


def curve_points(curve: Curve, compared: MapComparison) -> tuple[Floats, Floats, Floats]:
    """Return the points of a curve with their thresholds: three arrays of equal length.

    The thresholds of the point where nothing is taken yet is infinite.
    """
    if curve == "froc":
        lesions = compared.lesions
        return (
            np.asarray(lesions.curve_false_alarms, np.float64),
            np.asarray(lesions.curve_sensitivity, np.float64),
            np.concatenate([[np.inf], _froc_thresholds(compared)]),
        )
    points = compared.curve
    if curve == "roc":
        return (
            np.concatenate([[0], points.false_positive_rate]),
            np.concatenate([[0], points.sensitivity]),
            np.concatenate([[np.inf], points.threshold]),
        )
    if curve == "precision":
        return points.sensitivity, points.precision, points.threshold
    n_positive, n_negative = compared.ranking.n_positive, compared.ranking.n_negative
    taken = points.sensitivity * n_positive + points.false_positive_rate * n_negative
    return taken / max(n_positive + n_negative, 1), points.dice, points.threshold


def _froc_thresholds(compared: MapComparison) -> Floats:
    """Thresholds of a FROC curve, as `napari_histcode.comparison.lesions.froc` takes them."""
    found = compared.candidates.lesion_value
    values = np.concatenate([found[np.isfinite(found)], compared.candidates.false_alarm_value])
    return np.unique(values)[::-1]


def point_at(curve: Curve, compared: MapComparison, cut: Cut) -> tuple[float, float] | None:
    """Return where the chosen threshold stands on a curve; None where it stands nowhere."""
    rates = cut.rates
    if curve == "dice":
        point = (cut.taken_share, rates["dice"])
    elif curve == "roc":
        point = (1 - rates["specificity"], rates["sensitivity"])
    elif curve == "precision":
        point = (rates["sensitivity"], rates["ppv"])
    else:
        x, y, threshold = curve_points(curve, compared)
        last = int(np.count_nonzero(threshold >= cut.threshold.value)) - 1
        point = (float(x[max(last, 0)]), float(y[max(last, 0)]))
    return point if all(np.isfinite(point)) else None


def nearest_threshold(
    curve: Curve, compared: MapComparison, at: tuple[float, float], size: tuple[float, float]
) -> float | None:
    """Return the threshold of the point of a curve that is nearest to a place.

    Parameters
    ----------
    curve : str
        The curve.
    compared : MapComparison
        Its map.
    at : tuple of float
        The place, in the units of the axes.
    size : tuple of float
        What of those units the axes show, so that both directions count alike.
    """
    x, y, threshold = curve_points(curve, compared)
    known = np.flatnonzero(np.isfinite(x) & np.isfinite(y) & np.isfinite(threshold))
    if not len(known):
        return None
    distance = ((x[known] - at[0]) / size[0]) ** 2 + ((y[known] - at[1]) / size[1]) ** 2
    return float(threshold[known[int(np.argmin(distance))]])


def draw_threshold_matrix(axes: Any, cut: Cut, positive: Sequence[str], inks: Inks) -> None:
    """Draw the two-by-two table at a threshold, each cell in the colour that its tiles have on the slide."""
    numbers = [[cut.counts[kind] for kind in kinds] for kinds in MATRIX]
    colours = [[_cell_colour(kind, inks) for kind in kinds] for kinds in MATRIX]
    name = ", ".join(positive)
    _draw_cells(axes, numbers, colours, (name, "negative"), ("above", "below threshold"), inks)


def draw_class_matrix(axes: Any, matrix: NDArray[np.int64], classes: Sequence[str], inks: Inks) -> None:
    """Draw the matrix of several classes, cells the darker the more of their row they hold."""
    from matplotlib.colors import to_hex, to_rgb

    total = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    paper, line = np.asarray(to_rgb(inks.paper)), np.asarray(to_rgb(inks.line))
    colours = [[to_hex(paper + share * (line - paper)) for share in row] for row in matrix / total]
    _draw_cells(axes, matrix.tolist(), colours, classes, classes, inks)


def _cell_colour(kind: TileAgreement, inks: Inks) -> str:
    rgb = AGREEMENT_COLOURS.get(kind)
    return inks.paper if rgb is None else "#{:02x}{:02x}{:02x}".format(*rgb)


def _draw_cells(
    axes: Any,
    numbers: Sequence[Sequence[int]],
    colours: Sequence[Sequence[str]],
    rows: Sequence[str],
    columns: Sequence[str],
    inks: Inks,
) -> None:
    from matplotlib.patches import Rectangle

    for i, row in enumerate(numbers):
        for j, number in enumerate(row):
            colour = colours[i][j]
            axes.add_patch(Rectangle((j, i), 1, 1, facecolor=colour, edgecolor=inks.muted, linewidth=0.8))
            axes.text(
                j + 0.5, i + 0.5, f"{number:,}", ha="center", va="center", fontsize=9, color=_ink_on(colour)
            )
    axes.set_xlim(0, len(columns))
    axes.set_ylim(len(rows), 0)
    axes.set_xticks(np.arange(len(columns)) + 0.5, [_short(name) for name in columns], fontsize=8)
    axes.set_yticks(np.arange(len(rows)) + 0.5, [_short(name) for name in rows], fontsize=8)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    restyle(axes, inks)
    for side in axes.spines.values():
        side.set_visible(False)


def _short(name: str, most: int = 15) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"


def _ink_on(colour: str) -> str:
    """Black or white, whichever is the more legible on a colour."""
    red, green, blue = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "#ffffff"


def draw_scatter(axes: Any, x: Floats, y: Floats, names: tuple[str, str], inks: Inks) -> None:
    """Draw what was measured over what a map says."""
    axes.plot(x, y, linestyle="", marker="o", markersize=3, color=inks.line, alpha=0.6, markeredgewidth=0)
    axes.set_xlabel(names[0], fontsize=8)
    axes.set_ylabel(names[1], fontsize=8)
    axes.tick_params(labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    restyle(axes, inks)


def restyle(axes: Any, inks: Inks) -> None:
    """Give axes the colours of a theme, and letters that can be read at the width of a panel."""
    axes.set_facecolor(inks.paper)
    axes.figure.set_facecolor(inks.paper)
    axes.tick_params(colors=inks.text, labelsize=8)
    for text in (axes.xaxis.label, axes.yaxis.label):
        text.set_color(inks.text)
        text.set_fontsize(8.5)
    for spine in axes.spines.values():
        spine.set_color(inks.muted)
