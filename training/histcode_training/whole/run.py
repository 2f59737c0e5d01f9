"""All steps in order: encoder, probes, heads, one model, the sample slide, the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from histcode_training.bundle import BundleOptions, BundleResult, make_bundle
from histcode_training.contrastive.progress import Reporter
from histcode_training.contrastive.run import ENCODER, RunOptions, train_encoder
from histcode_training.encoders import half_imagenet_encoder
from histcode_training.errors import RecipeError
from histcode_training.mil.job import MODEL, HeadsOptions, HeadsResult, run_heads
from histcode_training.probes.document import main_figures_json, write_probes
from histcode_training.probes.encoders import judged_encoders
from histcode_training.probes.material import read_sources
from histcode_training.probes.run import ProbeResults, run_probes
from histcode_training.sample import build_sample, copy_companions
from histcode_training.sample_check import SampleCheck, check_sample
from histcode_training.spatial.experiment import SpatialOptions, SpatialResult, run_experiment
from histcode_training.whole.combine import combine_models
from histcode_training.whole.recipe import WholeParts
from histcode_training.whole.statistics import training_statistics
from napari_histcode.models.card import ModelCard
from napari_histcode.models.devices import choose_device
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.library import read_card
from napari_histcode.models.model import Model
from napari_histcode.models.model_file import load_model, save_model

Say = Callable[[str], None]

CACHE, PROBES, HEADS, SAMPLE, FINISHED = "cache", "probes", "heads", "sample/sample.tif", "model"
TISSUE, DIAGNOSIS, GENES = "tissue", "diagnosis", "genes"
"""Names of folders inside the one that everything goes to."""


@dataclass(frozen=True, kw_only=True)
class WholeOptions:
    """What is not in the recipe."""

    seed: int = 0
    """Seed of every step."""
    cache: Path | None = None
    """Folder where tiles and features are kept from run to run; one in the output folder by default."""
    device: str = "auto"
    """Where the encoder learns and encodes."""
    minutes: float | None = None
    """Most minutes for training the encoder."""
    n_resamples: int = 1000
    """Draws of the bootstrap for the head on fields; other recipes say their own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class WholeResult:
    """Everything that was made and measured; None for steps that the recipe has not."""

    model: Model
    """The finished model, as written."""
    size_bytes: int
    """Of its folder."""
    encoder_card: ModelCard | None
    """Of the encoder that was trained."""
    probes: ProbeResults | None
    """What linear probes find in the encoder."""
    tissue: BundleResult | None
    """The head on fields."""
    diagnosis: HeadsResult | None
    """The head on groups."""
    genes: SpatialResult | None
    """The head on sections."""
    sample: SampleCheck | None
    """What the finished model says of the sample slide."""


def run_whole(parts: WholeParts, data: Path, out: Path, options: WholeOptions, *, say: Say) -> WholeResult:
    """Make a model from a data folder.

    Parameters
    ----------
    parts : WholeParts
        All recipes.
    data : Path
        The data folder.
    out : Path
        Where everything goes; an unfinished training of the encoder there goes on.
    options : WholeOptions
        Seed, cache, device.
    say : callable
        Told what is being done.

    Raises
    ------
    HistCodeError
        If material is missing or wrong, training fails, or the model is larger than the recipe allows.
    """
    cache = options.cache or out / CACHE
    split = parts.tissue_split(data) if parts.tissue else None
    sources = read_sources(parts.probes, data, parts.folder) if parts.probes else None
    say("== encoder")
    encoder, encoder_card = _encoder(parts, data, out / ENCODER, cache, options)
    probes = None
    if parts.probes is not None and sources is not None:
        say("== probes")
        given = {encoder.record.name: out / ENCODER} if encoder_card else {}
        judged = judged_encoders(given, parts.geometry, device=options.device, seed=options.seed)
        probes = run_probes(sources, parts.probes, judged, cache=cache, seed=options.seed, say=say)
        write_probes(probes, parts.probes, out / PROBES)
    tissue = None
    if parts.tissue is not None and split is not None:
        say("== head on fields")
        chosen = BundleOptions(
            seed=options.seed, cache=cache, encoder=encoder, n_resamples=options.n_resamples
        )
        tissue = make_bundle(split, parts.tissue, out / HEADS / TISSUE, chosen, say=say)
    diagnosis, genes = _other_heads(parts, data, out / HEADS, encoder, cache, options, say)
    say("== model")
    model, size = _finish(parts, data, out, encoder, encoder_card, probes, cache, options)
    say(f"{out / FINISHED}: {size / 1e6:.1f} MB")
    sample = None
    if parts.tissue is not None and split is not None:
        say("== sample slide")
        build_sample(split.held_out, parts.tissue, out / SAMPLE)
        copy_companions(parts.tissue, data, (out / SAMPLE).parent)
        sample = check_sample(model, out / SAMPLE, parts.tissue)
    return WholeResult(
        model=model,
        size_bytes=size,
        encoder_card=encoder_card,
        probes=probes,
        tissue=tissue,
        diagnosis=diagnosis,
        genes=genes,
        sample=sample,
    )


def _encoder(
    parts: WholeParts, data: Path, out: Path, cache: Path, options: WholeOptions
) -> tuple[Encoder, ModelCard | None]:
    """Train the encoder, or take ImageNet's."""
    if parts.encoder is None:
        return half_imagenet_encoder(parts.geometry, device=options.device), None
    chosen = RunOptions(
        out=out, recipes=parts.folder, cache=cache / "tiles", seed=options.seed, minutes=options.minutes
    )
    with Reporter(parts.encoder.name) as report:
        train_encoder(
            parts.encoder, data, chosen,
            device=choose_device(options.device), say=report.say, watch=report.watch,
        )  # fmt: skip
    return load_model(out / ENCODER, device=options.device).encoder, read_card(out / ENCODER)


def _other_heads(
    parts: WholeParts,
    data: Path,
    heads: Path,
    encoder: Encoder,
    cache: Path,
    options: WholeOptions,
    say: Say,
) -> tuple[HeadsResult | None, SpatialResult | None]:
    diagnosis, genes = None, None
    if parts.diagnosis is not None:
        say("== head on groups of tiles")
        diagnosis = run_heads(
            parts.diagnosis, data, heads / DIAGNOSIS,
            HeadsOptions(seed=options.seed, cache=cache, device=options.device, encoder=encoder), say=say,
        )  # fmt: skip
    if parts.genes is not None:
        say("== head on sections")
        genes = run_experiment(
            data, parts.genes,
            SpatialOptions(
                seed=options.seed, cache=cache, device=options.device, is_model_only=True, encoder=encoder
            ),
            model=heads / GENES, say=say,
        )  # fmt: skip
    return diagnosis, genes


def _finish(
    parts: WholeParts,
    data: Path,
    out: Path,
    encoder: Encoder,
    encoder_card: ModelCard | None,
    probes: ProbeResults | None,
    cache: Path,
    options: WholeOptions,
) -> tuple[Model, int]:
    """Put all heads into one model, write it and read it again."""
    made = {
        TISSUE: (parts.tissue, out / HEADS / TISSUE),
        DIAGNOSIS: (parts.diagnosis, out / HEADS / DIAGNOSIS / MODEL),
        GENES: (parts.genes, out / HEADS / GENES),
    }
    models = [load_model(folder) for part, folder in made.values() if part is not None]
    results: dict[str, Any] = {"recipe": parts.recipe.name, "seed": options.seed}
    if encoder_card is not None:
        results["encoder"] = encoder_card.results
    if probes is not None:
        results["probes"] = main_figures_json(probes)
    model = combine_models(
        models, parts.recipe.model,
        encoder_card=encoder_card,
        results=results,
        statistics=training_statistics(parts, data, encoder, cache=cache, seed=options.seed),
    )  # fmt: skip
    folder = out / FINISHED
    save_model(model, folder)
    size = sum(file.stat().st_size for file in folder.iterdir())
    if size > parts.recipe.most_mb * 1e6:
        raise RecipeError(
            f"The model in {folder} takes {size / 1e6:.1f} MB, and the recipe allows "
            f"{parts.recipe.most_mb:g}.",
            advice="Take a smaller encoder or smaller heads, or raise most_mb.",
        )
    return load_model(folder), size
