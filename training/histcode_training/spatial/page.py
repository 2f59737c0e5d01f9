"""The experiment's results as a page of Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from histcode_training.spatial.combine import ArmRow
from histcode_training.spatial.experiment import MODEL_ARM, Run, SpatialResult, region_label
from histcode_training.spatial.recipe import SpatialRecipe
from napari_histcode.statistics.estimate import Estimate

UPPER_BOUND = "spot-supervised ridge"


def spatial_page(result: SpatialResult, recipe: SpatialRecipe, *, command: str) -> str:
    """Write all results.

    Parameters
    ----------
    result : SpatialResult
        What was measured.
    recipe : SpatialRecipe
        The experiment.
    command : str
        The command line that made it.
    """
    sections = [
        "# Genes, from weak labels to maps",
        f"Made by\n\n    {command}",
        _protocol(result, recipe),
        _arms(result.main),
        *([_compared(result, recipe)] if result.compared else []),
        _outputs(result.main, recipe),
        _signatures(result.main),
        _model(result),
    ]
    return "\n\n".join(part for part in sections if part) + "\n"


def _protocol(result: SpatialResult, recipe: SpatialRecipe) -> str:
    run = result.main
    n_spots = sum(len(truth.section) for truth in run.truths)
    notes = "".join(f"\n- {' '.join(note.split())}" for note in recipe.notes)
    rule, bags = recipe.outputs, region_label(recipe.regions)
    return f"""The claim under test: a head that learned only the mean expression of pieces of tissue can say
where in the tissue a gene is expressed.

- **Data.** {" ".join(recipe.source.split())}.
  Sections held out, one at a time: {len(run.folds)}, with {n_spots} spots. They are of **one patient and one
  tumour**: nothing here says anything of another patient.
- **Encoder.** {result.encoder}, on tiles of {recipe.tiles.label}.
- **Bags.** {bags[0].upper()}{bags[1:]}: connected, drawn at random once before training. The target is
  what bulk sequencing would see: counts of the region added up, scaled to 10,000, log1p. Overlapping regions
  narrow down where expression lies more than separate pieces could.
- **Outputs**, chosen on the training sections alone: the {rule.n_genes} driver genes with the highest mean
  expression among those detected in at least {rule.min_detected:.0%} of the spots of every training section,
  and signatures with three members detected in {rule.min_member_detected:.0%} of them.
- **Heads.** One for all outputs, {recipe.seeds} seeds; how long to learn is decided on the training sections'
  regions.
- **Test.** The single-tile map at the held-out section's spots against their own log1p of counts per 10,000.
  Correlations are taken within a section and combined by Fisher's z. Intervals are 95 %, from drawing blocks
  of {recipe.block_um:g} um; p-values from moving the map over the array as a whole, adjusted over all
  outputs.{notes}"""


def _arms(run: Run) -> str:
    parts = []
    for is_signature, title in ((False, "driver genes"), (True, "signatures")):
        rows = run.arms(is_signature=is_signature)
        if any(row.pearson.is_defined for row in rows):
            parts.append(f"Mean over {title}:\n\n{_arm_table(rows)}")
    return (
        "## Maps against measured expression\n\n"
        + "\n\n".join(parts)
        + (
            "\n\nError is the root mean squared error beside that of predicting the training sections' "
            "mean everywhere: below 1 is better "
            "than that. The spot-supervised ridge regression has seen the training sections' spots one "
            "by one: an upper bound "
            "for these features. Attention as expression takes the attention weight for the expression "
            "of every gene."
        )
    )


def _arm_table(rows: Sequence[ArmRow]) -> str:
    return _table(
        ["map", "Pearson", "range of seeds", "Spearman", "error"],
        [
            [
                row.arm,
                _estimate(row.pearson),
                f"{row.seed_low:.3f} to {row.seed_high:.3f}" if row.seed_low < row.seed_high else "",
                _estimate(row.spearman),
                _number(row.rmse_ratio),
            ]
            for row in rows
        ],
    )


def _compared(result: SpatialResult, recipe: SpatialRecipe) -> str:
    rows = []
    runs = [(f"{result.main.label}, {region_label(recipe.regions)} (the model's)", result.main)]
    runs += [(run.label, run) for run in result.compared]
    for label, run in runs:
        genes = {row.arm: row for row in run.arms(is_signature=False)}
        sets = {row.arm: row for row in run.arms(is_signature=True)}
        for arm in (MODEL_ARM, UPPER_BOUND):
            of_sets = _estimate(sets[arm].pearson) if arm in sets else ""
            rows.append([label, arm, _estimate(genes[arm].pearson), of_sets])
            label = ""
    return (
        "## Other bags, encoders and tiles\n\n"
        + _table(["setting", "map", "Pearson, genes", "Pearson, signatures"], rows)
        + "\n\nEverything else is as above. Single spots are full supervision through the same head."
    )


def _outputs(run: Run, recipe: SpatialRecipe) -> str:
    ridge = {row.name: row for row in run.outputs(UPPER_BOUND)}
    described = run.described()
    rows = [
        [
            described[row.name].label,
            row.n_sections,
            _estimate(row.pearson),
            _estimate(row.spearman),
            *(_p(value) for value in (row.p, row.q, row.p_holm_sidak)),
            _estimate(ridge[row.name].pearson),
        ]
        for row in run.outputs()
    ]
    found = sum(row.q < 0.05 for row in run.outputs())
    header = [
        "output",
        "sections",
        "Pearson",
        "Spearman",
        "p",
        "q (BH)",
        "Holm-Sidak",
        "upper bound, Pearson",
    ]
    return (
        f"## Every output, {MODEL_ARM}, mean over {recipe.seeds} seeds\n\n"
        + _table(header, rows)
        + f"\n\n{found} of {len(rows)} outputs have q < .05."
    )


def _signatures(run: Run) -> str:
    rows = [
        [output.label, ", ".join(output.members), ", ".join(output.missing) or "none", output.source]
        for output in run.described().values()
        if output.is_signature
    ]
    if not rows:
        return ""
    return "## Signatures\n\n" + _table(
        ["signature", "genes used", "missing or hardly detected", "source"], rows
    )


def _model(result: SpatialResult) -> str:
    card = result.card
    if card is None or card.results is None:
        return ""
    arms = card.results["arms"]
    rows = [
        [arm.replace("_", " "), *(_json(values[kind]) for kind in ("pearson", "spearman"))]
        for arm, values in arms.items()
    ]
    return (
        f"## The gene model\n\n{card.name} {card.version}, weights {card.weights_digest[:16]}: the first "
        f"seed of the fold that "
        f"held out {card.results['held_out']}; its card has each output's evidence. All arms on that "
        f"section, mean over all outputs:\n\n" + _table(["map", "Pearson", "Spearman"], rows)
    )


def _json(value: dict[str, float | None]) -> str:
    if value["value"] is None:
        return ""
    if value["low"] is None:
        return f"{value['value']:.3f}"
    return f"{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def _estimate(estimate: Estimate) -> str:
    return str(estimate) if estimate.is_defined else ""


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else ""


def _p(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else ""


def _table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
