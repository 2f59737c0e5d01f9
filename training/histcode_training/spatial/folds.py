"""One fold of the experiment: learn from regions of some sections, answer for the spots of another.

How long to learn is decided inside the training sections: each of them in turn stops the training on the
others, by the mean correlation over the outputs between what the head says of its regions and what was
measured of them; the median of the best epochs is how long the heads learn from all training sections.
Spots of a section are looked at only when it is the one held out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from histcode_training.mil.bag import MilBag
from histcode_training.mil.config import MilPooling, TrainingConfig
from histcode_training.mil.train import TrainedNetwork, train_network
from histcode_training.spatial.outputs import (
    Expression,
    Output,
    candidate_genes,
    choose_outputs,
    region_expression,
    spot_expression,
)
from histcode_training.spatial.recipe import RegionConfig, SpatialRecipe
from histcode_training.spatial.regions import draw_regions
from histcode_training.spatial.section import SectionFeatures
from napari_histcode.models.heads import AttentionHead

RIDGE_ALPHAS = (1e2, 3e2, 1e3, 3e3, 1e4, 3e4, 1e5)
"""Penalties that the spot-supervised upper bound may choose from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Heads:
    """Heads of one pooling, one a seed."""

    pooling: MilPooling
    """How regions are pooled."""
    networks: tuple[TrainedNetwork, ...]
    """One a seed."""
    epochs: int
    """How long they learned."""

    @property
    def modules(self) -> tuple[AttentionHead, ...]:
        """The networks themselves."""
        return tuple(n.module for n in self.networks if isinstance(n.module, AttentionHead))


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldMaps:
    """What everything says of the spots of the held-out section."""

    held_out: str
    """The section."""
    outputs: tuple[Output, ...]
    """Chosen on the training sections."""
    measured: NDArray[np.float64]
    """(n_spots, n_outputs) measured values."""
    maps: dict[str, tuple[NDArray[np.float64], ...]]
    """Arm to its maps (n_spots, n_outputs), one a seed."""
    heads: dict[MilPooling, Heads]
    """The trained heads."""
    n_regions: int
    """Training regions."""
    training_mean: tuple[float, ...]
    """Of each output over the training regions."""
    training_sd: tuple[float, ...]
    """The same: standard deviations."""


UNITS = {"gated attention", "mean pooling", "untrained twin", "spot-supervised ridge", "training mean"}
"""Arms whose maps are in the units of the measured values."""


def fold_bags(
    features: Sequence[SectionFeatures],
    config: RegionConfig,
    genes: Sequence[str],
    *,
    seed: int,
) -> tuple[dict[str, list[NDArray[np.intp]]], dict[str, Expression]]:
    """Draw the regions of each section and measure them; a section's regions depend on no other section."""
    regions, expression = {}, {}
    for one in features:
        name = one.section.name
        random = np.random.default_rng([seed, *name.encode()])
        regions[name] = draw_regions(one.section.array, config, random)
        expression[name] = region_expression(one.section, regions[name], genes)
    return regions, expression


def make_bags(
    features: Sequence[SectionFeatures],
    regions: Mapping[str, Sequence[NDArray[np.intp]]],
    expression: Mapping[str, Expression],
    outputs: Sequence[Output],
) -> list[MilBag]:
    """Make a bag of each region: its tiles, and the region's expression for all of them together."""
    bags = []
    for one in features:
        name = one.section.name
        targets = expression[name].matrix(outputs).astype(np.float32)
        for number, (region, target) in enumerate(zip(regions[name], targets, strict=True)):
            views = tuple(view[region] for view in one.views[1:])
            bags.append(
                MilBag(
                    name=f"{name}-{number}",
                    features=one.plain[region],
                    target=target,
                    group=name,
                    views=views,
                )
            )
    return bags


def run_fold(
    features: Mapping[str, SectionFeatures],
    held_out: str,
    recipe: SpatialRecipe,
    *,
    regions: RegionConfig | None = None,
    poolings: Sequence[MilPooling] = ("gated_attention", "mean"),
    seed: int = 0,
) -> FoldMaps:
    """Learn from all sections but one, and draw the maps of that one.

    Parameters
    ----------
    features : mapping
        Sections by name.
    held_out : str
        The section that nothing learns from.
    recipe : SpatialRecipe
        The experiment.
    regions : RegionConfig, optional
        Other bags than the recipe's.
    poolings : sequence
        Heads to train.
    seed : int
        First seed.

    Returns
    -------
    FoldMaps
        Maps of every arm.
    """
    config = regions or recipe.regions
    training = [features[name] for name in recipe.sections if name != held_out]
    genes = candidate_genes(recipe.outputs)
    drawn, expression = fold_bags(training, config, genes, seed=seed)
    everything = Expression(
        genes=genes, values=np.concatenate([expression[one.section.name].values for one in training])
    )
    outputs = choose_outputs([one.section for one in training], everything, recipe.outputs)
    bags = make_bags(training, drawn, expression, outputs)
    heads = {
        pooling: _train(bags, outputs, replace(recipe.training, pooling=pooling), recipe.seeds, seed)
        for pooling in poolings
    }
    test = features[held_out]
    learned = everything.matrix(outputs)
    return FoldMaps(
        held_out=held_out,
        outputs=outputs,
        measured=spot_expression(test.section, genes).matrix(outputs),
        maps=_maps(heads, training, test, bags, outputs, genes, recipe, seed),
        heads=heads,
        n_regions=len(bags),
        training_mean=tuple(learned.mean(axis=0).tolist()),
        training_sd=tuple(learned.std(axis=0).tolist()),
    )


def _train(
    bags: Sequence[MilBag], outputs: Sequence[Output], config: TrainingConfig, n_seeds: int, seed: int
) -> Heads:
    names = tuple(output.name for output in outputs)
    sections = sorted({bag.group for bag in bags})
    best = []
    for section in sections:
        learned = [bag for bag in bags if bag.group != section]
        watched = [bag for bag in bags if bag.group == section]
        best.append(
            train_network(learned, config, "regression", names=names, seed=seed, validation=watched).epoch
        )
    epochs = max(1, round(float(np.median(best))))
    networks = tuple(
        train_network(bags, config, "regression", names=names, seed=s, epochs=epochs)
        for s in range(seed, seed + n_seeds)
    )
    return Heads(pooling=config.pooling, networks=networks, epochs=epochs)


def _maps(
    heads: Mapping[MilPooling, Heads],
    training: Sequence[SectionFeatures],
    test: SectionFeatures,
    bags: Sequence[MilBag],
    outputs: Sequence[Output],
    genes: Sequence[str],
    recipe: SpatialRecipe,
    seed: int,
) -> dict[str, tuple[NDArray[np.float64], ...]]:
    maps: dict[str, tuple[NDArray[np.float64], ...]] = {}
    n_outputs = len(outputs)

    def everywhere(values: NDArray[np.floating]) -> NDArray[np.float64]:
        return np.repeat(np.asarray(values, np.float64)[:, None], n_outputs, axis=1)

    shown: dict[MilPooling, str] = {"gated_attention": "gated attention", "mean": "mean pooling"}
    for pooling, trained in heads.items():
        explained = [module.explain(test.plain) for module in trained.modules]
        maps[shown[pooling]] = tuple(one.single_tile.astype(np.float64) for one in explained)
        if pooling == "gated_attention":
            maps["attention as expression"] = tuple(everywhere(one.attention) for one in explained)
    names = tuple(output.name for output in outputs)
    twins = [
        train_network(bags, recipe.training, "regression", names=names, seed=s, epochs=0).module
        for s in range(seed, seed + recipe.seeds)
    ]
    maps["untrained twin"] = tuple(
        twin.explain(test.plain).single_tile.astype(np.float64)
        for twin in twins
        if isinstance(twin, AttentionHead)
    )
    maps["haematoxylin density"] = (everywhere(test.haematoxylin),)
    measured = [spot_expression(one.section, genes).matrix(outputs) for one in training]
    maps["training mean"] = (np.tile(np.concatenate(measured).mean(axis=0), (len(test), 1)),)
    maps["spot-supervised ridge"] = (ridge_map([one.plain for one in training], measured, test.plain),)
    return maps


def ridge_map(
    features: Sequence[NDArray[np.float32]],
    measured: Sequence[NDArray[np.float64]],
    test: NDArray[np.float32],
) -> NDArray[np.float64]:
    """Ridge regression that sees the spots: what the features can give at best, (n_spots, n_outputs).

    Parameters
    ----------
    features, measured : sequence of ndarray
        Of each training section.
    test : ndarray, (n_spots, feature_dim)
        Features of the held-out section.

    Notes
    -----
    The penalty is the one that predicts each training section best from the others, by squared error of all
    outputs, each in units of its standard deviation.
    """
    errors = np.zeros(len(RIDGE_ALPHAS))
    for k in range(len(features)):
        rest = [j for j in range(len(features)) if j != k]
        x, y = np.concatenate([features[j] for j in rest]), np.concatenate([measured[j] for j in rest])
        spread = np.maximum(y.std(axis=0), 1e-9)
        for a, guess in enumerate(_ridge(x, y, features[k])):
            errors[a] += np.square((guess - measured[k]) / spread).sum()
    chosen = int(errors.argmin())
    return _ridge(np.concatenate(list(features)), np.concatenate(list(measured)), test)[chosen]


def _ridge(
    x: NDArray[np.float32], y: NDArray[np.float64], test: NDArray[np.float32]
) -> list[NDArray[np.float64]]:
    """Predictions (n_test, n_outputs) for every penalty, by the kernel of standardised features."""
    mean, std = x.mean(axis=0, dtype=np.float64), np.maximum(x.std(axis=0, dtype=np.float64), 0.05)
    train, new = (x - mean) / std, (test - mean) / std
    eigenvalues, vectors = np.linalg.eigh(train @ train.T)
    centre = y.mean(axis=0)
    rotated = vectors.T @ (y - centre)
    cross = new @ train.T @ vectors
    return [cross @ (rotated / (eigenvalues + alpha)[:, None]) + centre for alpha in RIDGE_ALPHAS]
