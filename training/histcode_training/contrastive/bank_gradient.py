"""The gradient of the loss with respect to a bank of negatives, in closed form.

With p_ij the softmax of q_i over N keys and K negatives at the bank's temperature, d_j = w_j / |w_j|:

    dL/dw_j = 1/(tau |w_j|) [ 1/N sum_i p_ij q_i - d_j 1/N sum_i p_ij (q_i.d_j) ]

The bank steps up along it (Hu et al., CVPR 2021, arXiv 2011.08435). It costs two products of matrices and
needs no graph.
"""

from __future__ import annotations

import torch
from torch import Tensor

from histcode_training.contrastive.loss import contrast_logits


def bank_gradient(queries: Tensor, keys: Tensor, bank: Tensor, temperature: float) -> Tensor:
    """Return dL/dW of the loss of these queries, divided by the number of all keys.

    Parameters
    ----------
    queries : Tensor
        (n, C) unit rows: of the whole batch, or a part of it, whose gradients add up.
    keys : Tensor
        (N, C) unit rows, of the whole batch.
    bank : Tensor
        (C, K) columns w_j of any length above 0.
    temperature : float
        tau_W.

    Returns
    -------
    Tensor
        (C, K).
    """
    lengths: Tensor = torch.linalg.vector_norm(bank, dim=0)  # (K,)
    directions = bank / lengths  # (C, K)
    weights = contrast_logits(queries, keys, directions, temperature).softmax(dim=1)[:, len(keys) :]  # (n, K)
    pull = queries.T @ weights / len(keys)  # (C, K): 1/N sum_i p_ij q_i
    along = (directions * pull).sum(dim=0)  # (K,): 1/N sum_i p_ij (q_i.d_j)
    return (pull - directions * along) / (temperature * lengths)


@torch.no_grad()
def ascend(
    bank: Tensor,
    velocity: Tensor,
    gradient: Tensor,
    *,
    learning_rate: float,
    momentum: float,
    weight_decay: float,
) -> None:
    """Take one step up, in place: v <- m v - G + wd W; W <- W - lr v.

    Parameters
    ----------
    bank, velocity : Tensor
        (C, K); changed.
    gradient : Tensor
        (C, K).
    learning_rate, momentum, weight_decay : float
        lr, m and wd.
    """
    velocity.mul_(momentum).sub_(gradient).add_(bank, alpha=weight_decay)
    bank.sub_(velocity, alpha=learning_rate)
