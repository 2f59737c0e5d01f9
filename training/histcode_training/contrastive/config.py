"""Every choice of contrastive training apart from tiles and augmentation, as tables of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from histcode_training.errors import RecipeError

NegativesKind = Literal["adversarial", "queue", "none"]
"""Where negatives beside the batch come from: a trained bank (AdCo), a queue of past keys (MoCo-v2), nowhere
(SimCLR)."""


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Shape and start of the network, as a recipe's table ``[network]``."""

    architecture: str = "efficientnet_lite0"
    """One of the package's own networks; see `napari_histcode.models.factory`."""
    start: Literal["imagenet", "random"] = "imagenet"
    """Weights to begin with; ImageNet's are known for "efficientnet_lite0" alone."""
    hidden_dim: int = 1024
    """Width of the projector, which is thrown away afterwards."""
    projection_dim: int = 128
    """C, the length of queries and keys."""
    frozen_stages: int = 0
    """So many first stages stay as they are, 1 being the stem: cheaper, and closer to the start."""
    statistics: Literal["batch", "frozen"] = "batch"
    """Whether batch normalisation takes the batch's statistics in training, or keeps the start's."""
    settle_batches: int = 20
    """Batches without augmentation whose average statistics the finished encoder has, at most an epoch; 0
    keeps the running ones."""

    def __post_init__(self) -> None:
        _check_least("network", self, 1, "hidden_dim", "projection_dim")
        _check_least("network", self, 0, "frozen_stages", "settle_batches")
        if self.start == "imagenet" and self.architecture != "efficientnet_lite0":
            raise RecipeError(
                f"network: there are no ImageNet weights of {self.architecture!r} here.",
                advice='Say start = "random", or take "efficientnet_lite0".',
            )
        if self.start == "random" and self.frozen_stages:
            raise RecipeError(
                "network: stages that start at random cannot stay so.",
                advice="Say frozen_stages = 0.",
            )


@dataclass(frozen=True, kw_only=True)
class NegativesConfig:
    """The negatives, as a recipe's table ``[negatives]``."""

    kind: NegativesKind = "adversarial"
    """Where they come from."""
    is_symmetric: bool = False
    """Whether both views are queries in turn; SimCLR always is."""
    size: int = 4096
    """K, the number of columns of bank or queue."""
    temperature: float = 0.02
    """tau_W, at which the bank ascends: colder than the network's."""
    learning_rate: float = 3.0
    """lr_W, the step of the bank."""
    momentum: float = 0.9
    """Of the bank's velocity."""
    weight_decay: float = 1e-4
    """Of the bank."""
    warmup_steps: int = 200
    """Steps over which the bank's rate grows from 0, counted from when the bank is full."""

    def __post_init__(self) -> None:
        _check_least("negatives", self, 1, "size")
        _check_least("negatives", self, 0, "learning_rate", "weight_decay", "warmup_steps")
        _check_positive("negatives", self, "temperature")
        _check_share("negatives", self, "momentum")


@dataclass(frozen=True, kw_only=True)
class OptimisationConfig:
    """How the network learns, as a recipe's table ``[training]``."""

    epochs: int = 50
    """Times that the tiles are seen."""
    batch_size: int = 128
    """N, the tiles of one step over all processes together."""
    min_slides: int = 16
    """Least number of different slides in a batch, where there are so many."""
    temperature: float = 0.12
    """tau of the loss."""
    optimiser: Literal["sgd", "adamw"] = "sgd"
    """Gradient descent with momentum, or AdamW."""
    learning_rate: float = 0.03
    """Of the network after warming up."""
    final_learning_rate: float = 0.0
    """At the end of the half cosine."""
    warmup_steps: int = 50
    """Steps over which the rate grows from 0."""
    momentum: float = 0.9
    """Of gradient descent."""
    weight_decay: float = 1e-4
    """Of the network."""
    key_momentum: float = 0.99
    """How slowly the key network follows: g <- m g + (1 - m) f."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """What the convolutions compute in; "auto" is bfloat16 on a GPU that has it and float32 elsewhere."""
    checkpoint_minutes: float = 5.0
    """Minutes between checkpoints."""
    checkpoint_steps: int = 0
    """Steps between checkpoints, if not 0."""

    def __post_init__(self) -> None:
        _check_least("training", self, 1, "epochs", "min_slides")
        _check_least("training", self, 2, "batch_size")
        _check_positive("training", self, "temperature", "learning_rate", "checkpoint_minutes")
        _check_least(
            "training", self, 0, "final_learning_rate", "warmup_steps", "weight_decay", "checkpoint_steps"
        )
        _check_share("training", self, "momentum", "key_momentum")


@dataclass(frozen=True, kw_only=True)
class HealthConfig:
    """What is watched while training, as a recipe's table ``[health]``."""

    every: int = 20
    """Steps between two rows of the log."""
    min_spread: float = 0.1
    """Spread of the queries (1 is evenly over the sphere, 0 is one point) below which they have collapsed."""
    patience: int = 5
    """Rows in a row below it after which training stops."""
    is_stopping: bool = True
    """Whether a collapse stops the training or is only said."""

    def __post_init__(self) -> None:
        _check_least("health", self, 1, "every", "patience")
        _check_share("health", self, "min_spread")


def _check_least(table: str, config: object, least: float, *names: str) -> None:
    for name in names:
        if not getattr(config, name) >= least:
            raise RecipeError(f"{table}: {name} is {getattr(config, name)}, and at least {least} is needed.")


def _check_positive(table: str, config: object, *names: str) -> None:
    for name in names:
        if not getattr(config, name) > 0:
            raise RecipeError(f"{table}: {name} is {getattr(config, name)}, and must be above 0.")


def _check_share(table: str, config: object, *names: str) -> None:
    for name in names:
        if not 0 <= getattr(config, name) < 1:
            raise RecipeError(f"{table}: {name} is {getattr(config, name)}, not from 0 to below 1.")
