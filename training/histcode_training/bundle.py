"""From a cohort to a model folder: encode, cross-validate, train, evaluate, write.

The order keeps the measurement honest: everything is chosen by cross-validation inside the training
slides, the final head learns from all of them for as long as cross-validation says, and the held-out
slides are looked at once, by the finished head and its baselines.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from histcode_training.card import card_results, output_evidence
from histcode_training.cohort import Cohort
from histcode_training.cross_validation import CrossValidation, cross_validate
from histcode_training.encoders import encoder_for, encoder_source
from histcode_training.evaluation import Evaluation, evaluate_head
from histcode_training.feature_statistics import domain_of, field_statistics
from histcode_training.field_features import FieldFeatures, encode_cohort
from histcode_training.heads import TrainedHead, train_head, untrained_twin
from histcode_training.recipe import Recipe, TileGeometry
from histcode_training.splits import Split
from napari_histcode.models.card import HeadRecord, ModelCard, OutputRecord
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.heads import AttentionHead, Head, build_head
from napari_histcode.models.model import Model, build_model
from napari_histcode.models.model_file import save_model

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class BundleOptions:
    """What is not in the recipe."""

    seed: int = 0
    """First seed of the cross-validation, and the final head's."""
    cache: Path | None = None
    """Folder where features are kept from run to run."""
    is_comparing_tiles: bool = False
    """Whether to cross-validate the other tile geometries of the recipe as well."""
    device: str = "cpu"
    """Where tiles are encoded; heads always learn on one core of the processor."""
    n_resamples: int = 1000
    """Draws of the bootstrap."""
    encoder: Encoder | None = None
    """Encoder under the heads; ImageNet's where there is none."""


@dataclass(frozen=True, kw_only=True)
class GeometryResult:
    """One tile geometry on the training slides."""

    geometry: TileGeometry
    """Size and resolution of the tiles."""
    validation: CrossValidation
    """Cross-validation by slide."""
    tiles_per_s: float | None
    """Speed of reading and encoding; None where features were kept from an earlier run."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BundleResult:
    """Everything that was made and measured."""

    card: ModelCard
    """As written."""
    model: Model
    """As written."""
    geometries: tuple[GeometryResult, ...]
    """The model's geometry first."""
    mean_pooling: CrossValidation
    """Cross-validation of the same head with mean pooling."""
    held_out: dict[str, Evaluation]
    """On held-out fields: "gated attention" (the model), "mean pooling", "untrained twin"."""
    seeds: tuple[Evaluation, ...]
    """The model's head trained again with other seeds, on held-out fields; the model's own first."""
    epochs: int
    """Epochs of the final head."""
    n_training_fields: int
    """Fields with tissue that it learned from."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Material:
    """Features of one geometry."""

    encoder: Encoder
    training: tuple[FieldFeatures, ...]
    plain: tuple[FieldFeatures, ...]
    tiles_per_s: float | None


def make_bundle(split: Split, recipe: Recipe, out: Path, options: BundleOptions, *, say: Say) -> BundleResult:
    """Train, evaluate and write a model.

    Parameters
    ----------
    split : Split
        Training and held-out slides.
    recipe : Recipe
        Every choice of the run.
    out : Path
        The model folder.
    options : BundleOptions
        Seed, cache and device.
    say : callable
        Told what is being done, one line a step.

    Returns
    -------
    BundleResult
        The model, its card and all results.

    Raises
    ------
    HistCodeError
        If fields cannot be read, a part lacks a class, or the model cannot be written.
    """
    material = _encode(split.training, recipe, recipe.tiles, options, say)
    geometries = [_validate(material, split.training, recipe, recipe.tiles, options, say)]
    if options.is_comparing_tiles:
        for geometry in recipe.compared_tiles:
            if geometry != recipe.tiles:
                other = _encode(split.training, recipe, geometry, options, say)
                geometries.append(_validate(other, split.training, recipe, geometry, options, say))
    say("cross-validating mean pooling")
    mean_pooling = cross_validate(
        material.training, material.plain, split.training, recipe,
        seed=options.seed, pooling="mean", n_resamples=options.n_resamples,
    )  # fmt: skip

    epochs = geometries[0].validation.epochs
    heads = _final_heads(material, recipe, options, epochs, say)
    mean_head = train_head(
        material.training, recipe.labels, recipe.head,
        seed=options.seed, epochs=mean_pooling.epochs, pooling="mean",
    )  # fmt: skip
    twin = untrained_twin(material.training, recipe.labels, recipe.head, seed=options.seed)

    say("encoding held-out fields")
    held_out = encode_cohort(
        split.held_out, material.encoder, mpp=recipe.mpp, cache=options.cache, seed=options.seed
    )
    seeds = tuple(_evaluate(head.module, held_out, recipe, options) for head in heads)
    evaluations = {
        "gated attention": seeds[0],
        "mean pooling": _evaluate(mean_head.module, held_out, recipe, options),
        "untrained twin": _evaluate(twin, held_out, recipe, options),
    }
    model = _model(material.encoder, heads[0].module, recipe, split, geometries[0], evaluations, options)
    model = replace(model, statistics=field_statistics(material.plain))
    card = save_model(model, out)
    say(f"{out}: {sum(f.stat().st_size for f in out.iterdir()) / 1e6:.1f} MB")
    return BundleResult(
        card=card,
        model=model,
        geometries=tuple(geometries),
        mean_pooling=mean_pooling,
        held_out=evaluations,
        seeds=seeds,
        epochs=epochs,
        n_training_fields=len(material.training),
    )


def _encode(
    cohort: Cohort, recipe: Recipe, geometry: TileGeometry, options: BundleOptions, say: Say
) -> _Material:
    say(f"encoding training fields, {geometry.label}")
    encoder = encoder_for(geometry, options.encoder, device=options.device)
    _ = encoder.precision  # chosen before the clock starts
    start = time.monotonic()
    plain = encode_cohort(cohort, encoder, mpp=recipe.mpp, cache=options.cache, seed=options.seed)
    seconds = time.monotonic() - start
    training = encode_cohort(
        cohort, encoder, mpp=recipe.mpp, views=recipe.views, cache=options.cache, seed=options.seed
    )
    speed = sum(len(field) for field in plain) / seconds
    return _Material(
        encoder=encoder, training=training, plain=plain, tiles_per_s=None if options.cache else speed
    )


def _validate(
    material: _Material,
    cohort: Cohort,
    recipe: Recipe,
    geometry: TileGeometry,
    options: BundleOptions,
    say: Say,
) -> GeometryResult:
    say(f"cross-validating {geometry.label}: {recipe.head.folds} folds, {recipe.head.seeds} seeds")
    validation = cross_validate(
        material.training, material.plain, cohort, recipe, seed=options.seed, n_resamples=options.n_resamples
    )
    return GeometryResult(geometry=geometry, validation=validation, tiles_per_s=material.tiles_per_s)


def _final_heads(
    material: _Material, recipe: Recipe, options: BundleOptions, epochs: int, say: Say
) -> list[TrainedHead]:
    say(f"training on all training slides for {epochs} epochs, {recipe.head.seeds} seeds")
    seeds = range(options.seed, options.seed + recipe.head.seeds)
    return [train_head(material.training, recipe.labels, recipe.head, seed=s, epochs=epochs) for s in seeds]


def _evaluate(
    module: AttentionHead, fields: Sequence[FieldFeatures], recipe: Recipe, options: BundleOptions
) -> Evaluation:
    names = [tissue.name for tissue in recipe.classes]
    return evaluate_head(
        module, fields, recipe.labels, names=names, n_resamples=options.n_resamples, seed=options.seed
    )


def _model(
    encoder: Encoder,
    module: AttentionHead,
    recipe: Recipe,
    split: Split,
    geometry: GeometryResult,
    evaluations: dict[str, Evaluation],
    options: BundleOptions,
) -> Model:
    words, measured = recipe.model, evaluations["gated attention"]
    record = HeadRecord(
        name=words.head,
        label=words.head_label,
        pooling="gated_attention",
        hidden_dim=recipe.head.hidden_dim,
        attention_dim=recipe.head.attention_dim,
        activation="sigmoid",
        outputs=tuple(
            OutputRecord(
                name=tissue.name,
                label=tissue.shown,
                quantity="log-odds",
                evidence=output_evidence(measured.classes[tissue.name]),
            )
            for tissue in recipe.classes
        ),
        domain=words.domain,
        trained_on=domain_of(recipe),
    )
    source, training = recipe.source, split.training
    amount = f"{len(training)} fields, {len(training.slides)} slides, {len(training.patients)} patients"
    head = build_head(record, encoder.feature_dim)
    head.module.load_state_dict(module.state_dict())
    return build_model(
        encoder,
        (Head(record=record, module=head.module),),
        name=words.name,
        version=words.version,
        description=words.description,
        licence=words.licence,
        training_data=(
            f"Heads: {amount} of {source.authors}: {source.title}. {source.publisher}. "
            f"https://doi.org/{source.doi} ({source.licence}, {source.licence_url}). "
            "Changed: cut into tiles, and numbers learned from them.",
            encoder_source(encoder.record),
        ),
        results=card_results(geometry.validation, evaluations, recipe, split, seed=options.seed),
        intended_use=" ".join(words.intended_use.split()),
        limits=" ".join(words.limits.split()),
    )
