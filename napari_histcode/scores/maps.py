r"""The exact per-tile maps of a linear head on attention pooling.

With tile embeddings :math:`h_i`, attention weights :math:`a_i` and the slide output
:math:`y_c = c_c \cdot \sum_i a_i h_i + b_c`, the single-tile output is :math:`t_{ic} = c_c \cdot h_i + b_c`.
Everything else follows from it:

- contribution :math:`a_i (t_{ic} - b_c)`, whose sum over tiles plus :math:`b_c` is :math:`y_c`;
- leave-one-out :math:`\frac{a_i}{1 - a_i} (t_{ic} - y_c)`, which is :math:`y_c` minus the output of the
  bag without tile i.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_histcode.models.explanation import HeadExplanation, pool_tiles

Floats = NDArray[np.float32]


def contribution(attention: Floats, single_tile: Floats, bias: Floats) -> Floats:
    """Compute what each tile added to the slide's outputs.

    Parameters
    ----------
    attention : ndarray, (n_tiles,)
        Attention weights; they sum to 1.
    single_tile : ndarray, (n_tiles, n_outputs)
        Output of each tile alone.
    bias : ndarray, (n_outputs,)
        Bias of the head.

    Returns
    -------
    ndarray of float32, (n_tiles, n_outputs)
        Signed, in units of the output.
    """
    return np.asarray(attention[:, None] * (single_tile - bias), dtype=np.float32)


def leave_one_out(parts: HeadExplanation) -> Floats:
    """Compute how much the slide's outputs would fall without each tile.

    Parameters
    ----------
    parts : HeadExplanation
        The head's answer about the bag.

    Returns
    -------
    ndarray of float32, (n_tiles, n_outputs)
        Signed, in units of the output. Without its only tile a bag is empty, and says the bias.
    """
    weight = parts.attention.astype(np.float64)[:, None]
    change = weight * (parts.single_tile - parts.outputs)
    change /= np.maximum(1 - weight, 0.5)
    # where one tile holds most of the attention, 1 - a has lost its digits: leave that one out by hand
    for tile in np.flatnonzero(parts.attention > 0.5):
        rest = np.delete(np.arange(len(parts.attention)), tile)
        without = pool_tiles(parts.attention_logits[rest], parts.single_tile[rest], parts.bias)
        change[tile] = parts.outputs - without.outputs
    return change.astype(np.float32)


def effective_number(attention: Floats) -> float:
    """Count the tiles that share the attention: 1 if one has it all, n for uniform weights, 0 for none."""
    total = float(np.square(attention, dtype=np.float64).sum())
    return 1 / total if total > 0 else 0.0
