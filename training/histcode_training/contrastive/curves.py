"""The log of a training run as curves, a PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from napari_histcode.export.comparisons.figures import BASELINE_COLOUR, COLOURS

DPI = 120

Rows = Sequence[Mapping[str, float]]


def curves_png(rows: Rows) -> bytes:
    """Draw loss and health signals over the epochs.

    Parameters
    ----------
    rows : sequence of mapping
        Rows of `histcode_training.contrastive.history`; at least one.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure: Any = Figure(figsize=(12, 6), dpi=DPI, layout="constrained")
    canvas: Any = FigureCanvasAgg(figure)
    for k, draw in enumerate((_loss, _contest, _negatives, _ranks, _slides, _rates), start=1):
        draw(figure.add_subplot(2, 3, k), rows)
    encoded = io.BytesIO()
    canvas.print_png(encoded, metadata={"Software": None})
    return encoded.getvalue()


def _loss(axes: Any, rows: Rows) -> None:
    _plot(axes, rows, {"loss": "loss"})
    _finish(axes, "loss")


def _contest(axes: Any, rows: Rows) -> None:
    _plot(axes, rows, {"ranked_first": "positives ranked first", "negative_mass": "mass of the bank"})
    axes.set_ylim(-0.02, 1.02)
    _finish(axes, "network against negatives")


def _negatives(axes: Any, rows: Rows) -> None:
    _plot(
        axes, rows, {"hardest_negative": "cosine of the hardest negative", "spread": "spread of the queries"}
    )
    axes.axhline(0, color=BASELINE_COLOUR, linewidth=0.8, linestyle=":")
    _finish(axes, "on the sphere: spread near 0 is a collapse")


def _ranks(axes: Any, rows: Rows) -> None:
    _plot(axes, rows, {"feature_rank": "features", "bank_rank": "bank"})
    _finish(axes, "effective rank")


def _slides(axes: Any, rows: Rows) -> None:
    _plot(axes, rows, {"purity": "nearest neighbour", "purity_chance": "by chance"})
    _finish(axes, "of the same slide: low is good")


def _rates(axes: Any, rows: Rows) -> None:
    _plot(axes, rows, {"learning_rate": "network", "bank_learning_rate": "bank"})
    axes.set_yscale("symlog", linthresh=1e-4)
    _finish(axes, "learning rate")


def _plot(axes: Any, rows: Rows, names: Mapping[str, str]) -> None:
    epochs = [row["epoch"] for row in rows]
    for (name, label), colour in zip(names.items(), COLOURS, strict=False):
        axes.plot(epochs, [row[name] for row in rows], color=colour, linewidth=1.2, label=label)
    if len(names) > 1:
        axes.legend(fontsize=7, frameon=False)


def _finish(axes: Any, title: str) -> None:
    axes.set_xlabel("epoch", fontsize=8)
    axes.set_title(title, fontsize=9, loc="left", fontweight="bold")
    axes.tick_params(labelsize=7)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
