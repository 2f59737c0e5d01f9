"""A head's answer about one bag, taken apart; plain arrays, so that no torch is needed to go on from here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CHUNK_TILES = 2048
"""Tiles that are summed at once, so that no second copy of all outputs is made in float64."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadExplanation:
    """The parts of a head's answer about one bag, in float32."""

    attention_logits: NDArray[np.float32]
    """(n_tiles,) s_i; all zero with mean pooling."""
    attention: NDArray[np.float32]
    """(n_tiles,) a_i, not negative, summing to 1."""
    single_tile: NDArray[np.float32]
    """(n_tiles, n_outputs) C h_i + b: what the head says of this tile alone."""
    outputs: NDArray[np.float32]
    """(n_outputs,) y = sum_i a_i single_tile_i, before the activation."""
    bias: NDArray[np.float32]
    """(n_outputs,) b: what the head says of an empty bag, where nothing speaks for or against."""

    def __post_init__(self) -> None:
        for array in (self.attention_logits, self.attention, self.single_tile, self.outputs, self.bias):
            array.flags.writeable = False


def pool_tiles(
    logits: NDArray[np.float32], single_tile: NDArray[np.float32], bias: NDArray[np.float32]
) -> HeadExplanation:
    """Put what a head says of each tile together to what it says of the bag.

    Sums are in float64: over 100,000 tiles the weights are tiny, and float32 drifts.

    Parameters
    ----------
    logits : ndarray, (n_tiles,)
        Attention logits. Where there are no tiles the sum over them is zero, and the head says its bias.
    single_tile : ndarray, (n_tiles, n_outputs)
        Output of each tile alone.
    bias : ndarray, (n_outputs,)
        Bias of the head.
    """
    powers = np.exp(logits.astype(np.float64) - float(logits.max(initial=-np.inf)))
    attention = powers / powers.sum()
    outputs = np.zeros(single_tile.shape[1]) if len(logits) else bias.astype(np.float64)
    for start in range(0, len(logits), CHUNK_TILES):
        chunk = slice(start, start + CHUNK_TILES)
        outputs += attention[chunk] @ single_tile[chunk].astype(np.float64)
    return HeadExplanation(
        attention_logits=logits,
        attention=attention.astype(np.float32),
        single_tile=single_tile,
        outputs=outputs.astype(np.float32),
        bias=bias,
    )
