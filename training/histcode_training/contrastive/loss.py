"""The contrastive losses as functions of tensors.

With unit queries q_i, keys k_i and negatives d_j (Hu et al., CVPR 2021, arXiv 2011.08435; He et al., CVPR
2020, arXiv 1911.05722, without the other keys m):

    L = -1/N sum_i log [ exp(q_i.k_i/tau) / ( sum_m exp(q_i.k_m/tau) + sum_j exp(q_i.d_j/tau) ) ]

SimCLR's NT-Xent (Chen et al., ICML 2020, arXiv 2002.05709) takes both views as anchors, and all other views
of the batch as negatives, those of the anchor's own kind included.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def unit(x: Tensor) -> Tensor:
    """Bring rows to length 1 in float32: (n, C) to (n, C)."""
    return functional.normalize(x.float(), dim=1)


def contrast_logits(queries: Tensor, keys: Tensor, negatives: Tensor, temperature: float) -> Tensor:
    """Return cosines over the temperature.

    Parameters
    ----------
    queries : Tensor
        (n, C) unit rows.
    keys : Tensor
        (N, C) unit rows.
    negatives : Tensor
        (C, K) unit columns; K may be 0.
    temperature : float
        tau.

    Returns
    -------
    Tensor
        (n, N + K): of the keys, then of the negatives.
    """
    return torch.cat([queries @ keys.T, queries @ negatives], dim=1) / temperature


def info_nce(
    queries: Tensor, keys: Tensor, negatives: Tensor, temperature: float, *, first: int = 0
) -> Tensor:
    """Return the loss of these queries, divided by the number of all keys.

    Parameters
    ----------
    queries : Tensor
        (n, C) unit rows: of the whole batch, or a part of it.
    keys : Tensor
        (N, C) unit rows, of the whole batch.
    negatives : Tensor
        (C, K) unit columns; K may be 0.
    temperature : float
        tau.
    first : int
        Row of the keys that belongs to the first query. Losses of the parts of a batch add up to that of the
        batch.

    Returns
    -------
    Tensor
        One number.
    """
    logits = contrast_logits(queries, keys, negatives, temperature)  # (n, N + K)
    own = torch.arange(first, first + len(queries), device=queries.device)  # (n,)
    return functional.cross_entropy(logits, own, reduction="sum") / len(keys)


def nt_xent(left: Tensor, right: Tensor, temperature: float) -> Tensor:
    """Return SimCLR's loss over both views of a batch.

    Parameters
    ----------
    left, right : Tensor
        (N, C) unit rows; rows of one number are views of one tile.
    temperature : float
        tau.

    Returns
    -------
    Tensor
        One number: the mean over all 2 N anchors.
    """
    n = len(left)
    anchors = torch.cat([left, right])  # (2N, C)
    logits = anchors @ anchors.T / temperature  # (2N, 2N)
    itself = torch.eye(2 * n, dtype=torch.bool, device=logits.device)
    other = torch.arange(2 * n, device=logits.device).roll(n)  # (2N,) the other view of each anchor
    return functional.cross_entropy(logits.masked_fill(itself, -torch.inf), other)
