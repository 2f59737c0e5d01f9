r"""What a head says of parts of a bag that lie inside one another, such as the tiles left by a deletion.

A head that is linear after its attention says of any subset :math:`S` of tiles

.. math:: y_S = \frac{\sum_{i \in S} e^{s_i} t_i}{\sum_{i \in S} e^{s_i}},

with logits :math:`s_i` and single-tile outputs :math:`t_i`. Sums over the pieces between two cuts, added up
from one end of an order and from the other, therefore give the whole of a deletion curve and of an insertion
curve at once: :math:`O(n)` after sorting. Every sum is kept relative to its own largest logit, in float64, so
that neither a dominant tile nor its loss costs digits. A head without this form is asked again for every
subset.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_histcode.models.explanation import HeadExplanation

Order = NDArray[np.intp]
"""(n_tiles,) positions of all tiles, each once."""


class NestedOutputs(NamedTuple):
    """Raw outputs of the two parts that a cut makes of an order, for every order and cut."""

    first: NDArray[np.float64]
    """(n_orders, n_cuts, n_outputs) of the tiles before the cut."""
    rest: NDArray[np.float64]
    """(n_orders, n_cuts, n_outputs) of the tiles from the cut on."""


AskNested = Callable[[Sequence[Order], NDArray[np.intp]], NestedOutputs]
"""Gives the outputs for some orders and cuts; cuts rise strictly from 0 to the number of tiles."""


Record = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From raw outputs (..., n_outputs) to the quantity that a curve records (...)."""


def make_cuts(n_tiles: int, n_steps: int, shares: Sequence[float] = ()) -> NDArray[np.intp]:
    """Choose after how many tiles to look: equal steps, and some shares in addition.

    The cuts lie symmetrically, so that a curve read from its other end has the same places.

    Parameters
    ----------
    n_tiles : int
        Tiles; at least one.
    n_steps : int
        Steps from none to all tiles; fewer tiles than that make a step each.
    shares : sequence of float
        Shares of the tiles, each at least one tile and at most all.

    Returns
    -------
    ndarray of int
        From 0 to ``n_tiles``, rising.
    """
    even = np.rint(np.linspace(0, n_tiles, n_steps + 1)).astype(np.intp)
    further = [count_of_share(n_tiles, share) for share in shares]
    counts = np.concatenate([even, np.asarray(further, np.intp)])
    return np.unique(np.concatenate([counts, n_tiles - counts]))


def count_of_share(n_tiles: int, share: float) -> int:
    """Return the number of tiles that a share comes to: at least one, at most all."""
    return min(max(round(n_tiles * share), 1), n_tiles)


def ask_sums(parts: HeadExplanation, columns: Sequence[int] | None = None) -> AskNested:
    """Return the fast way to ask a head that is linear after its attention.

    Parameters
    ----------
    parts : HeadExplanation
        The head's answer about the bag.
    columns : sequence of int, optional
        Only these outputs.
    """
    wanted = slice(None) if columns is None else list(columns)
    single_tile = np.ascontiguousarray(parts.single_tile[:, wanted])
    bias = parts.bias[wanted].astype(np.float64)

    def ask(orders: Sequence[Order], cuts: NDArray[np.intp]) -> NestedOutputs:
        pieces = _sum_pieces(parts.attention_logits, single_tile, orders, cuts)
        backwards = _Pieces(*(part[:, ::-1] for part in pieces))
        return NestedOutputs(first=_add_up(pieces, bias), rest=_add_up(backwards, bias)[:, ::-1])

    return ask


def ask_again(
    outputs_of: Callable[[NDArray[np.intp]], NDArray[np.floating]], empty: NDArray[np.floating]
) -> AskNested:
    """Return the slow way that suits every head: run it on every subset.

    Parameters
    ----------
    outputs_of : callable
        From positions of tiles, at least one, to raw outputs (n_outputs,) of the bag of these tiles alone.
    empty : ndarray, (n_outputs,)
        Raw outputs of an empty bag.
    """

    def ask(orders: Sequence[Order], cuts: NDArray[np.intp]) -> NestedOutputs:
        def outputs(tiles: NDArray[np.intp]) -> NDArray[np.floating]:
            return outputs_of(tiles) if len(tiles) else empty

        return NestedOutputs(
            first=np.array([[outputs(order[:cut]) for cut in cuts] for order in orders], np.float64),
            rest=np.array([[outputs(order[cut:]) for cut in cuts] for order in orders], np.float64),
        )

    return ask


class _Pieces(NamedTuple):
    """Sums over the tiles between neighbouring cuts, relative to the largest logit among them."""

    top: NDArray[np.float64]  # (n_orders, n_pieces) largest logit
    weight: NDArray[np.float64]  # (n_orders, n_pieces) sum of exp(s - top)
    weighted: NDArray[np.float64]  # (n_orders, n_pieces, n_outputs) sum of exp(s - top) t


def _sum_pieces(
    logits: NDArray[np.float32],
    single_tile: NDArray[np.float32],
    orders: Sequence[Order],
    cuts: NDArray[np.intp],
) -> _Pieces:
    starts, lengths = cuts[:-1], np.diff(cuts)
    shape = (len(orders), len(starts))
    pieces = _Pieces(np.empty(shape), np.empty(shape), np.empty((*shape, single_tile.shape[1])))
    for k, order in enumerate(orders):
        ordered = np.take(logits, order).astype(np.float64)
        pieces.top[k] = np.maximum.reduceat(ordered, starts)
        weight = np.exp(ordered - np.repeat(pieces.top[k], lengths))
        pieces.weight[k] = np.add.reduceat(weight, starts)
        values = np.take(single_tile, order, axis=0)
        pieces.weighted[k] = np.add.reduceat(weight[:, None] * values, starts, axis=0)
    return pieces


def _add_up(pieces: _Pieces, empty: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn sums over pieces into outputs of all pieces so far, beginning with none."""
    n_orders, n_pieces, n_outputs = pieces.weighted.shape
    outputs = np.empty((n_orders, n_pieces + 1, n_outputs))
    outputs[:, 0] = empty
    top = np.full(n_orders, -np.inf)
    weight, weighted = np.zeros(n_orders), np.zeros((n_orders, n_outputs))
    for k in range(n_pieces):
        new_top = np.maximum(top, pieces.top[:, k])
        old, new = np.exp(top - new_top), np.exp(pieces.top[:, k] - new_top)
        weight = weight * old + pieces.weight[:, k] * new
        weighted = weighted * old[:, None] + pieces.weighted[:, k] * new[:, None]
        outputs[:, k + 1] = weighted / weight[:, None]
        top = new_top
    return outputs
