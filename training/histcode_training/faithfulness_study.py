"""Which map should a pathologist look at? Faithfulness of all maps beside their agreement with labels.

Two looks at the bundled model on slides that its head never saw. *The sample*: one slide, a mosaic of the
held-out fields with the pathologists' regions. *Held-out fields*: every field a bag of its own, as small
slides are; its label is that of the whole field, so that tiles carry the label of their field. Faithfulness
asks the model, AUROC asks the labels; a map can be good at one and poor at the other.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histcode_training.cohort import Field
from histcode_training.evaluation import auroc_over_fields
from histcode_training.recipe import Recipe
from histcode_training.sample_check import block_of_fields
from histcode_training.splits import Split
from napari_histcode import resources
from napari_histcode.annotations import read_geojson
from napari_histcode.comparison.compare import compare
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.comparison.ranking import Interval
from napari_histcode.errors import NoTilesError, NoTissueError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.features.encode import encode_tiles
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.model import Model
from napari_histcode.models.model_file import load_model
from napari_histcode.scores.explanation import explain_bag
from napari_histcode.scores.faithfulness import Faithfulness, OutputFaithfulness, measure_faithfulness
from napari_histcode.scores.faithfulness_cohort import (
    FaithfulnessCohort,
    FaithfulnessMember,
    faithfulness_cohort,
)
from napari_histcode.scores.faithfulness_config import FaithfulnessConfig
from napari_histcode.scores.integrated_gradients import integrate_gradients
from napari_histcode.scores.score import scores_of
from napari_histcode.scores.scores import MapKind, SlideScores, TileMap
from napari_histcode.slide import open_slide
from napari_histcode.statistics.estimate import Estimate
from napari_histcode.tiling import TilingConfig
from napari_histcode.tiling.lay import lay_tiles
from napari_histcode.tissue.find import find_tissue

logger = logging.getLogger(__name__)

KINDS: tuple[MapKind, ...] = (
    "single_tile", "contribution", "leave_one_out", "integrated_gradients", "attention"
)  # fmt: skip
"""All kinds of maps."""

OWN = "own"
"""Name under which a field's output for its own label is pooled over fields."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleResult:
    """The sample slide."""

    faithfulness: Faithfulness
    """Of all its maps, on predictions."""
    auroc: dict[str, Estimate]
    """Output and kind, joined by a dot, to tile AUROC against the regions; as ``histcode compare`` has it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldsResult:
    """The held-out fields, each a bag of its own."""

    predictions: FaithfulnessCohort
    """Faithfulness recorded on predictions; slides are drawn for intervals, then their fields."""
    raw: FaithfulnessCohort
    """The same recorded before the activation."""
    auroc: dict[str, dict[MapKind, Interval]]
    """Output to kind to AUROC of the tiles of all fields, with intervals over draws of slides."""
    n_fields: int
    """Fields."""
    n_slides: int
    """Slides they were cut from."""
    n_tiles: int
    """Tiles of all fields."""
    effective_share: float
    """Effective number of tiles as a share of a field's tiles, mean over fields."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FaithfulnessStudy:
    """The whole study."""

    model: Model
    """The model."""
    sample: SampleResult
    """The sample slide."""
    fields: FieldsResult
    """The held-out fields."""
    residual: float
    """Greatest residual of integrated gradients as a share of its tolerance; at most 1 is complete."""
    seed: int
    """Seed of all randomness."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Explained:
    """One bag with all that was computed of it."""

    scores: SlideScores
    predictions: Faithfulness
    raw: Faithfulness
    residual: float


def run_faithfulness_study(
    split: Split,
    recipe: Recipe,
    *,
    model: Model | None = None,
    sample: Path = resources.SAMPLE_SLIDE,
    n_random: int = 200,
    n_resamples: int = 1000,
    seed: int = 0,
) -> FaithfulnessStudy:
    """Measure all maps of a model's first head on the sample and on the held-out fields.

    Parameters
    ----------
    split : Split
        Which fields are held out.
    recipe : Recipe
        Classes, and the resolution of the fields.
    model : Model, optional
        The bundled one if not given; it must not have learned from the held-out slides.
    sample : Path
        The sample slide; its regions have the same name with ``.geojson``.
    n_random : int
        Random orders a bag.
    n_resamples : int
        Draws of the bootstraps.
    seed : int
        Seed of all randomness.
    """
    model = model or load_model()
    mosaic = _explain(_encode(sample, model.encoder, None), model, n_random=n_random, seed=seed)
    fields, bags = [], []
    for field in split.held_out.fields:
        try:
            bag = _encode(field.path, model.encoder, recipe.mpp)
        except (NoTissueError, NoTilesError) as error:
            logger.warning("Field %s is left out: %s", field.path.name, error.message)
            continue
        fields.append(field)
        bags.append(_explain(bag, model, n_random=n_random, seed=seed))
    return FaithfulnessStudy(
        model=model,
        sample=SampleResult(
            faithfulness=mosaic.predictions,
            auroc=_sample_auroc(
                mosaic.scores, sample.with_suffix(".geojson"), recipe, n_resamples=n_resamples, seed=seed
            ),
        ),
        fields=_fields(fields, bags, recipe, n_resamples=n_resamples, seed=seed),
        residual=max(one.residual for one in (mosaic, *bags)),
        seed=seed,
    )


def _encode(path: Path, encoder: Encoder, mpp: float | None) -> FeatureBag:
    with open_slide(path, mpp=mpp) as slide:
        tiling = TilingConfig(tile_px=encoder.record.tile_px, target_mpp=encoder.record.mpp)
        return encode_tiles(slide, lay_tiles(slide, find_tissue(slide), tiling), encoder)


def _explain(bag: FeatureBag, model: Model, *, n_random: int, seed: int) -> _Explained:
    """Compute all maps of the first head and how faithful they are."""
    head = model.heads[0].name
    gradients = integrate_gradients(bag, model, head)
    explanation = explain_bag(bag, model)

    def measure(config: FaithfulnessConfig) -> Faithfulness:
        return measure_faithfulness(explanation, config, heads=[head], further=gradients.maps)

    config = FaithfulnessConfig(n_random=n_random, seed=seed)
    return _Explained(
        scores=scores_of(explanation).with_maps(gradients.maps),
        predictions=measure(config),
        raw=measure(replace(config, quantity="raw")),
        residual=float((np.abs(gradients.residual) / gradients.tolerance).max()),
    )


def map_of(scores: SlideScores, output: str, kind: MapKind) -> TileMap:
    """Return the first head's map of one kind for one output; attention is the same for all."""
    head = scores.maps[0].head
    return scores.map(f"{head}.attention" if kind == "attention" else f"{head}.{output}.{kind}")


def _sample_auroc(
    scores: SlideScores, regions: Path, recipe: Recipe, *, n_resamples: int, seed: int
) -> dict[str, Estimate]:
    annotations = read_geojson(regions)
    bounds = [annotation.geometry.bounds for annotation in annotations]
    block_um = block_of_fields(bounds, scores.grid.mpp.mean)
    found = {}
    for tissue in recipe.classes:
        maps = {kind: map_of(scores, tissue.name, kind).name for kind in KINDS}
        config = ComparisonConfig(
            positive=(tissue.region,),
            maps=tuple(maps.values()),
            block_um=block_um,
            n_resamples=n_resamples,
            n_shifts=0,
            seed=seed,
        )
        comparison = compare(scores, annotations, config)
        for kind, name in maps.items():
            found[f"{tissue.name}.{kind}"] = comparison.map(name).ranking.auroc
    return found


def _fields(
    fields: Sequence[Field],
    bags: Sequence[_Explained],
    recipe: Recipe,
    *,
    n_resamples: int,
    seed: int,
) -> FieldsResult:
    output_of = {tissue.label: tissue.name for tissue in recipe.classes}
    names = [output_of[field.label] for field in fields]

    def cohort(measured: Sequence[Faithfulness]) -> FaithfulnessCohort:
        members = [
            FaithfulnessMember(patient=field.slide, faithfulness=_with_own(one, name))
            for field, one, name in zip(fields, measured, names, strict=True)
        ]
        return faithfulness_cohort(members, n_resamples=n_resamples, seed=seed)

    slides = list(dict.fromkeys(field.slide for field in fields))
    n_tiles = [len(bag.scores.grid) for bag in bags]
    slide_of = np.repeat([slides.index(field.slide) for field in fields], n_tiles)
    label_of = np.repeat(names, n_tiles)
    auroc: dict[str, dict[MapKind, Interval]] = {}
    for tissue in recipe.classes:
        for kind in KINDS:
            auroc.setdefault(tissue.name, {})[kind] = auroc_over_fields(
                [_pooled(bags, tissue.name, kind)], label_of == tissue.name, slide_of,
                n_resamples=n_resamples, seed=seed,
            )  # fmt: skip
    return FieldsResult(
        predictions=cohort([bag.predictions for bag in bags]),
        raw=cohort([bag.raw for bag in bags]),
        auroc=auroc,
        n_fields=len(fields),
        n_slides=len(slides),
        n_tiles=sum(n_tiles),
        effective_share=float(
            np.mean([bag.predictions.outputs[0].effective_tiles / len(bag.scores.grid) for bag in bags])
        ),
    )


def _pooled(bags: Sequence[_Explained], output: str, kind: MapKind) -> NDArray[np.float32]:
    """Put the values of all fields side by side, as if every bag had the same number of tiles.

    All maps but single-tile share something out among the tiles of a bag, so that their values would be
    small in fields of many tiles for no other reason.
    """
    maps = [map_of(bag.scores, output, kind).values for bag in bags]
    return np.concatenate([values if kind == "single_tile" else values * len(values) for values in maps])


def _with_own(faithfulness: Faithfulness, name: str) -> Faithfulness:
    """Add the output of a field's own label once more, under a name that all fields share."""
    own = next(one for one in faithfulness.outputs if one.output == name)
    pooled: OutputFaithfulness = replace(own, head=OWN, output=OWN, label="own label")
    return replace(faithfulness, outputs=(*faithfulness.outputs, pooled))
