"""How few marks suffice? Teach with tiles drawn at random, and test on fields that had none.

Two settings. *Other slides*: marks in fields of the training slides, tests on the held-out ones, as when a
taught head is applied to another slide. *Same slide*: the bundled sample, a mosaic of the held-out fields;
half of the fields of each class may be marked, the others are tested, anew in every draw. A tile's
reference is the label of its field, which is coarser than an outline. Marks of one field are one group, as
touching marks are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from histcode_training.evaluation import balanced_accuracy
from histcode_training.field_features import encode_cohort, stack_fields
from histcode_training.recipe import Recipe
from histcode_training.splits import Split
from napari_histcode import resources
from napari_histcode.annotations import read_geojson
from napari_histcode.comparison.ranking import auroc
from napari_histcode.features.encode import encode_tiles
from napari_histcode.models.card import EncoderRecord
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.factory import build_encoder_network
from napari_histcode.models.heads import Head
from napari_histcode.models.model_file import load_model
from napari_histcode.slide import open_slide
from napari_histcode.teaching.learn import learn
from napari_histcode.teaching.marks import Marks
from napari_histcode.teaching.quality import log_odds
from napari_histcode.teaching.scaling import Scaling, measure_scaling
from napari_histcode.tiling import TilingConfig
from napari_histcode.tiling.lay import lay_tiles
from napari_histcode.tiling.lookup import tiles_inside
from napari_histcode.tissue.find import find_tissue

N_MARKS = (5, 10, 20)
"""Marks of each class."""
N_DRAWS = 20
"""Draws of marks for each number."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledTiles:
    """Tiles with the label of their field."""

    features: NDArray[np.float32]
    """(n_tiles, feature_dim)."""
    class_of: NDArray[np.intp]
    """(n_tiles,) class of each tile's field."""
    field_of: NDArray[np.intp]
    """(n_tiles,) its field."""

    def select(self, chosen: NDArray[np.bool_]) -> LabelledTiles:
        """Return some of the tiles."""
        return LabelledTiles(
            features=self.features[chosen], class_of=self.class_of[chosen], field_of=self.field_of[chosen]
        )

    @property
    def n_fields(self) -> int:
        """Number of fields."""
        return len(np.unique(self.field_of))


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """What the draws of one number of marks gave."""

    n_marks: int
    """Marks of each class; 0 for all tiles that may be marked."""
    auroc: Floats
    """(n_draws, n_classes) on the tested tiles."""
    balanced_accuracy: Floats
    """(n_draws,) on the tested tiles."""
    estimated: Floats
    """(n_draws, n_classes) AUROC as cross-validation on the marks estimated it; NaN where it would not."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SettingResult:
    """All draws of one setting, and what else was tested on the same tiles."""

    name: str
    """The setting."""
    taught: tuple[Draws, ...]
    """With the model's encoder, one for each number of marks."""
    untrained: tuple[Draws, ...]
    """The same with an encoder of random weights."""
    head: Draws
    """The bundled head on the tested tiles of each draw; it never saw the marks."""
    n_marked_fields: float
    """Fields that may be marked."""
    n_tested_fields: float
    """Fields that are tested."""
    n_tested_tiles: float
    """Their tiles, mean over draws."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TeachingStudy:
    """The whole study."""

    settings: tuple[SettingResult, ...]
    """Other slides, and the same slide."""
    model: str
    """Name and version of the bundled model."""
    encoder: EncoderRecord
    """Its encoder."""
    n_draws: int
    """Draws for each number of marks."""
    seed: int
    """Seed of the draws."""


Chooser = Callable[[np.random.Generator], tuple[NDArray[np.bool_], NDArray[np.bool_]]]
"""Draws which tiles may be marked and which are tested."""


def run_teaching_study(
    split: Split, recipe: Recipe, *, cache: Path | None = None, n_draws: int = N_DRAWS, seed: int = 0
) -> TeachingStudy:
    """Measure teaching in both settings.

    Parameters
    ----------
    split : Split
        Slides for marks, and slides for tests.
    recipe : Recipe
        Classes, and where the fields are.
    cache : Path, optional
        Where features are kept from run to run.
    n_draws, seed : int
        Draws of marks for each number, and their seed.
    """
    model = load_model()
    head = model.heads[0]
    encoders = (model.encoder, untrained_twin(model.encoder, seed=seed))
    other = [_fields_of(split, recipe, encoder, cache) for encoder in encoders]
    same = [_sample_of(recipe, encoder) for encoder in encoders]

    def apart(_: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        is_training = other[0][1]
        return is_training, ~is_training

    def halves(random: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        return half_of_fields(same[0], random)

    names = [tissue.name for tissue in recipe.classes]
    settings = []
    for name, pair, choose in (
        ("other slides", [tiles for tiles, _ in other], apart),
        ("same slide", same, halves),
    ):
        settings.append(
            measure_setting(name, pair[0], pair[1], choose, head, names, model.encoder.record, n_draws, seed)
        )
    return TeachingStudy(
        settings=tuple(settings),
        model=f"{model.card.name} {model.card.version}",
        encoder=model.encoder.record,
        n_draws=n_draws,
        seed=seed,
    )


def measure_setting(
    name: str,
    tiles: LabelledTiles,
    untrained: LabelledTiles,
    choose: Chooser,
    head: Head,
    classes: Sequence[str],
    encoder: EncoderRecord,
    n_draws: int,
    seed: int,
) -> SettingResult:
    """Draw, teach and test; all numbers of marks and both encoders share the choice of fields of a draw."""
    chosen = [choose(np.random.default_rng([seed, draw])) for draw in range(n_draws)]

    def draws(of: LabelledTiles, n: int) -> Draws:
        return _stack(n, list(_teach_all(of, chosen, n, classes, encoder, seed)))

    single = head.explain(tiles.features).single_tile.astype(np.float64)
    by_head = [
        (*_quality(single[tests], tiles.class_of[tests]), np.full(len(classes), np.nan))
        for _, tests in chosen
    ]
    first_marks, first_tests = chosen[0]
    return SettingResult(
        name=name,
        taught=tuple(draws(tiles, n) for n in (*N_MARKS, 0)),
        untrained=tuple(draws(untrained, n) for n in N_MARKS),
        head=_stack(0, by_head),
        n_marked_fields=tiles.select(first_marks).n_fields,
        n_tested_fields=tiles.select(first_tests).n_fields,
        n_tested_tiles=float(np.mean([tests.sum() for _, tests in chosen])),
    )


def draw_marks(
    tiles: LabelledTiles, n: int, classes: Sequence[str], random: np.random.Generator
) -> tuple[NDArray[np.intp], Marks]:
    """Draw n tiles of each class, or all of them for n = 0.

    Returns
    -------
    rows : ndarray of int
        The drawn tiles, ascending.
    marks : Marks
        Their classes; tiles of one field are one group.
    """
    rows = []
    for c in range(len(classes)):
        own = np.flatnonzero(tiles.class_of == c)
        rows.append(random.choice(own, min(n, len(own)), replace=False) if n else own)
    chosen = np.sort(np.concatenate(rows))
    _, group_of = np.unique(tiles.field_of[chosen], return_inverse=True)
    marks = Marks(
        classes=tuple(classes),
        tiles=chosen.copy(),
        class_of=tiles.class_of[chosen],
        group_of=group_of.astype(np.intp),
    )
    return chosen, marks


def half_of_fields(
    tiles: LabelledTiles, random: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw half of the fields of each class (rounded up) for marks; the others are tested."""
    is_marked = np.zeros(len(tiles.field_of), bool)
    for c in np.unique(tiles.class_of):
        fields = np.unique(tiles.field_of[tiles.class_of == c])
        half = random.choice(fields, (len(fields) + 1) // 2, replace=False)
        is_marked |= np.isin(tiles.field_of, half)
    return is_marked, ~is_marked


def untrained_twin(encoder: Encoder, *, seed: int) -> Encoder:
    """Return an encoder of the same architecture that never learned anything."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = build_encoder_network(encoder.record.architecture)
    record = replace(encoder.record, name=f"{encoder.record.architecture}-untrained", digest="")
    return Encoder(network, record, precision="float32")


def _teach_all(
    tiles: LabelledTiles,
    chosen: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]],
    n: int,
    classes: Sequence[str],
    encoder: EncoderRecord,
    seed: int,
) -> Iterator[tuple[Floats, float, Floats]]:
    """Teach once a draw; all tiles may be marked only once where the choice of fields never changes."""
    is_fixed = all(np.array_equal(marked, chosen[0][0]) for marked, _ in chosen)
    for draw, (may_be_marked, tests) in enumerate(chosen[:1] if is_fixed and not n else chosen):
        source, tested = tiles.select(may_be_marked), tiles.select(tests)
        scaling = _scaling(source, tiles, is_same_slide=not is_fixed)
        rows, marks = draw_marks(source, n, classes, np.random.default_rng([seed, draw, n]))
        learned = learn(source.features[rows], marks, scaling, encoder, n_resamples=0)
        scores = log_odds(learned.classifier.logits_of(tested.features).astype(np.float64))
        estimated = np.array([learned.quality.auroc[name].value for name in classes])
        yield (*_quality(scores, tested.class_of), estimated)


def _scaling(source: LabelledTiles, tiles: LabelledTiles, *, is_same_slide: bool) -> Scaling:
    """Scale by all tiles of the slide that is marked; those of another slide are not known then."""
    return measure_scaling(tiles.features if is_same_slide else source.features)


def _quality(scores: Floats, class_of: NDArray[np.intp]) -> tuple[Floats, float]:
    """AUROC of each class's score, and balanced accuracy of the highest."""
    values = [auroc(scores[:, c], class_of == c) for c in range(scores.shape[1])]
    return np.array(values), balanced_accuracy(scores, class_of)


def _stack(n: int, found: Sequence[tuple[Floats, float, Floats]]) -> Draws:
    return Draws(
        n_marks=n,
        auroc=np.stack([values for values, _, _ in found]),
        balanced_accuracy=np.array([accuracy for _, accuracy, _ in found]),
        estimated=np.stack([estimated for _, _, estimated in found]),
    )


def _fields_of(
    split: Split, recipe: Recipe, encoder: Encoder, cache: Path | None
) -> tuple[LabelledTiles, NDArray[np.bool_]]:
    """Encode all fields; say which tiles are of the training slides."""
    parts = [
        encode_cohort(part, encoder, mpp=recipe.mpp, cache=cache) for part in (split.training, split.held_out)
    ]
    features, field_of, class_of = stack_fields([*parts[0], *parts[1]], recipe.labels)
    tiles = LabelledTiles(features=features, class_of=class_of.astype(np.intp), field_of=field_of)
    return tiles, np.asarray(field_of < len(parts[0]))


def _sample_of(recipe: Recipe, encoder: Encoder) -> LabelledTiles:
    """Encode the bundled sample; tiles that lie mostly outside every field are left out."""
    record = encoder.record
    with open_slide(resources.SAMPLE_SLIDE) as slide:
        grid = lay_tiles(
            slide, find_tissue(slide), TilingConfig(tile_px=record.tile_px, target_mpp=record.mpp)
        )
        bag = encode_tiles(slide, grid, encoder)
    regions = [tissue.region for tissue in recipe.classes]
    class_of, field_of = np.full(len(bag), -1, np.intp), np.full(len(bag), -1, np.intp)
    for number, annotation in enumerate(read_geojson(resources.SAMPLE_ANNOTATIONS)):
        inside = tiles_inside(bag.grid, [annotation.geometry])
        class_of[inside], field_of[inside] = regions.index(annotation.class_name or ""), number
    tiles = LabelledTiles(features=np.asarray(bag.features), class_of=class_of, field_of=field_of)
    return tiles.select(field_of >= 0)
