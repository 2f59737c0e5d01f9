"""Train a head on bags: multi-label logistic loss, AdamW, best epoch by the loss on other slides.

Features are standardised over the training tiles while learning; afterwards that affine map is folded
into the head's first layer, so that the finished head takes the encoder's features as they are:

    W1 ((x - mean) / std) + b1 = (W1 / std) x + (b1 - (W1 / std) mean)
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from histcode_training.bags import Bag, BagSampler, field_bags, mixed_bags
from histcode_training.field_features import FieldFeatures
from histcode_training.recipe import HeadConfig
from histcode_training.threads import one_thread
from napari_histcode.models.card import Pooling
from napari_histcode.models.heads import AttentionHead

STD_FLOOR = 0.05
"""Features that hardly vary over the training tiles are not blown up by more than 20."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedHead:
    """A head with the story of its training."""

    module: AttentionHead
    """The head, in evaluation; takes the encoder's features as they are."""
    epoch: int
    """Epochs of training that made it."""
    training_loss: tuple[float, ...]
    """Mean loss of each epoch."""
    validation_loss: tuple[float, ...]
    """Loss on the validation bags after each epoch; empty without validation."""


def train_head(
    training: Sequence[FieldFeatures],
    labels: Sequence[str],
    config: HeadConfig,
    *,
    seed: int,
    validation: Sequence[FieldFeatures] = (),
    epochs: int | None = None,
    pooling: Pooling = "gated_attention",
) -> TrainedHead:
    """Train one head.

    Parameters
    ----------
    training : sequence of FieldFeatures
        Fields to draw bags from.
    labels : sequence of str
        Classes, in the order of the outputs.
    config : HeadConfig
        Shape and training of the head.
    seed : int
        Decides start, bags and dropout.
    validation : sequence of FieldFeatures
        Fields of other slides. With them, the best epoch by their loss is kept and training stops when
        it has not improved for ``config.patience`` epochs; without, the last epoch is kept.
    epochs : int, optional
        Most epochs; ``config.epochs`` by default.
    pooling : {"gated_attention", "mean"}
        How tiles become a bag.

    Returns
    -------
    TrainedHead
        The same for the same input and seed on the same machine.
    """
    epochs = config.epochs if epochs is None else epochs
    features = np.concatenate([field.features for field in training])
    mean, std = features.mean(axis=0), np.maximum(features.std(axis=0), STD_FLOOR)
    sampler = BagSampler(training, labels, config)
    checks = [
        Bag(features=(bag.features - mean) / std, target=bag.target)
        for bag in (
            *field_bags(validation, labels),
            *mixed_bags(validation, labels, n_bags=len(validation), seed=seed),
        )
    ]
    random = np.random.default_rng(seed)
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = new_head(features.shape[1], len(labels), config, pooling=pooling)
        optimiser = torch.optim.AdamW(
            module.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        best, best_epoch = copy.deepcopy(module.state_dict()), 0
        losses: list[float] = []
        check_losses: list[float] = []
        for epoch in range(1, epochs + 1):
            losses.append(_train_epoch(module, optimiser, sampler, config, random, mean=mean, std=std))
            if checks:
                check_losses.append(bag_loss(module, checks))
            if not checks or check_losses[-1] <= min(check_losses):
                best, best_epoch = copy.deepcopy(module.state_dict()), epoch
            elif epoch - best_epoch >= config.patience:
                break
    module.load_state_dict(best)
    fold_standardisation(module, mean, std)
    return TrainedHead(
        module=module.eval(),
        epoch=best_epoch,
        training_loss=tuple(losses),
        validation_loss=tuple(check_losses),
    )


def new_head(
    feature_dim: int, n_outputs: int, config: HeadConfig, *, pooling: Pooling = "gated_attention"
) -> AttentionHead:
    """Return a head with random weights from torch's generator."""
    return AttentionHead(
        feature_dim,
        n_outputs,
        hidden_dim=config.hidden_dim,
        attention_dim=config.attention_dim,
        pooling=pooling,
        dropout=config.dropout,
        feature_dropout=config.feature_dropout,
    )


def untrained_twin(
    training: Sequence[FieldFeatures], labels: Sequence[str], config: HeadConfig, *, seed: int
) -> AttentionHead:
    """Return the head that `train_head` with this seed starts from: a baseline for what training adds."""
    return train_head(training, labels, config, seed=seed, epochs=0).module


def _train_epoch(
    module: AttentionHead,
    optimiser: torch.optim.Optimizer,
    sampler: BagSampler,
    config: HeadConfig,
    random: np.random.Generator,
    *,
    mean: NDArray[np.float32],
    std: NDArray[np.float32],
) -> float:
    module.train()
    total = 0.0
    n_steps = max(1, math.ceil(config.bags_per_epoch / config.bags_per_step))
    for _ in range(n_steps):
        bags = [sampler.draw(random) for _ in range(config.bags_per_step)]
        # bags differ in size by a factor of fifty: one by one is quicker than padding them to the largest
        outputs = torch.stack([module(torch.from_numpy((b.features - mean) / std)).outputs for b in bags])
        target = torch.from_numpy(np.stack([bag.target for bag in bags]))
        loss = binary_cross_entropy_with_logits(outputs, target)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        total += loss.item()
    return total / n_steps


@torch.inference_mode()
def bag_loss(module: AttentionHead, bags: Sequence[Bag]) -> float:
    """Mean logistic loss over whole bags, without dropout."""
    was_training = module.training
    module.eval()
    outputs = torch.stack([module(torch.tensor(bag.features)).outputs for bag in bags])
    module.train(was_training)
    target = torch.from_numpy(np.stack([bag.target for bag in bags]))
    return float(binary_cross_entropy_with_logits(outputs, target))


def fold_standardisation(module: AttentionHead, mean: NDArray[np.float32], std: NDArray[np.float32]) -> None:
    """Make a head that learned on standardised features take them as they are, in place.

    Parameters
    ----------
    module : AttentionHead
        Learned on ``(x - mean) / std``.
    mean, std : ndarray, (feature_dim,)
        The standardisation.
    """
    fold_inputs(module.embed, mean, std)


@torch.no_grad()
def fold_inputs(layer: nn.Linear, mean: NDArray[np.float32], std: NDArray[np.float32]) -> None:
    """Make a layer that learned on ``(x - mean) / std`` take x, in place."""
    weight = layer.weight.double() / torch.from_numpy(std).double()
    bias = layer.bias.double() - weight @ torch.from_numpy(mean).double()
    layer.weight.copy_(weight)
    layer.bias.copy_(bias)
