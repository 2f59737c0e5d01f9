"""Read the table of a cohort: which result belongs to which annotations and to which patient."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from napari_histcode.errors import TableFileError

COLUMNS = ("result", "annotations", "patient")
"""Columns that a table needs; "positive" and "exhaustive" may be there as well."""

SEPARATOR = ";"
"""Between classes in the column "positive"."""

_YES = ("yes", "true", "1")
_NO = ("no", "false", "0")


@dataclass(frozen=True, kw_only=True)
class CohortEntry:
    """One line of the table."""

    line: int
    """Number of the line in the file; the header is line 1."""
    result: Path
    """Folder that an analysis made."""
    annotations: Path
    """File with the reference."""
    patient: str
    """Whose slide it is; only for grouping."""
    positive: tuple[str, ...]
    """Positive classes on this slide; empty for those of the whole cohort."""
    is_exhaustive: bool | None
    """Whether the annotation of this slide is exhaustive; None for what holds for the whole cohort."""


def read_cohort_table(path: Path) -> tuple[CohortEntry, ...]:
    """Read the table of a cohort.

    Parameters
    ----------
    path : Path
        CSV with the columns `COLUMNS`, and, if classes differ between slides, "positive" (classes separated
        by semicolons) and "exhaustive" (yes or no). Paths count from the table's folder.

    Raises
    ------
    TableFileError
        If the file is missing or damaged, lacks a column or a value, or has no line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise TableFileError(
                    f"{path.name} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}.",
                    advice=f"A table of a cohort has the columns {', '.join(COLUMNS)}.",
                )
            entries = tuple(_entry(row, reader.line_num, path) for row in reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise TableFileError(
            f"The table {path.name} cannot be read: {error}.", advice="Give CSV in UTF-8."
        ) from error
    if not entries:
        raise TableFileError(f"{path.name} has no slide.", advice="Write one line a slide.")
    return entries


def _entry(row: dict[str, str | None], line: int, path: Path) -> CohortEntry:
    values = {name: (row.get(name) or "").strip() for name in (*COLUMNS, "positive", "exhaustive")}
    for name in COLUMNS:
        if not values[name]:
            raise TableFileError(f"{path.name}, line {line}: {name} is empty.")
    said = values["exhaustive"].lower()
    if said and said not in _YES + _NO:
        raise TableFileError(f"{path.name}, line {line}: exhaustive is yes or no, not {said!r}.")
    return CohortEntry(
        line=line,
        result=path.parent / values["result"],
        annotations=path.parent / values["annotations"],
        patient=values["patient"],
        positive=tuple(name.strip() for name in values["positive"].split(SEPARATOR) if name.strip()),
        is_exhaustive=said in _YES if said else None,
    )
