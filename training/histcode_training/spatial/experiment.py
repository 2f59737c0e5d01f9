"""The whole experiment: every section held out once, other bags and tile sizes beside, and the gene model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from histcode_training.encoders import encoder_for, half_imagenet_encoder
from histcode_training.mil.config import MilPooling
from histcode_training.recipe import TileGeometry
from histcode_training.spatial.combine import ArmRow, OutputRow, combine_arm, combine_outputs, names_of
from histcode_training.spatial.folds import UNITS, FoldMaps, run_fold
from histcode_training.spatial.measure import MapMeasure, SectionTruth, measure_maps, section_truth
from histcode_training.spatial.model import write_gene_model
from histcode_training.spatial.outputs import Output
from histcode_training.spatial.recipe import RegionConfig, SpatialRecipe
from histcode_training.spatial.section import Section, SectionFeatures, encode_section, read_section
from napari_histcode.models.card import ModelCard
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.statistics import FeatureStatistics
from napari_histcode.trust.fit import FEWEST_GROUPS, fit_statistics

Say = Callable[[str], None]
MODEL_ARM = "gated attention"
BOTH: tuple[MilPooling, ...] = ("gated_attention", "mean")
ONE: tuple[MilPooling, ...] = ("gated_attention",)
"""Poolings of the recipe's own setting, and of those that are compared with it."""


@dataclass(frozen=True, kw_only=True)
class SpatialOptions:
    """What is not in the recipe."""

    seed: int = 0
    """First seed."""
    cache: Path | None = None
    """Folder where features are kept from run to run."""
    device: str = "cpu"
    """Where tiles are encoded."""
    is_comparing: bool = True
    """Whether the recipe's other bags and tile sizes are run as well, and ImageNet's encoder beside."""
    is_model_only: bool = False
    """Whether only the fold of the model is run."""
    encoder: Encoder | None = None
    """Encoder under the heads; ImageNet's where there is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One setting over the sections that were held out."""

    label: str
    """What is special about it."""
    folds: tuple[FoldMaps, ...]
    """One a held-out section."""
    truths: tuple[SectionTruth, ...]
    """What was measured there."""
    measures: dict[str, tuple[MapMeasure, ...]]
    """Arm to one measure a section."""

    def outputs(self, arm: str = MODEL_ARM) -> tuple[OutputRow, ...]:
        """Every output by one arm."""
        return combine_outputs(self.measures[arm])

    def arms(self, *, is_signature: bool) -> tuple[ArmRow, ...]:
        """Every arm over the genes, or over the signatures."""
        kinds = {output.name: output.is_signature for fold in self.folds for output in fold.outputs}
        baseline = self.measures["training mean"]
        return tuple(
            combine_arm(arm, found, [n for n in names_of(found) if kinds[n] == is_signature], baseline)
            for arm, found in self.measures.items()
            if arm != "training mean"
        )

    def described(self) -> dict[str, Output]:
        """Return the outputs by name, as the first fold that has them chose them."""
        found: dict[str, Output] = {}
        for fold in self.folds:
            for output in fold.outputs:
                found.setdefault(output.name, output)
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class SpatialResult:
    """Everything that was made and measured."""

    encoder: str
    """Name of the encoder of the recipe's own setting."""
    main: Run
    """The recipe's own setting."""
    compared: tuple[Run, ...]
    """The others."""
    card: ModelCard | None
    """Of the model that was written."""


def run_experiment(
    data: Path, recipe: SpatialRecipe, options: SpatialOptions, *, model: Path | None, say: Say
) -> SpatialResult:
    """Run the experiment.

    Parameters
    ----------
    data : Path
        The data folder.
    recipe : SpatialRecipe
        Every choice.
    options : SpatialOptions
        Seed, cache, device, how much.
    model : Path, optional
        Where to write the model that never saw ``recipe.model_held_out``.
    say : callable
        Told what is being done.

    Raises
    ------
    HistCodeError
        If a section cannot be read, nothing is left to predict, or the model cannot be written.
    """
    sections = [read_section(data / recipe.folder / name, mpp=recipe.mpp) for name in recipe.sections]
    encoder = encoder_for(recipe.tiles, options.encoder, device=options.device)
    features = _features(sections, encoder, recipe, options, say)
    tested = [recipe.model_held_out] if options.is_model_only else list(recipe.sections)
    main = _run(features, tested, recipe, recipe.regions, recipe.tiles.label, options, say)
    card = None
    if model is not None:
        number = [fold.held_out for fold in main.folds].index(recipe.model_held_out)
        learned = [one for name, one in features.items() if name != recipe.model_held_out]
        card = write_gene_model(
            main.folds[number],
            main.truths[number],
            encoder,
            recipe,
            model,
            statistics=_statistics(learned),
        )
        say(f"{model}: {sum(f.stat().st_size for f in model.iterdir()) / 1e6:.1f} MB")
    compared = []
    if options.is_comparing and not options.is_model_only:
        for regions in recipe.compared_regions:
            label = region_label(regions)
            compared.append(_run(features, tested, recipe, regions, label, options, say, ONE))
        for label, other in _other_encoders(encoder, recipe, options):
            seen = _features(sections, other, recipe, options, say)
            compared.append(_run(seen, tested, recipe, recipe.regions, label, options, say, ONE))
    return SpatialResult(encoder=encoder.record.name, main=main, compared=tuple(compared), card=card)


def _other_encoders(
    encoder: Encoder, recipe: SpatialRecipe, options: SpatialOptions
) -> Iterator[tuple[str, Encoder]]:
    """ImageNet's on the recipe's tiles, unless the encoder is just that, and on the other tile sizes."""
    for geometry in (recipe.tiles, *recipe.compared_tiles):
        imagenet = half_imagenet_encoder(geometry, device=options.device)
        if imagenet.record.digest != encoder.record.digest or geometry != recipe.tiles:
            yield f"ImageNet encoder, {geometry.label}", imagenet


def region_label(regions: RegionConfig) -> str:
    """Name a kind of bags: "regions of 16 to 64 spots, 100 a section"."""
    if regions.max_spots == 1:
        return "single spots"
    many = f"{regions.per_section} a section" if regions.kind == "overlapping" else "none overlapping"
    return f"regions of {regions.min_spots} to {regions.max_spots} spots, {many}"


def _features(
    sections: Sequence[Section], encoder: Encoder, recipe: SpatialRecipe, options: SpatialOptions, say: Say
) -> dict[str, SectionFeatures]:
    geometry = TileGeometry(tile_px=encoder.record.tile_px, mpp=encoder.record.mpp)
    say(f"encoding {sum(len(one) for one in sections)} spots, {geometry.label}")
    return {
        one.name: encode_section(
            one, encoder, turns=recipe.regions.turns, cache=options.cache, seed=options.seed
        )
        for one in sections
    }


def _statistics(learned: Sequence[SectionFeatures]) -> FeatureStatistics | None:
    """Describe the training spots; nothing where too few sections are left."""
    if len(learned) < FEWEST_GROUPS:
        return None
    sections = [one.section.name for one in learned for _ in range(len(one))]
    return fit_statistics(np.concatenate([one.plain for one in learned]), sections)


def _run(
    features: dict[str, SectionFeatures],
    tested: Sequence[str],
    recipe: SpatialRecipe,
    regions: RegionConfig,
    label: str,
    options: SpatialOptions,
    say: Say,
    poolings: Sequence[MilPooling] = BOTH,
) -> Run:
    folds, truths = [], []
    measures: dict[str, list[MapMeasure]] = {}
    for name in tested:
        fold = run_fold(
            features, name, replace(recipe, regions=regions), poolings=poolings, seed=options.seed
        )
        truth = section_truth(
            features[name].section,
            [output.name for output in fold.outputs],
            fold.measured,
            block_um=recipe.block_um,
            n_resamples=recipe.n_resamples,
            n_shifts=recipe.n_shifts,
            seed=options.seed,
        )
        for arm, maps in fold.maps.items():
            measures.setdefault(arm, []).append(measure_maps(truth, maps, in_units=arm in UNITS))
        epochs = ", ".join(f"{pooling} {heads.epochs}" for pooling, heads in fold.heads.items())
        r = float(measures[MODEL_ARM][-1].pearson.mean())
        say(f"{label}, {name} held out: {fold.n_regions} bags, epochs {epochs}, mean r {r:.3f}")
        folds.append(fold)
        truths.append(truth)
    return Run(
        label=label,
        folds=tuple(folds),
        truths=tuple(truths),
        measures={arm: tuple(found) for arm, found in measures.items()},
    )
