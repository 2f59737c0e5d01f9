"""Figures of an evaluation, drawn with matplotlib, as PNG."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from histcode_training.measures.classes import ArmClasses
from histcode_training.measures.fold_change import FoldChangeCurve
from histcode_training.measures.genes import ArmGenes
from napari_histcode.export.comparisons.figures import BASELINE_COLOUR, COLOURS

DPI = 150
MOST_GENES = 40
"""Genes with a bar of their own: those that are predicted best."""


def curve_png(curve: FoldChangeCurve) -> bytes:
    """Draw r of each gene over |log2 fold change|."""

    def draw(axes: Any) -> None:
        axes.axhline(0, color=BASELINE_COLOUR, linewidth=0.8, linestyle=":")
        axes.scatter(curve.size, curve.pearson, s=14, color=COLOURS[0], alpha=0.7, linewidths=0)
        _finish(axes, "|log2 fold change|", "Pearson's r", f"rank correlation {curve.spearman}")

    return _png([draw], width=4.8)


def genes_png(arms: Sequence[ArmGenes]) -> bytes:
    """Draw the model's best genes with intervals, and the distribution of r of every arm."""
    model = arms[0]
    rows = sorted((row for row in model.rows if row.pearson.is_defined), key=lambda row: -row.pearson.value)[
        :MOST_GENES
    ]

    def best(axes: Any) -> None:
        place = np.arange(len(rows))
        value = np.array([row.pearson.value for row in rows])
        ends = np.array([[row.pearson.low, row.pearson.high] for row in rows]).reshape(-1, 2)
        axes.axvline(0, color=BASELINE_COLOUR, linewidth=0.8, linestyle=":")
        for k in place:
            axes.plot(ends[k], [k, k], color=BASELINE_COLOUR, linewidth=1)
        colours = [COLOURS[2] if row.is_predicted else COLOURS[0] for row in rows]
        axes.scatter(value, place, s=14, c=colours, zorder=3)
        axes.set_yticks(place, [row.gene for row in rows], fontsize=6)
        axes.invert_yaxis()
        _finish(axes, "Pearson's r, 95 %", "", "genes predicted best")

    def spread(axes: Any) -> None:
        values = [[r.pearson.value for r in arm.rows if r.pearson.is_defined] for arm in arms]
        shown = [(arm.arm, one) for arm, one in zip(arms, values, strict=True) if one]
        axes.axhline(0, color=BASELINE_COLOUR, linewidth=0.8, linestyle=":")
        axes.boxplot([one for _, one in shown], widths=0.6, medianprops={"color": COLOURS[1]})
        axes.set_xticks(
            range(1, len(shown) + 1), [name for name, _ in shown], rotation=30, ha="right", fontsize=7
        )
        _finish(axes, "", "Pearson's r over genes", "every arm")

    return _png([best, spread], width=4.4, height=max(3.4, 0.16 * len(rows) + 1))


def classes_png(arms: Sequence[ArmClasses]) -> bytes:
    """Draw AUROC of every class and arm with intervals, and the model's reliability."""
    shown = arms[: len(COLOURS)]

    def ranking(axes: Any) -> None:
        names = [row.name for row in shown[0].rows]
        for k, (arm, colour) in enumerate(zip(shown, COLOURS, strict=False)):
            place = np.arange(len(names)) + (k - (len(shown) - 1) / 2) * 0.12
            for x, row in zip(place, arm.rows, strict=True):
                axes.plot([x, x], [row.auroc.low, row.auroc.high], color=colour, linewidth=1)
            axes.scatter(place, [row.auroc.value for row in arm.rows], s=14, color=colour, label=arm.arm)
        axes.axhline(0.5, color=BASELINE_COLOUR, linewidth=0.8, linestyle=":")
        axes.set_xticks(range(len(names)), names, fontsize=7)
        axes.legend(fontsize=6, frameon=False)
        _finish(axes, "", "AUROC, 95 %", "classes told apart")

    def reliable(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=BASELINE_COLOUR, linewidth=0.8, linestyle=":")
        bins = shown[0].bins
        axes.plot(
            [b.mean_probability for b in bins], [b.positive_share for b in bins],
            color=COLOURS[0], marker="o", markersize=3, linewidth=1.2,
        )  # fmt: skip
        _finish(axes, "probability", "share that is right", f"reliability, {shown[0].arm}")

    return _png([ranking, reliable], width=4.4)


def _png(draws: Sequence[Callable[[Any], None]], *, width: float, height: float = 3.6) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(width * len(draws), height), dpi=DPI, layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    for k, draw in enumerate(draws, start=1):
        draw(figure.add_subplot(1, len(draws), k))
    encoded = io.BytesIO()
    canvas.print_png(encoded, metadata={"Software": None})
    return encoded.getvalue()


def _finish(axes: Any, x: str, y: str, title: str) -> None:
    axes.set_xlabel(x, fontsize=8)
    axes.set_ylabel(y, fontsize=8)
    axes.set_title(title, fontsize=9, loc="left", fontweight="bold")
    axes.tick_params(labelsize=7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
