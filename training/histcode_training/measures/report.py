"""An evaluation as one HTML page with its figures inside, and as Markdown tables."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

from histcode_training.measures.document import evaluation_json
from histcode_training.measures.evaluate import RunEvaluation
from histcode_training.measures.figures import classes_png, curve_png, genes_png
from histcode_training.measures.genes import DISCOVERY_RATE, LEVEL, GeneRow
from napari_histcode.export.html_table import Cell, cell_text, data_table, paragraphs, png_figure
from napari_histcode.export.page import page
from napari_histcode.files import staging

Table = tuple[str, list[str], list[list[Cell]]]
"""Title, header and rows."""

PAGE_NAME, JSON_NAME = "evaluation.html", "evaluation.json"


def write_evaluation(evaluation: RunEvaluation, folder: Path, *, name: str, notes: str = "") -> None:
    """Write ``evaluation.html`` and ``evaluation.json``, which hold the same numbers.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    content = evaluation_json(evaluation, name=name, notes=notes)
    with staging(folder, last=JSON_NAME) as stage:
        (stage / PAGE_NAME).write_text(
            evaluation_page(evaluation, name=name, notes=notes), encoding="utf-8", newline="\n"
        )
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        (stage / JSON_NAME).write_text(text + "\n", encoding="utf-8", newline="\n")


def evaluation_page(evaluation: RunEvaluation, *, name: str, notes: str = "") -> str:
    """Return the HTML page."""
    return page(f"{name}: evaluation", _body(evaluation, name, notes), foot="histcode-train evaluate")


def evaluation_markdown(evaluation: RunEvaluation) -> str:
    """Return the tables as Markdown."""
    parts = [_protocol(evaluation)]
    for title, header, rows in tables(evaluation):
        parts.append(f"## {title}\n\n{markdown_table(header, rows)}")
    return "\n\n".join(parts) + "\n"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Set a table in Markdown."""
    lines = [header, ["---"] * len(header), *([cell_text(cell) for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _body(evaluation: RunEvaluation, name: str, notes: str) -> Iterator[str]:
    yield f"<h1>{escape(name)}</h1>"
    yield from paragraphs([_protocol(evaluation)], kind="lead")
    if notes:
        yield from paragraphs([" ".join(notes.split())])
    if evaluation.genes:
        yield png_figure(genes_png(evaluation.genes), "Correlation of predicted and measured values")
    if evaluation.curve is not None:
        yield png_figure(
            curve_png(evaluation.curve), "Correlation of each gene over the size of its fold change"
        )
    if evaluation.classes:
        yield png_figure(classes_png(evaluation.classes), "AUROC of every class, and reliability")
    for title, header, rows in tables(evaluation):
        yield f"<h2>{escape(title)}</h2>"
        yield from data_table(header, rows)


def _protocol(evaluation: RunEvaluation) -> str:
    who = f"{evaluation.n_slides} test bags of {evaluation.n_patients} patients or groups"
    text = (
        f"{who} in {evaluation.n_folds} folds that share no patient with what was learned from. Intervals "
        "are 95 %, from drawing patients with replacement within each fold, then their slides. Values are "
        "means over seeds; the range of seeds is beside them."
    )
    if evaluation.genes:
        return text + (
            " Correlations are taken within folds (and cancer types) and combined by Fisher's z. p is from "
            "permuting the patients' values within folds. A gene counts as predicted if r > 0 with "
            f"p < {LEVEL}, r and error are better than the untrained twin's, Steiger's test of both has "
            f"p < {LEVEL}, and q < {DISCOVERY_RATE}."
        )
    return text + (
        " AUROC compares bags of one fold alone. The temperature is fitted on each fold's validation part. "
        "An ensemble is the mean probability of the seeds. A calibration error can only grow by drawing, so "
        "that its interval may lie above it."
    )


def tables(evaluation: RunEvaluation) -> Iterator[Table]:
    """Give all tables: arms first, then every gene or class."""
    if evaluation.genes:
        yield (
            "Arms",
            ["arm", "mean r", "range of seeds", "mean Spearman", "genes predicted"],
            [
                [arm.arm, arm.mean_pearson, _range(arm.seed_low, arm.seed_high), arm.mean_spearman,
                 f"{arm.n_predicted} of {len(arm.rows)}"]
                for arm in evaluation.genes
            ],
        )  # fmt: skip
        for arm in evaluation.genes:
            yield f"Genes, {arm.arm}", _GENE_HEADER, [_gene_row(row) for row in arm.rows]
        return
    yield (
        "Arms",
        ["arm", "mean AUROC", "range of seeds", "balanced accuracy", "Brier", "calibration error",
         "temperature", "calibration error, scaled"],
        [
            [arm.arm, arm.mean_auroc, _range(arm.seed_low, arm.seed_high), arm.balanced_accuracy, arm.brier,
             arm.ece, _number(arm.temperature), arm.ece_scaled]
            for arm in evaluation.classes
        ],
    )  # fmt: skip
    yield (
        "Classes",
        ["class", "arm", "slides with it", "slides without", "AUROC", "average precision"],
        [
            [row.name, arm.arm, str(row.n_positive), str(row.n_negative), row.auroc, row.average_precision]
            for k in range(len(evaluation.outputs))
            for arm in evaluation.classes
            for row in [arm.rows[k]]
        ],
    )


_GENE_HEADER = [
    "gene", "slides", "r", "Spearman", "RMSE", "p", "q", "Holm-Sidak", "r of twin", "RMSE of twin",
    "Steiger p", "predicted",
]  # fmt: skip


def _gene_row(row: GeneRow) -> list[Cell]:
    return [
        row.gene, str(row.n_slides), row.pearson, row.spearman, row.rmse, row.p, row.q, row.p_holm_sidak,
        row.twin_pearson, row.twin_rmse, row.steiger_p, "yes" if row.is_predicted else "no",
    ]  # fmt: skip


def _range(low: float, high: float) -> str:
    return f"{low:.3f} to {high:.3f}" if math.isfinite(low) and low < high else ""


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else ""
