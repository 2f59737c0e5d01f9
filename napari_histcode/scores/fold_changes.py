"""Fold changes of genes between tumour and normal tissue: from a model's card, or from the user's tables."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from napari_histcode.errors import TableFileError
from napari_histcode.models.card import OutputRecord
from napari_histcode.resources.gene_sets import present_symbol
from napari_histcode.user_folder import user_folder

COLUMNS = (("gene", "log2_fold_change"), ("Gene symbol", "log2 fold change"))
"""Names of the two columns; the second pair is that of OncoDB's tables."""

_ADVICE = "Give a CSV or TSV table with the columns gene and log2_fold_change."


@dataclass(frozen=True, kw_only=True)
class FoldChange:
    """How much more of a gene there is in tumours than in normal tissue of one cohort."""

    cohort: str
    """Where it was measured."""
    log2: float
    """log2 of expression in tumour over expression in normal tissue."""
    low: float | None = None
    """Lower end of its interval; None where nobody said."""
    high: float | None = None
    """Upper end."""


def fold_change_of(output: OutputRecord) -> FoldChange | None:
    """Return the fold change that a model's card has of an output, if any."""
    found = (output.evidence or {}).get("fold_change")
    if not isinstance(found, Mapping) or not _is_number(found.get("log2")):
        return None
    low, high = found.get("low"), found.get("high")
    return FoldChange(
        cohort=str(found.get("cohort") or "the training cohort"),
        log2=float(found["log2"]),
        low=float(low) if _is_number(low) and low is not None else None,
        high=float(high) if _is_number(high) and high is not None else None,
    )


def fold_change_folder() -> Path:
    """Return the folder of the user's tables, which need not exist: one table a cohort, named by it."""
    return user_folder() / "fold_changes"


def read_fold_change_table(path: Path, *, cohort: str = "") -> dict[str, FoldChange]:
    """Read a table of fold changes.

    Parameters
    ----------
    path : Path
        CSV or TSV with the columns ``gene,log2_fold_change``, and ``low,high`` where intervals are known.
        OncoDB's names of the columns are understood. Rows without a number are passed over.
    cohort : str
        What the numbers are of; the file's name by default.

    Returns
    -------
    dict
        Present symbol to fold change; where a gene stands twice, the greater change counts.

    Raises
    ------
    TableFileError
        If it cannot be read or lacks the columns.
    """
    shown = cohort or path.stem.replace("_", " ")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            rows = csv.DictReader(file, delimiter="\t" if "\t" in first else ",")
            names = rows.fieldnames or ()
            pair = next((pair for pair in COLUMNS if set(pair) <= set(names)), None)
            if pair is None:
                raise TableFileError(
                    f"{path.name} lacks the columns {' and '.join(COLUMNS[0])}.", advice=_ADVICE
                )
            found: dict[str, FoldChange] = {}
            for row in rows:
                change = _change(row, pair[1], shown)
                gene = present_symbol((row[pair[0]] or "").strip())
                if (
                    gene
                    and change is not None
                    and abs(change.log2) >= abs(getattr(found.get(gene), "log2", 0))
                ):
                    found[gene] = change
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableFileError(f"{path.name} cannot be read ({error}).", advice=_ADVICE) from error
    if not found:
        raise TableFileError(f"{path.name} has no fold change.", advice=_ADVICE)
    return found


def _change(row: Mapping[str, str | None], column: str, cohort: str) -> FoldChange | None:
    value = _number(row.get(column))
    if value is None:
        return None
    return FoldChange(cohort=cohort, log2=value, low=_number(row.get("low")), high=_number(row.get("high")))


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
