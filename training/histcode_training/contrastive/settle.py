"""Statistics of batch normalisation as the finished encoder will use them.

While training, each batch is normalised by its own statistics, and running ones lag behind the weights, far
in short trainings. At the end they are taken anew, as the plain average over batches of tiles without
augmentation, which is what the encoder will see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

BatchNorm = nn.modules.batchnorm._BatchNorm


@torch.no_grad()
def settle_statistics(
    network: nn.Module, forward: Callable[[Tensor], object], batches: Iterable[Tensor]
) -> None:
    """Set running statistics to the average over batches; frozen ones stay as they are.

    Parameters
    ----------
    network : nn.Module
        In training.
    forward : callable
        Sends a batch through it, in the precision of the training.
    batches : iterable of Tensor
        (n, 3, h, w) normalised tiles.
    """
    norms = [m for m in network.modules() if isinstance(m, BatchNorm) and m.training]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain average
    for batch in batches:
        forward(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
