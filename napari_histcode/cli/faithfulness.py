"""``histcode faithfulness``: which maps of finished results show what the model used."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from napari_histcode.cli.faithfulness_text import faithfulness_cohort_text, faithfulness_text
from napari_histcode.cli.main import fail
from napari_histcode.cli.progress_bar import ProgressBar
from napari_histcode.errors import (
    AnalysisCancelledError,
    HistCodeError,
    ModelMismatchError,
    ResultError,
    UnknownMapError,
)
from napari_histcode.export.faithfulness.report import export_faithfulness, export_faithfulness_cohort
from napari_histcode.export.read_result import find_bag, read_analysis
from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.devices import choose_device
from napari_histcode.models.model import Model
from napari_histcode.models.model_file import load_model
from napari_histcode.scores.explanation import explain_bag
from napari_histcode.scores.faithfulness import Faithfulness, measure_faithfulness
from napari_histcode.scores.faithfulness_cohort import FaithfulnessMember, faithfulness_cohort
from napari_histcode.scores.faithfulness_config import FaithfulnessConfig
from napari_histcode.scores.integrated_gradients import IntegratedGradients, integrate_gradients


@dataclass(frozen=True, kw_only=True, eq=False)
class _Measured:
    """One result that was measured."""

    found: Faithfulness
    notes: tuple[str, ...]
    patient: str


def run_faithfulness(options: argparse.Namespace) -> int:
    """Measure all results; a failed one does not keep the others from being done."""
    _check(options)
    model = load_model(options.model).to(choose_device(options.device))
    _check_names(model, options)
    if len(options.results) == 1:
        one = _measure(options.results[0], "1", model, options)
        print(faithfulness_text(one.found, one.notes))
        page = export_faithfulness(options.out or options.results[0], one.found, notes=one.notes)
        print(f"\nFaithfulness page: {page}")
        return 0
    return _run_cohort(model, options)


def _run_cohort(model: Model, options: argparse.Namespace) -> int:
    patients = options.patients or [str(k) for k in range(len(options.results))]
    measured: list[_Measured] = []
    failures: list[tuple[int, HistCodeError]] = []
    for k, (folder, patient) in enumerate(zip(options.results, patients, strict=True), start=1):
        try:
            measured.append(_measure(folder, patient, model, options))
        except AnalysisCancelledError:
            raise
        except HistCodeError as error:
            failures.append((k, error))
    for k, failure in failures:
        print(f"\n{options.results[k - 1]} failed:", file=sys.stderr)
        fail(failure)
    if not measured:
        return 1
    cohort = faithfulness_cohort(
        [FaithfulnessMember(patient=one.patient, faithfulness=one.found) for one in measured],
        n_resamples=options.resamples,
        seed=options.seed,
    )
    print(faithfulness_cohort_text(cohort))
    page = export_faithfulness_cohort(
        options.out or Path("faithfulness"),
        cohort,
        notes={one.found.slide.alias: one.notes for one in measured if one.notes},
        failures=[(f"result {k}", type(failure).__name__) for k, failure in failures],
    )
    print(f"\nFaithfulness page: {page}")
    if failures:
        print(f"\n{len(failures)} of {len(options.results)} results failed.", file=sys.stderr)
    return 1 if failures else 0


def _measure(folder: Path, patient: str, model: Model, options: argparse.Namespace) -> _Measured:
    bag = read_bag_of(folder, model)
    explanation = explain_bag(bag, model)
    config = FaithfulnessConfig(
        quantity="raw" if options.raw else "prediction", n_random=options.random, seed=options.seed
    )
    with ProgressBar(bag.grid.slide.alias) as bar:
        gradients = list(_integrate(bag, model, options, bar)) if options.ig else []
        found = measure_faithfulness(
            explanation,
            config,
            heads=options.head,
            outputs=options.output,
            further=[tile_map for one in gradients for tile_map in one.maps],
            progress=bar,
        )
    notes = tuple(note for one in gradients for note in _notes(one))
    return _Measured(found=found, notes=notes, patient=patient)


def read_bag_of(folder: Path, model: Model) -> FeatureBag:
    """Read the features behind a result that this model made.

    Raises
    ------
    ResultError
        If the folder is no result, or its features were not kept.
    ModelMismatchError
        If another model made the result.
    """
    scores = read_analysis(folder)
    if scores.model_digest != model.card.weights_digest:
        raise ModelMismatchError(
            f"Model {scores.model_name} {scores.model_version} made this result, not {model.name} "
            f"{model.card.version}.",
            advice="Give the model that made it with --model.",
        )
    bag = find_bag(folder, scores)
    if bag is None:
        raise ResultError(
            f"{folder} holds no features of its tiles.",
            advice="Analyse the slide again with --out; features are kept beside the result.",
        )
    return bag


def _integrate(
    bag: FeatureBag, model: Model, options: argparse.Namespace, bar: ProgressBar
) -> Iterator[IntegratedGradients]:
    for head in model.heads:
        names = [output.name for output in head.record.outputs]
        wanted = [name for name in names if options.output is None or name in options.output]
        if wanted and (options.head is None or head.name in options.head):
            yield integrate_gradients(
                bag, model, head.name, outputs=wanted, n_steps=options.ig_steps, progress=bar
            )


def _notes(gradients: IntegratedGradients) -> Iterator[str]:
    """Say how well the attributions add up to the change of the output."""
    for k, tile_map in enumerate(gradients.maps):
        is_within = abs(gradients.residual[k]) <= gradients.tolerance[k]
        told = "within" if is_within else "beyond (take more --ig-steps)"
        yield (
            f"{tile_map.label}: {gradients.n_steps} steps, attributions miss the change of the output by "
            f"{gradients.residual[k]:.2g}, {told} the tolerance of {gradients.tolerance[k]:.2g}."
        )


def _check(options: argparse.Namespace) -> None:
    if options.patients is not None and len(options.patients) != len(options.results):
        raise HistCodeError(
            f"There are {len(options.results)} results and {len(options.patients)} patients.",
            advice="Name a patient for each RESULT, in the same order.",
        )


def _check_names(model: Model, options: argparse.Namespace) -> None:
    heads = [model.head(name) for name in options.head] if options.head else list(model.heads)
    known = [output.name for head in heads for output in head.record.outputs]
    for name in options.output or ():
        if name not in known:
            raise UnknownMapError(f"There is no output {name!r}.", advice=f"There are: {', '.join(known)}.")
