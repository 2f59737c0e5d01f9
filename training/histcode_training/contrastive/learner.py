"""One step of contrastive training: the network down, the key network after it, the negatives up.

For a bank or queue, with views a and b: q = f(a) with gradient, k = g(b) without; in the symmetric form also
q = f(b), k = g(a), and the mean of both. Without a bank both views go through f, in one batch.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from histcode_training.contrastive.config import OptimisationConfig
from histcode_training.contrastive.ema import follow
from histcode_training.contrastive.loss import unit
from histcode_training.contrastive.negatives import Negatives, Pair
from histcode_training.contrastive.network import ContrastiveNetwork
from histcode_training.contrastive.ranks import Ranks
from napari_histcode.models.precision import Precision


@dataclass(frozen=True, kw_only=True, eq=False)
class StepFacts:
    """What a step leaves to be looked at; this process's rows, without gradient."""

    loss: Tensor
    """One number: this process's part of the loss."""
    queries: Tensor
    """(n, C) unit queries of the first direction."""
    keys: Tensor
    """(n, C) what they shall find."""
    features: Tensor
    """(n, feature_dim) of the first view."""


class Learner:
    """Networks, negatives and optimiser: all that changes while training.

    Parameters
    ----------
    network : ContrastiveNetwork
        The network with its start; taken over.
    negatives : Negatives
        The strategy, on the same device.
    config : OptimisationConfig
        How it learns.
    device : torch.device
        Where it computes.
    precision : {"float32", "bfloat16"}
        What convolutions compute in.
    ranks : Ranks
        The processes.
    """

    def __init__(
        self,
        network: ContrastiveNetwork,
        negatives: Negatives,
        config: OptimisationConfig,
        *,
        device: torch.device,
        precision: Precision = "float32",
        ranks: Ranks | None = None,
    ) -> None:
        self.ranks = ranks or Ranks()
        if self.ranks.size > 1 and device.type == "cuda":
            network = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]
        network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network = network
        self.key_network: ContrastiveNetwork | None = None
        if negatives.has_key_network:
            self.key_network = copy.deepcopy(self.network).requires_grad_(requires_grad=False)
        self.negatives = negatives
        self._config = config
        self._device = device
        self._precision = precision
        self._optimiser = _optimiser(self.network, config)

    def step(self, first: Tensor, second: Tensor, *, learning_rate: float) -> StepFacts:
        """Take one step.

        Parameters
        ----------
        first, second : Tensor
            (n, 3, tile_px, tile_px) both views of this process's tiles, normalised.
        learning_rate : float
            Rate of the network in this step.
        """
        was_full = self.negatives.is_full
        pairs, features = self._pairs(first, second)
        loss = self.negatives.loss(pairs, self._config.temperature, self.ranks)
        self._optimiser.zero_grad()
        torch.autograd.backward(loss)
        self.ranks.add_gradients(self.network.learning())
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate
        self._optimiser.step()
        if self.key_network is not None:
            follow(self.key_network, self.network, self._config.key_momentum)
        detached = [(queries.detach(), keys.detach()) for queries, keys in pairs]
        self.negatives.update(detached, self.ranks)
        if self.key_network is not None and self.negatives.is_full and not was_full:
            follow(self.key_network, self.network, 0.0)
        queries, keys = detached[0]
        return StepFacts(loss=loss.detach(), queries=queries, keys=keys, features=features.detach())

    def _pairs(self, first: Tensor, second: Tensor) -> tuple[list[Pair], Tensor]:
        if self.key_network is None:
            features, projections = self._forward(self.network, torch.cat([first, second]))
            left, right = unit(projections).chunk(2)
            return [(left, right)], features[: len(first)]
        features, queries = self._forward(self.network, first)
        pairs = [(unit(queries), self._keys(second))]
        if self.negatives.is_symmetric:
            pairs.append((unit(self._forward(self.network, second)[1]), self._keys(first)))
        return pairs, features

    def forward(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """Return features and projections of views by the network that learns."""
        return self._forward(self.network, views)

    def _forward(self, network: ContrastiveNetwork, views: Tensor) -> tuple[Tensor, Tensor]:
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._precision == "bfloat16"):
            features, projections = network(views)
        return features, projections

    @torch.no_grad()
    def _keys(self, views: Tensor) -> Tensor:
        if self.key_network is None:
            raise TypeError("This strategy has no key network.")
        return unit(self._forward(self.key_network, views)[1])

    def state(self) -> dict[str, Any]:
        """All that a later process needs to go on: weights, optimiser and negatives."""
        keys = None if self.key_network is None else self.key_network.state_dict()
        return {
            "network": self.network.state_dict(),
            "key_network": keys,
            "optimiser": self._optimiser.state_dict(),
            "negatives": self.negatives.state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave."""
        self.network.load_state_dict(state["network"])
        if self.key_network is not None:
            self.key_network.load_state_dict(state["key_network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.negatives.restore(state["negatives"])

    def is_finite(self) -> bool:
        """Whether every weight and statistic is a number."""
        return all(bool(torch.isfinite(value).all()) for value in self.network.state_dict().values())


def _optimiser(network: ContrastiveNetwork, config: OptimisationConfig) -> torch.optim.Optimizer:
    parameters = list(network.learning())
    if config.optimiser == "adamw":
        return torch.optim.AdamW(parameters, lr=config.learning_rate, weight_decay=config.weight_decay)
    return torch.optim.SGD(
        parameters, lr=config.learning_rate, momentum=config.momentum, weight_decay=config.weight_decay
    )
