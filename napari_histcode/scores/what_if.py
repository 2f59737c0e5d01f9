"""What the model would say if some tiles were not there: exact, and without encoding anything again.

The heads pool tiles that they have judged one by one, so that leaving tiles out only changes the weights. The
answer is that of a bag of the kept tiles alone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_histcode.scores.explanation import BagExplanation
from napari_histcode.scores.score import predictions_of, scores_of
from napari_histcode.scores.scores import Prediction, SlideScores, TileMap


@dataclass(frozen=True, kw_only=True)
class Change:
    """One prediction before and after tiles were left out."""

    before: Prediction
    """Of all tiles."""
    after: Prediction
    """Of the kept tiles."""

    @property
    def difference(self) -> float:
        """Change of the value, in its own unit: of the probability, or of the regressed quantity."""
        return self.after.value - self.before.value

    @property
    def raw_difference(self) -> float:
        """Change before the activation."""
        return self.after.raw - self.before.raw


@dataclass(frozen=True, kw_only=True, eq=False)
class WhatIf:
    """What a model says of some of a slide's tiles, beside what it says of all."""

    scores: SlideScores
    """Predictions and maps of the kept tiles, on the grid of all; maps are NaN where a tile is left out."""
    changes: tuple[Change, ...]
    """One for each prediction."""
    is_kept: NDArray[np.bool_]
    """(n_tiles,) which tiles were kept; read-only."""

    def __post_init__(self) -> None:
        self.is_kept.flags.writeable = False

    @property
    def n_kept(self) -> int:
        """Tiles that were kept."""
        return int(self.is_kept.sum())

    @property
    def is_empty(self) -> bool:
        """Whether no tile is left: predictions are then each head's bias and say nothing of the slide."""
        return not self.is_kept.any()


def what_if(
    explanation: BagExplanation, is_kept: NDArray[np.bool_], *, maps: Collection[str] | None = None
) -> WhatIf:
    """Answer as if only some tiles were there.

    Parameters
    ----------
    explanation : BagExplanation
        The answer about all tiles; made once a slide.
    is_kept : ndarray of bool, (n_tiles,)
        The tiles to keep. With none, the answer is that of an empty bag: the bias of each head.
    maps : collection of str, optional
        Names of the maps to compute, those that are looked at; all of them if not given, and with an empty
        collection predictions alone.

    Raises
    ------
    ValueError
        If there is not one boolean a tile.
    """
    if is_kept.shape != (len(explanation),) or is_kept.dtype != np.bool_:
        raise ValueError(
            f"is_kept has one boolean for each of {len(explanation)} tiles, not {is_kept.dtype} "
            f"{is_kept.shape}."
        )
    rest = scores_of(explanation.select(is_kept), maps=maps)
    before = [prediction for head in explanation.heads for prediction in predictions_of(head)]
    return WhatIf(
        scores=replace(
            rest, grid=explanation.grid, maps=tuple(_spread(tile_map, is_kept) for tile_map in rest.maps)
        ),
        changes=tuple(
            Change(before=one, after=other) for one, other in zip(before, rest.predictions, strict=True)
        ),
        is_kept=is_kept.copy(),
    )


def _spread(tile_map: TileMap, is_kept: NDArray[np.bool_]) -> TileMap:
    """Put the values of the kept tiles in their places among all tiles."""
    values = np.full(len(is_kept), np.nan, np.float32)
    values[is_kept] = tile_map.values
    return replace(tile_map, values=values)
