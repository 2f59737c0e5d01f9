"""The key network: an exponential moving average of the query network."""

from __future__ import annotations

import torch
from torch import nn


@torch.no_grad()
def follow(keys: nn.Module, queries: nn.Module, momentum: float) -> None:
    """Move every weight of the key network: g <- m g + (1 - m) f; statistics are copied.

    Statistics of batch normalisation are averages already, and of the query network's own, newer activations.

    Parameters
    ----------
    keys, queries : nn.Module
        Networks of one architecture; the first is changed.
    momentum : float
        m; 0 copies.
    """
    for weight, newer in zip(keys.parameters(), queries.parameters(), strict=True):
        weight.lerp_(newer, 1 - momentum)
    for statistic, new in zip(keys.buffers(), queries.buffers(), strict=True):
        statistic.copy_(new)
