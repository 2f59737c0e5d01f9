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


def leave_one_out(attention: Floats, single_tile: Floats, outputs: Floats, bias: Floats) -> Floats:
    """Compute how much the slide's outputs would fall without each tile.

    Parameters
    ----------
    attention : ndarray, (n_tiles,)
        Attention weights; they sum to 1.
    single_tile : ndarray, (n_tiles, n_outputs)
        Output of each tile alone.
    outputs : ndarray, (n_outputs,)
        Outputs of the whole bag.
    bias : ndarray, (n_outputs,)
        Bias of the head: what it says of an empty bag.

    Returns
    -------
    ndarray of float32, (n_tiles, n_outputs)
        Signed, in units of the output.
    """
    weight = attention.astype(np.float64)[:, None]
    rest = 1 - weight
    with np.errstate(divide="ignore", invalid="ignore"):
        change = weight / rest * (single_tile - outputs)
    # A tile with all the attention leaves nothing behind: the empty bag says the bias.
    return np.where(rest > 0, change, outputs - bias).astype(np.float32)


def effective_number(attention: Floats) -> float:
    """Count the tiles that share the attention: 1 for one dominant tile, n for uniform weights."""
    return float(1 / np.square(attention, dtype=np.float64).sum())
