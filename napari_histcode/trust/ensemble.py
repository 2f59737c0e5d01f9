"""How much the members of an ensemble disagree, tile by tile and about the slide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.models.card import HeadRecord
from napari_histcode.scores.scores import SlideScores


@dataclass(frozen=True, kw_only=True, eq=False)
class EnsembleSpread:
    """Standard deviation over the heads of one ensemble, for one class or gene."""

    ensemble: str
    """Name of the ensemble."""
    heads: tuple[str, ...]
    """Its members, at least two."""
    output: str
    """Name of the class or gene."""
    label: str
    """The class or gene as shown."""
    mean: float
    """Mean of the members' predictions for the slide."""
    spread: float
    """Standard deviation of the members' predictions, with ``n - 1``."""
    quantity: str
    """What the prediction is: "probability", "log2 fold change" ..."""
    tile_spread: NDArray[np.float32]
    """(n_tiles,) standard deviation of the members' single-tile outputs, before the activation; read-only."""

    def __post_init__(self) -> None:
        self.tile_spread.flags.writeable = False


def ensemble_spread(scores: SlideScores, heads: Sequence[HeadRecord]) -> tuple[EnsembleSpread, ...]:
    """Measure the spread of every ensemble of a model.

    Heads are of one ensemble if their records name the same one and the same outputs.

    Parameters
    ----------
    scores : SlideScores
        With the single-tile maps of those heads.
    heads : sequence of HeadRecord
        The model's heads.

    Returns
    -------
    tuple of EnsembleSpread
        One an ensemble and output; empty where no head has a sibling.
    """
    ensembles: dict[tuple[str, tuple[str, ...]], list[HeadRecord]] = {}
    for head in heads:
        if head.ensemble:
            outputs = tuple(output.name for output in head.outputs)
            ensembles.setdefault((head.ensemble, outputs), []).append(head)
    return tuple(
        _spread(scores, name, members, output)
        for (name, outputs), members in ensembles.items()
        if len(members) > 1
        for output in outputs
    )


def heads_without_siblings(heads: Sequence[HeadRecord]) -> tuple[str, ...]:
    """Return the names of heads whose doubt nobody can measure."""
    kinds = [(head.ensemble, tuple(output.name for output in head.outputs)) for head in heads]
    return tuple(
        head.name
        for head, kind in zip(heads, kinds, strict=True)
        if not head.ensemble or kinds.count(kind) < 2
    )


def _spread(scores: SlideScores, ensemble: str, members: Sequence[HeadRecord], output: str) -> EnsembleSpread:
    names = tuple(head.name for head in members)
    predictions = [p for p in scores.predictions if p.head in names and p.output == output]
    values = np.asarray([prediction.value for prediction in predictions], np.float64)
    tiles = np.stack([scores.map(f"{name}.{output}.single_tile").values for name in names])
    return EnsembleSpread(
        ensemble=ensemble,
        heads=names,
        output=output,
        label=predictions[0].label,
        mean=float(values.mean()),
        spread=float(values.std(ddof=1)),
        quantity=predictions[0].quantity,
        tile_spread=tiles.std(axis=0, ddof=1, dtype=np.float64).astype(np.float32),
    )
