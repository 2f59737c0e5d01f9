"""A cohort: labelled fields of view with the slide and the patient that each comes from."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from histcode_training.errors import CohortError

COLUMNS = ("file", "label", "slide", "case")
"""Columns that the table must have."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One image with one label, cut from a slide of a patient."""

    path: Path
    """The image."""
    label: str
    """The pathologist's label of the whole field, in the words of the table."""
    slide: str
    """Slide it was cut from: parts of a cohort are kept apart by it."""
    patient: str
    """Whose slide it is: column "case" of the table."""


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """The fields of one source, in the order of their table."""

    fields: tuple[Field, ...]
    """All fields."""
    labels: tuple[str, ...]
    """Labels that a field may have."""

    def __len__(self) -> int:
        return len(self.fields)

    @property
    def slides(self) -> tuple[str, ...]:
        """Names of the slides, sorted."""
        return tuple(sorted({field.slide for field in self.fields}))

    @property
    def patients(self) -> tuple[str, ...]:
        """Names of the patients, sorted."""
        return tuple(sorted({field.patient for field in self.fields}))

    def counts(self) -> dict[str, int]:
        """Fields of each label, none left out."""
        counted = Counter(field.label for field in self.fields)
        return {label: counted[label] for label in self.labels}

    def of_slides(self, slides: Sequence[str]) -> Cohort:
        """Return the part of the cohort that was cut from these slides."""
        wanted = set(slides)
        return Cohort(fields=tuple(f for f in self.fields if f.slide in wanted), labels=self.labels)


def read_cohort(table: Path, labels: Sequence[str]) -> Cohort:
    """Read a table of fields; the images lie beside it.

    Parameters
    ----------
    table : Path
        CSV with the columns ``file,label,slide,case``.
    labels : sequence of str
        Labels that a field may have.

    Returns
    -------
    Cohort
        Fields in the order of the table.

    Raises
    ------
    CohortError
        If the table or an image is missing, a column or a value is missing, a label is unknown, an
        image is named twice, or a slide belongs to two patients. The message names row and column.
    """
    rows = _rows(table)
    fields = tuple(_field(row, number, table, labels) for number, row in rows)
    if not fields:
        raise CohortError(f"{table.name} lists no field.", advice="Give one row a field.")
    _check_unique(fields, table)
    return Cohort(fields=fields, labels=tuple(labels))


def _rows(table: Path) -> list[tuple[int, dict[str, str]]]:
    """Rows with their line numbers in the file."""
    try:
        with table.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            present = reader.fieldnames or []
            missing = [column for column in COLUMNS if column not in present]
            if missing:
                raise CohortError(
                    f"{table.name} has no column {missing[0]!r}; it has {', '.join(present) or 'none'}.",
                    advice=f"Name the columns {','.join(COLUMNS)} in its first line.",
                )
            return [(reader.line_num, row) for row in reader]
    except OSError as error:
        raise CohortError(
            f"The table {table} cannot be read: {error.strerror or error}.",
            advice="Give the folder that holds the data with --data.",
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CohortError(
            f"{table.name} is not a CSV table: {error}.", advice="Save it as CSV in UTF-8."
        ) from error


def _field(row: dict[str, str], number: int, table: Path, labels: Sequence[str]) -> Field:
    for column in COLUMNS:
        if not (row[column] or "").strip():
            raise CohortError(
                f"{table.name}, row {number}, column {column!r}: there is no value.",
                advice="Fill it in, or remove the row.",
            )
    file, label, slide, patient = (row[column].strip() for column in COLUMNS)
    if label not in labels:
        raise CohortError(
            f"{table.name}, row {number}, column 'label': {label!r} is not a known label.",
            advice=f"Known are {', '.join(labels)}.",
        )
    path = table.parent / file
    if not path.is_file():
        raise CohortError(
            f"{table.name}, row {number}, column 'file': there is no file {file!r} beside the table.",
            advice="Put the image there, or correct its name.",
        )
    return Field(path=path, label=label, slide=slide, patient=patient)


def _check_unique(fields: Sequence[Field], table: Path) -> None:
    patient_of: dict[str, str] = {}
    seen: set[Path] = set()
    for field in fields:
        if field.path in seen:
            raise CohortError(
                f"{table.name}, column 'file': {field.path.name!r} is listed twice.",
                advice="Keep one of its rows.",
            )
        seen.add(field.path)
        if patient_of.setdefault(field.slide, field.patient) != field.patient:
            raise CohortError(
                f"{table.name}, column 'case': slide {field.slide!r} belongs to {patient_of[field.slide]!r} "
                f"and to {field.patient!r}.",
                advice="A slide has one patient.",
            )
