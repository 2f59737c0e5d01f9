"""Train one head on bags: AdamW, best epoch by the loss on validation bags, everything from one seed.

Features are standardised over the training tiles, and quantities over the training bags, while learning;
afterwards both affine maps are folded into the first and the last layer, so that the finished head takes
the encoder's features as they are and answers in the units of the targets.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from histcode_training.errors import RecipeError
from histcode_training.heads import STD_FLOOR, fold_inputs
from histcode_training.mil.bag import MilBag, check_bags, feature_statistics, target_matrix
from histcode_training.mil.config import Task, TrainingConfig
from histcode_training.mil.losses import bag_loss, class_weights
from histcode_training.mil.networks import InstanceClassifiers, TileScoreHead, new_network
from histcode_training.threads import one_thread
from napari_histcode.comparison.association import pearson
from napari_histcode.models.heads import AttentionHead

Network = AttentionHead | TileScoreHead
Watch = Callable[[int, float, float | None], None]
"""Told epoch, training loss and validation loss."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedNetwork:
    """A network with the story of its training."""

    module: Network
    """In evaluation; takes features as they are, answers in the units of the targets."""
    epoch: int
    """Epochs of training that made it."""
    training_loss: tuple[float, ...]
    """Mean loss of each epoch."""
    validation_loss: tuple[float, ...]
    """After each epoch, on the validation bags: the loss, or 1 less the mean correlation; empty without."""


def train_network(
    training: Sequence[MilBag],
    config: TrainingConfig,
    task: Task,
    *,
    names: tuple[str, ...],
    seed: int,
    validation: Sequence[MilBag] = (),
    epochs: int | None = None,
    watch: Watch | None = None,
) -> TrainedNetwork:
    """Train one network.

    Parameters
    ----------
    training : sequence of MilBag
        Bags to learn from.
    config : TrainingConfig
        Shape and training.
    task : Task
        What the outputs are.
    names : tuple of str
        Names of the outputs.
    seed : int
        Decides start, order, drawn tiles and dropout.
    validation : sequence of MilBag
        With them the best epoch by their loss is kept, and training stops when it has not improved for
        ``config.patience`` epochs; without them the last epoch is kept.
    epochs : int, optional
        Most epochs; ``config.epochs`` by default, 0 for the untrained twin.
    watch : callable, optional
        Told of every epoch.

    Returns
    -------
    TrainedNetwork
        The same for the same input and seed on the same machine.

    Raises
    ------
    ModelMismatchError
        If bags differ in the length of features or targets.
    CohortError
        If a class has no example.
    """
    feature_dim, n_outputs = check_bags([*training, *validation])
    if config.stop_by == "correlation" and task != "regression":
        raise RecipeError(
            f'training: stop_by is "correlation", and the task is {task}.', advice='Say "loss".'
        )
    scale = _Scale.of(training, task)
    weights = class_weights(target_matrix(training), task, names) if config.is_weighted else None
    random = np.random.default_rng(seed)
    losses: list[float] = []
    checks: list[float] = []
    with one_thread(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = new_network(feature_dim, n_outputs, config)
        learner = _Learner(module, config, task, scale, weights)
        best, best_epoch = copy.deepcopy(module.state_dict()), 0
        for epoch in range(1, (config.epochs if epochs is None else epochs) + 1):
            losses.append(learner.epoch(training, random))
            if validation:
                checks.append(learner.check(validation))
            if watch:
                watch(epoch, losses[-1], checks[-1] if checks else None)
            if not checks or checks[-1] <= min(checks):
                best, best_epoch = copy.deepcopy(module.state_dict()), epoch
            elif epoch - best_epoch >= config.patience:
                break
    module.load_state_dict(best)
    scale.fold_into(module)
    return TrainedNetwork(
        module=module.eval(), epoch=best_epoch, training_loss=tuple(losses), validation_loss=tuple(checks)
    )


@torch.inference_mode()
def predict(module: Network, bags: Sequence[MilBag]) -> NDArray[np.float32]:
    """(n_bags, n_outputs) raw outputs, every tile of each bag taken as it is."""
    module.eval()
    with one_thread():
        rows = [module(torch.tensor(np.asarray(bag.features, np.float32))).outputs for bag in bags]
    return np.stack([row.numpy() for row in rows])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scale:
    """Standardisation of features and, in regression, of targets."""

    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    target_mean: NDArray[np.float32] | None
    target_std: NDArray[np.float32] | None

    @classmethod
    def of(cls, bags: Sequence[MilBag], task: Task) -> _Scale:
        mean, std = feature_statistics(bags, floor=STD_FLOOR)
        if task != "regression":
            return cls(mean=mean, std=std, target_mean=None, target_std=None)
        targets = target_matrix(bags).astype(np.float64)
        known = np.isfinite(targets)
        n = np.maximum(known.sum(axis=0), 1)
        target_mean = np.where(known, targets, 0).sum(axis=0) / n
        spread = np.sqrt(np.where(known, np.square(targets - target_mean), 0).sum(axis=0) / n)
        return cls(
            mean=mean,
            std=std,
            target_mean=target_mean.astype(np.float32),
            target_std=np.where(spread > 0, spread, 1).astype(np.float32),
        )

    def features(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        return (values - self.mean) / self.std

    def target(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.target_mean is None or self.target_std is None:
            return values
        return np.asarray((values - self.target_mean) / self.target_std)

    @torch.no_grad()
    def fold_into(self, module: Network) -> None:
        fold_inputs(module.embed, self.mean, self.std)
        if self.target_mean is not None and self.target_std is not None:
            std, mean = torch.from_numpy(self.target_std), torch.from_numpy(self.target_mean)
            module.output.weight.mul_(std[:, None])
            module.output.bias.mul_(std).add_(mean)


class _Learner:
    """A network with its optimiser."""

    def __init__(
        self, module: Network, config: TrainingConfig, task: Task, scale: _Scale, weights: Tensor | None
    ) -> None:
        self._module, self._config, self._task = module, config, task
        self._scale, self._weights = scale, weights
        self._instances: InstanceClassifiers | None = None
        parameters = list(module.parameters())
        if config.pooling == "clam" and task != "regression":
            n_outputs = module.output.out_features
            self._instances = InstanceClassifiers(config.hidden_dim, n_outputs, config.instance_tiles)
            parameters += list(self._instances.parameters())
        self._optimiser = torch.optim.AdamW(
            parameters, lr=config.learning_rate, weight_decay=config.weight_decay
        )

    def epoch(self, bags: Sequence[MilBag], random: np.random.Generator) -> float:
        """Go through all bags once, in random order; return the mean loss."""
        self._module.train()
        order = random.permutation(len(bags))
        size = self._config.bags_per_step
        total = 0.0
        for start in range(0, len(order), size):
            chosen = [bags[i] for i in order[start : start + size]]
            drawn = [self._scale.features(bag.draw(random, self._config.max_tiles)) for bag in chosen]
            loss = self._loss(drawn, chosen)
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimiser.step()
            total += loss.item() * len(chosen)
        return total / len(bags)

    def _loss(self, drawn: Sequence[NDArray[np.float32]], bags: Sequence[MilBag]) -> Tensor:
        features, mask = _padded(drawn)
        features = self._without_some_features(features)
        target = torch.from_numpy(self._scale.target(target_matrix(bags)))
        answer = self._module(features, mask)
        loss = bag_loss(answer.outputs, target, self._task, self._weights)
        if self._instances is None:
            return loss
        share = self._config.instance_weight
        return (1 - share) * loss + share * self._instances.loss(answer, mask, target)

    def _without_some_features(self, features: Tensor) -> Tensor:
        """Drop features of a whole bag: the same ones of all its tiles, which costs next to nothing."""
        share = self._config.feature_dropout
        if not share:
            return features
        kept = torch.rand(len(features), 1, features.shape[-1]) >= share
        return features * (kept / (1 - share))

    @torch.inference_mode()
    def check(self, bags: Sequence[MilBag]) -> float:
        """Loss of whole bags without dropout, weighed as in training; or 1 less the mean correlation."""
        self._module.eval()
        rows = [
            self._module(torch.from_numpy(self._scale.features(np.asarray(bag.features)))).outputs
            for bag in bags
        ]
        targets, outputs = self._scale.target(target_matrix(bags)), torch.stack(rows)
        if self._config.stop_by == "correlation":
            return 1 - mean_correlation(outputs.numpy(), targets)
        return float(bag_loss(outputs, torch.from_numpy(targets), self._task, self._weights))


def mean_correlation(outputs: NDArray[np.floating], targets: NDArray[np.floating]) -> float:
    """Mean over outputs of Pearson's correlation over the bags whose target is known; 0 where undefined."""
    found = []
    for x, y in zip(outputs.T, targets.T, strict=True):
        known = np.isfinite(y)
        found.append(np.nan_to_num(pearson(x[known], y[known])))
    return float(np.mean(found))


def _padded(bags: Sequence[NDArray[np.float32]]) -> tuple[Tensor, Tensor]:
    """Put bags into one batch: features (b, n, feature_dim) and mask (b, n)."""
    lengths = torch.tensor([len(bag) for bag in bags])
    features = nn.utils.rnn.pad_sequence([torch.from_numpy(bag) for bag in bags], batch_first=True)
    return features, torch.arange(features.shape[1]) < lengths[:, None]
