"""Parts of the page of a comparison: several readers, several classes."""

from __future__ import annotations

from collections.abc import Iterator

from napari_histcode.comparison.comparison import Comparison
from napari_histcode.export.html_table import NONE, Cell, cell_text, data_table


def reader_parts(comparison: Comparison) -> Iterator[str]:
    """Give the parts about several readers, the maps beside their range; nothing with one reader."""
    readers = comparison.readers
    if readers is None:
        return
    yield "<h2>Readers</h2>"
    low, high = readers.kappa_range
    yield (
        f"<p>Between readers, kappa goes from {cell_text(low)} to {cell_text(high)} and Dice from "
        f"{cell_text(readers.dice_range[0])} to {cell_text(readers.dice_range[1])}; Fleiss' kappa "
        f"{cell_text(readers.fleiss)}, Krippendorff's alpha {cell_text(readers.krippendorff)}.</p>"
    )
    rows: list[list[Cell]] = [
        [f"{pair.first} with {pair.second}", pair.kappa, pair.dice, NONE, NONE] for pair in readers.pairs
    ]
    for among in readers.maps:
        inside = "yes" if among.is_within_kappa else "no"
        label = comparison.map(among.map).label
        rows += [
            [f"{label} with {pair.second}", pair.kappa, pair.dice, pair.auroc, inside] for pair in among.pairs
        ]
    yield from data_table(["pair", "kappa", "Dice", "AUROC", "mean kappa reaches the readers'"], rows)


def class_parts(comparison: Comparison) -> Iterator[str]:
    """Give the parts about several classes: kappa, confusion matrix, each class; nothing without them."""
    table = comparison.classes
    if table is None:
        return
    yield "<h2>Classes</h2>"
    weights = "" if table.kappa_weights == "none" else f" ({table.kappa_weights} weights)"
    yield from data_table(
        ["head", f"kappa{weights}", "accuracy", "balanced accuracy"],
        [[table.head, table.kappa, table.accuracy, table.balanced_accuracy]],
    )
    yield "<p>Rows: class drawn; columns: class seen, the greatest single-tile output.</p>"
    yield from data_table(
        ["", *table.classes],
        [
            [name, *[f"{n:,}" for n in row]]
            for name, row in zip(table.classes, table.matrix.tolist(), strict=True)
        ],
    )
    yield from data_table(
        ["class", "tiles", "sensitivity", "PPV", "average precision", "prevalence", "AUROC"],
        [
            [
                one.name,
                f"{one.n_tiles:,}",
                one.sensitivity,
                one.ppv,
                one.average_precision,
                one.prevalence,
                one.auroc,
            ]
            for one in table.per_class
        ],
    )
