"""Where negatives come from: the one place where AdCo, MoCo-v2 and SimCLR differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from histcode_training.contrastive.bank_gradient import ascend, bank_gradient
from histcode_training.contrastive.config import NegativesConfig
from histcode_training.contrastive.loss import info_nce, nt_xent
from histcode_training.contrastive.ranks import Ranks
from histcode_training.contrastive.schedules import warm_up

Pair = tuple[Tensor, Tensor]
"""Queries (n, C) of this process and what they shall find, (n, C), both of unit length, row by row."""


class Negatives(Protocol):
    """A strategy. Processes add the gradients of their losses up, and keep equal banks."""

    has_key_network: bool
    """Whether keys come from a network that follows; else both views have a gradient."""
    is_symmetric: bool
    """Whether there are two pairs, with the views changing places."""

    @property
    def is_full(self) -> bool:
        """Whether the bank holds as many columns as it shall."""

    @property
    def rate(self) -> float:
        """Rate of the bank's next step; 0 where it takes none."""

    @property
    def turn(self) -> float:
        """Mean angle by which a step turns a column, in radians; 0 where columns are not trained."""

    def columns(self) -> Tensor:
        """(C, K) unit negatives beside the batch; K may be 0."""

    def loss(self, pairs: Sequence[Pair], temperature: float, ranks: Ranks) -> Tensor:
        """Return this process's part of the loss; the gradients of all parts add up to the batch's."""

    def update(self, pairs: Sequence[Pair], ranks: Ranks) -> None:
        """Change the negatives after a step of the network, from the same pairs without gradient."""

    def state(self) -> dict[str, Tensor]:
        """All that a later process needs to go on."""

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` gave."""


class NoBank:
    """SimCLR: the other views of the batch are all negatives there are."""

    has_key_network = False
    is_symmetric = False
    is_full = True
    rate = 0.0
    turn = 0.0

    def __init__(self, dim: int, device: torch.device) -> None:
        self._empty = torch.zeros(dim, 0, device=device)

    def columns(self) -> Tensor:
        """(C, 0): none beside the batch."""
        return self._empty

    def loss(self, pairs: Sequence[Pair], temperature: float, ranks: Ranks) -> Tensor:
        """Return this process's share of NT-Xent of the whole batch.

        Every process computes all of it, with a gradient to its own views alone: these add up as they are,
        and only the value has to be divided.
        """
        ((left, right),) = pairs
        whole = nt_xent(ranks.gather(left), ranks.gather(right), temperature)
        return whole - whole.detach() * (1 - 1 / ranks.size)

    def update(self, pairs: Sequence[Pair], ranks: Ranks) -> None:
        """Nothing is kept."""

    def state(self) -> dict[str, Tensor]:
        """Nothing is kept."""
        return {}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Nothing is kept."""


class QueueBank:
    """MoCo-v2: past keys, first in, first out.

    It starts empty and grows; the keys of the batch are negatives as well, as in the shared loss.
    """

    has_key_network = True
    rate = 0.0
    turn = 0.0

    def __init__(self, dim: int, config: NegativesConfig, device: torch.device) -> None:
        self.is_symmetric = config.is_symmetric
        self._bank = torch.zeros(dim, config.size, device=device)
        self._n = torch.zeros((), dtype=torch.int64)  # columns that hold a key
        self._next = torch.zeros((), dtype=torch.int64)  # the column that is written next

    @property
    def is_full(self) -> bool:
        """Whether every column holds a key."""
        return int(self._n) == self._bank.shape[1]

    def columns(self) -> Tensor:
        """(C, K) keys; fewer while the queue grows."""
        return self._bank[:, : int(self._n)]

    def loss(self, pairs: Sequence[Pair], temperature: float, ranks: Ranks) -> Tensor:
        """Return the part of the loss of this process's queries, the mean over the pairs."""
        return mean_info_nce(pairs, self.columns(), temperature, ranks)

    def update(self, pairs: Sequence[Pair], ranks: Ranks) -> None:
        """Put the batch's keys in, over the oldest."""
        for _, keys in pairs:
            self.push(ranks.gather(keys))

    def push(self, keys: Tensor) -> None:
        """Put keys (N, C) in; of more than there are columns, the last."""
        size = self._bank.shape[1]
        keys = keys[-size:]
        place = (int(self._next) + torch.arange(len(keys), device=keys.device)) % size
        self._bank[:, place] = keys.T
        self._next.fill_((int(self._next) + len(keys)) % size)
        self._n.fill_(min(size, int(self._n) + len(keys)))

    def state(self) -> dict[str, Tensor]:
        """Keys and places."""
        return {"bank": self._bank, "n": self._n, "next": self._next}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over keys and places."""
        for name, value in self.state().items():
            value.copy_(state[name])


class AdversarialBank:
    """AdCo: a trained bank that steps up the loss which the network steps down.

    It starts as a growing queue of real keys. Once full, it is trained, with a rate that grows from 0: at the
    full rate at once, negatives overwhelm the network.
    """

    has_key_network = True

    def __init__(self, dim: int, config: NegativesConfig, device: torch.device) -> None:
        self.is_symmetric = config.is_symmetric
        self._config = config
        self._bank = torch.zeros(dim, config.size, device=device)
        self._velocity = torch.zeros_like(self._bank)
        self._n = torch.zeros((), dtype=torch.int64)  # columns that hold a negative
        self._n_steps = torch.zeros((), dtype=torch.int64)  # steps of the full bank

    @property
    def is_full(self) -> bool:
        """Whether every column holds a negative."""
        return int(self._n) == self._bank.shape[1]

    @property
    def rate(self) -> float:
        """Rate of the next step; 0 while the bank is filled."""
        if not self.is_full:
            return 0.0
        return self._config.learning_rate * warm_up(int(self._n_steps), self._config.warmup_steps)

    @property
    def turn(self) -> float:
        """Mean angle by which a step turns a column, in radians; 0 while the bank is filled."""
        if not self.is_full:
            return 0.0
        lengths = torch.linalg.vector_norm(self._bank, dim=0)  # (K,)
        directions = self._bank / lengths
        sideways = self._velocity - directions * (directions * self._velocity).sum(dim=0)
        return float(torch.atan(self.rate * torch.linalg.vector_norm(sideways, dim=0) / lengths).mean())

    def columns(self) -> Tensor:
        """(C, K) unit negatives; fewer while the bank is filled."""
        return functional.normalize(self._bank[:, : int(self._n)], dim=0)

    def loss(self, pairs: Sequence[Pair], temperature: float, ranks: Ranks) -> Tensor:
        """Return the part of the loss of this process's queries, the mean over the pairs."""
        return mean_info_nce(pairs, self.columns(), temperature, ranks)

    @torch.no_grad()
    def update(self, pairs: Sequence[Pair], ranks: Ranks) -> None:
        """Fill the bank, or take a step up."""
        if not self.is_full:
            for _, keys in pairs:
                self._fill(ranks.gather(keys))
            return
        gradient = ranks.add(self.gradient(pairs, ranks))
        ascend(
            self._bank,
            self._velocity,
            gradient,
            learning_rate=self.rate,
            momentum=self._config.momentum,
            weight_decay=self._config.weight_decay,
        )
        self._n_steps.add_(1)

    def gradient(self, pairs: Sequence[Pair], ranks: Ranks) -> Tensor:
        """Return this process's part of dL/dW (C, K), the mean over the pairs."""
        parts = [
            bank_gradient(queries, ranks.gather(keys), self._bank, self._config.temperature)
            for queries, keys in pairs
        ]
        return torch.stack(parts).mean(dim=0)

    def _fill(self, keys: Tensor) -> None:
        first = int(self._n)
        taken = keys[: self._bank.shape[1] - first]
        self._bank[:, first : first + len(taken)] = taken.T
        self._n.add_(len(taken))

    def state(self) -> dict[str, Tensor]:
        """Bank, velocity, and how far they have come."""
        return {"bank": self._bank, "velocity": self._velocity, "n": self._n, "n_steps": self._n_steps}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Take over bank and velocity."""
        for name, value in self.state().items():
            value.copy_(state[name])


def mean_info_nce(pairs: Sequence[Pair], columns: Tensor, temperature: float, ranks: Ranks) -> Tensor:
    """Return this process's part of the loss, the mean over the pairs."""
    parts = []
    for queries, keys in pairs:
        everybody = ranks.gather(keys)  # (N, C)
        parts.append(info_nce(queries, everybody, columns, temperature, first=ranks.rank * len(queries)))
    return torch.stack(parts).mean()


def make_negatives(config: NegativesConfig, dim: int, device: torch.device) -> Negatives:
    """Make the strategy of that kind for queries of length ``dim``."""
    if config.kind == "adversarial":
        return AdversarialBank(dim, config, device)
    if config.kind == "queue":
        return QueueBank(dim, config, device)
    return NoBank(dim, device)
