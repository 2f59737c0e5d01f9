"""Heads on a cohort: every fold, arm and seed, their predictions, and the model from the whole cohort."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histcode_training.cohorts.folds import Fold
from histcode_training.measures.predictions import FoldPredictions, Part, Predictions
from histcode_training.mil.bag import MilBag
from histcode_training.mil.config import TrainingConfig
from histcode_training.mil.material import Material
from histcode_training.mil.recipe import IMAGENET, SHOWN, TWIN, HeadsRecipe
from histcode_training.mil.train import Network, TrainedNetwork, predict, train_network
from napari_histcode.files import replacing

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One way to learn, for every fold and seed."""

    name: str
    """As tables name it."""
    training: TrainingConfig
    """The head."""
    is_imagenet: bool = False
    """Whether it takes the ImageNet features."""
    is_trained: bool = True
    """Whether it learns at all."""


@dataclass(frozen=True, kw_only=True)
class History:
    """The story of one training."""

    arm: str
    """The arm."""
    fold: str
    """The fold."""
    seed: int
    """The seed."""
    epoch: int
    """Best epoch."""
    training_loss: tuple[float, ...]
    """Of each epoch."""
    validation_loss: tuple[float, ...]
    """Of each epoch."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeadsRun:
    """Everything that was predicted."""

    predictions: Predictions
    """Of all arms."""
    history: tuple[History, ...]
    """Of all trainings."""

    def epochs(self, arm: str) -> int:
        """Median of the best epochs of an arm: how long a head on the whole cohort learns."""
        return max(1, round(float(np.median([one.epoch for one in self.history if one.arm == arm]))))


def arms_of(recipe: HeadsRecipe, material: Material) -> tuple[Arm, ...]:
    """List all arms, the model first, then what every table compares it with."""
    model = SHOWN[recipe.training.pooling]
    arms = [Arm(name=SHOWN[p], training=replace(recipe.training, pooling=p)) for p in recipe.poolings]
    if material.imagenet_bags is not None:
        arms.append(Arm(name=IMAGENET.format(pooling=model), training=recipe.training, is_imagenet=True))
    arms.append(Arm(name=TWIN, training=recipe.training, is_trained=False))
    return tuple(arms)


def run_folds(
    recipe: HeadsRecipe, material: Material, folds: Sequence[Fold], *, seed: int, say: Say
) -> HeadsRun:
    """Train every arm on every fold with every seed.

    Parameters
    ----------
    recipe : HeadsRecipe
        The run.
    material : Material
        Bags.
    folds : sequence of Fold
        The test part is looked at by finished heads alone. A fold without a validation part learns for
        ``training.epochs`` epochs.
    seed : int
        First seed.
    say : callable
        Told what is being done.
    """
    arms = arms_of(recipe, material)
    history: list[History] = []
    parts: dict[Part, list[FoldPredictions]] = {"validation": [], "test": []}
    for fold in folds:
        networks: dict[str, list[Network]] = {}
        for arm in arms:
            trained = [_train(recipe, material, fold, arm, s) for s in range(seed, seed + recipe.seeds)]
            networks[arm.name] = [one.module for one in trained]
            if arm.is_trained:
                history += [_history(arm, fold, seed + k, one) for k, one in enumerate(trained)]
                best = ", ".join(str(one.epoch) for one in trained)
                say(f"fold {fold.name}, {arm.name}: best epochs {best}")
        for part, found in parts.items():
            if fold.part(part):
                found.append(_predict(material, fold, part, arms, networks))
    predictions = Predictions(
        task=recipe.task,
        outputs=material.table.outputs,
        quantity=recipe.quantity if recipe.task == "regression" else "log-odds",
        arms=tuple(arm.name for arm in arms),
        test=tuple(parts["test"]),
        validation=tuple(parts["validation"]),
    )
    return HeadsRun(predictions=predictions, history=tuple(history))


def train_final(
    recipe: HeadsRecipe, material: Material, run: HeadsRun, *, seed: int
) -> tuple[TrainedNetwork, int]:
    """Train the model's head on the whole cohort for as long as the folds say; return it and the epochs."""
    epochs = run.epochs(SHOWN[recipe.training.pooling])
    bags = material.of(material.table.slides)
    trained = train_network(
        bags, recipe.training, recipe.task, names=material.table.outputs, seed=seed, epochs=epochs
    )
    return trained, epochs


def ensemble(networks: Sequence[Network], bags: Sequence[MilBag]) -> NDArray[np.float32]:
    """Mean raw output over the heads of several folds and seeds, (n_bags, n_outputs).

    For slides that none of them has learned from.
    """
    return np.asarray(np.mean([predict(network, bags) for network in networks], axis=0), np.float32)


def write_history(run: HeadsRun, path: Path) -> None:
    """Write all losses as CSV: a row an arm, fold, seed and epoch.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["arm", "fold", "seed", "epoch", "training_loss", "validation_loss", "is_best"])
        for one in run.history:
            checks = one.validation_loss or ("",) * len(one.training_loss)
            for epoch, (loss, check) in enumerate(zip(one.training_loss, checks, strict=True), start=1):
                writer.writerow([one.arm, one.fold, one.seed, epoch, loss, check, int(epoch == one.epoch)])


def _train(recipe: HeadsRecipe, material: Material, fold: Fold, arm: Arm, seed: int) -> TrainedNetwork:
    return train_network(
        material.of(fold.training, is_imagenet=arm.is_imagenet),
        arm.training,
        recipe.task,
        names=material.table.outputs,
        seed=seed,
        validation=material.of(fold.validation, is_imagenet=arm.is_imagenet),
        epochs=None if arm.is_trained else 0,
    )


def _history(arm: Arm, fold: Fold, seed: int, trained: TrainedNetwork) -> History:
    return History(
        arm=arm.name,
        fold=fold.name,
        seed=seed,
        epoch=trained.epoch,
        training_loss=trained.training_loss,
        validation_loss=trained.validation_loss,
    )


def _predict(
    material: Material, fold: Fold, part: Part, arms: Sequence[Arm], networks: dict[str, list[Network]]
) -> FoldPredictions:
    table = material.table.select(fold.part(part))
    raw = {}
    for arm in arms:
        bags = material.of(table.slides, is_imagenet=arm.is_imagenet)
        raw[arm.name] = np.stack([predict(network, bags) for network in networks[arm.name]])
    return FoldPredictions(
        fold=fold.name,
        part=part,
        slides=table.slides,
        patients=table.patients,
        cancers=table.cancers,
        targets=table.targets,
        raw=raw,
    )
