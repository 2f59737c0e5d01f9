"""The results of a training run as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from histcode_training.bundle import BundleResult, GeometryResult
from histcode_training.evaluation import TILE_MAPS, Evaluation
from histcode_training.recipe import Recipe
from histcode_training.sample_check import SampleCheck
from histcode_training.splits import Split


def report_text(
    result: BundleResult, recipe: Recipe, split: Split, *, command: str, sample: SampleCheck | None = None
) -> str:
    """Write all results of a run.

    Parameters
    ----------
    result : BundleResult
        What was measured.
    recipe : Recipe
        The run.
    split : Split
        Training and held-out slides.
    command : str
        The command line that made it.
    sample : SampleCheck, optional
        What the model says of the sample slide.
    """
    card = result.card
    sections = [
        f"# {card.name} {card.version}: results",
        f"Made by\n\n    {command}\n\n"
        f"Weights {card.weights_digest[:16]}, encoder {card.encoder.digest[:16]}.",
        _data_section(split, recipe, result),
        _geometry_section(result, recipe),
        _held_out_section(result, recipe),
        *([_sample_section(sample, recipe)] if sample else []),
        f"## Limits\n\n{card.limits}",
    ]
    return "\n\n".join(sections) + "\n"


def _data_section(split: Split, recipe: Recipe, result: BundleResult) -> str:
    rows = []
    for name, part in (("training", split.training), ("held out", split.held_out)):
        counts = part.counts()
        rows.append([name, len(part.slides), len(part.patients), *(counts[label] for label in recipe.labels)])
    shared, patients = len(split.shared_patients), len(split.held_out.patients)
    table = _table(["part", "slides", "patients", *(tissue.shown for tissue in recipe.classes)], rows)
    return f"""## Data

{table}

Fields by the pathologists' label. Slides of the two parts are disjoint; patients are not:
{shared} of {patients} held-out patients also have slides in the training part.
The reference of a tile is its field's label: a tumour field also holds bone, glass and blood, so that an
AUROC of 1 cannot be reached. Intervals are 95 %, from drawing fields with replacement. The head learned from
{result.n_training_fields} fields that hold tissue."""


def _geometry_section(result: BundleResult, recipe: Recipe) -> str:
    names = [tissue.name for tissue in recipe.classes]
    header = [
        "tiles",
        *(f"{tissue.shown}, tile AUROC" for tissue in recipe.classes),
        "balanced accuracy",
        "tiles/s",
    ]
    rows = [
        [_bold(g.geometry.label, g is result.geometries[0]), *_geometry_cells(g, names)]
        for g in result.geometries
    ]
    mean = result.mean_pooling
    rows.append(
        [
            f"{result.geometries[0].geometry.label}, mean pooling",
            *(str(mean.tile_auroc[name]) for name in names),
            f"{mean.tile_balanced_accuracy:.3f}",
            "",
        ]
    )
    seeds = recipe.head.seeds
    return f"""## Tile size, by cross-validation on the training slides

{_table(header, rows)}

Single-tile map; {recipe.head.folds} folds by slide, mean over {seeds} seeds. Tiles/s is reading and encoding
on the processor in this run. The model's tiles are in bold. Heads learned for the median of the best epochs
of early stopping on each fold, {result.epochs} for the model's tiles; so long the final head learned from all
training slides."""


def _geometry_cells(result: GeometryResult, names: Iterable[str]) -> list[str]:
    validation = result.validation
    speed = "" if result.tiles_per_s is None else f"{result.tiles_per_s:.0f}"
    return [
        *(str(validation.tile_auroc[name]) for name in names),
        f"{validation.tile_balanced_accuracy:.3f}",
        speed,
    ]


def _held_out_section(result: BundleResult, recipe: Recipe) -> str:
    names = [tissue.name for tissue in recipe.classes]
    header = ["head", "map", *(tissue.shown for tissue in recipe.classes)]
    rows = []
    for head, evaluation in result.held_out.items():
        for kind in TILE_MAPS:
            if kind == "attention" and head == "mean pooling":
                continue  # uniform by definition
            cells = [str(evaluation.classes[name].tile_auroc[kind]) for name in names]
            rows.append([head, kind.replace("_", "-"), *cells])
        rows.append([head, "field as a bag", *(str(evaluation.classes[name].field_auroc) for name in names)])
    model = result.held_out["gated attention"]
    spread = ", ".join(
        f"{tissue.shown} {_seed_range(result.seeds, tissue.name)}" for tissue in recipe.classes
    )
    return f"""## Held-out slides

{_table(header, rows)}

{model.n_fields} fields, {model.n_tiles} tiles; the procedure chooses nothing by them, but results on
them had been seen before its last changes (the recipe's split file says which). AUROC over all tiles in
one bag; "field as a bag" is the head's output of each field. Attention knows no class. Balanced accuracy of
single tiles {model.tile_balanced_accuracy:.3f}; share of fields whose largest output is right
{model.field_accuracy:.3f}.

Single-tile AUROC over {len(result.seeds)} seeds of the final training: {spread}."""


def _sample_section(sample: SampleCheck, recipe: Recipe) -> str:
    names = [tissue.name for tissue in recipe.classes]
    rows = [
        [kind.replace("_", "-"), *(str(found[name]) for name in names)]
        for kind, found in sample.tile_auroc.items()
    ]
    said = ", ".join(f"{tissue.shown} {sample.predictions[tissue.name]:.2f}" for tissue in recipe.classes)
    return f"""## The sample slide through the whole pipeline

{_table(["map", *(tissue.shown for tissue in recipe.classes)], rows)}

Tile AUROC over the {sample.n_tiles} tiles of the mosaic of the held-out fields; tiles that lie mostly outside
every field do not count. Intervals from drawing blocks of one field.

Predictions for the slide as a whole: {said}."""


def _seed_range(seeds: Sequence[Evaluation], name: str) -> str:
    values = [one.classes[name].tile_auroc["single_tile"].value for one in seeds]
    return f"{min(values):.3f} to {max(values):.3f}"


def _bold(text: str, is_bold: bool) -> str:  # noqa: FBT001 - private, and read aloud it is clear
    return f"**{text}**" if is_bold else text


def _table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
