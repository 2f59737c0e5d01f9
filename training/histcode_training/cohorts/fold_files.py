"""Folds in files: ours (one row a slide, one column a fold), and CLAM's ``splits_*.csv``."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from histcode_training.cohorts.config import FoldConfig
from histcode_training.cohorts.folds import PARTS, Fold, check_fold, patient_folds
from histcode_training.cohorts.read import read_frame, slide_name
from histcode_training.cohorts.sites import site_folds
from histcode_training.cohorts.table import CohortTable
from histcode_training.errors import CohortError, SplitError
from napari_histcode.files import replacing

CLAM_PARTS = {"train": "training", "val": "validation", "test": "test"}
_PREFIX = "fold_"


def make_folds(table: CohortTable, config: FoldConfig, data: Path) -> tuple[Fold, ...]:
    """Divide a cohort as the recipe says.

    Parameters
    ----------
    table : CohortTable
        The cohort.
    config : FoldConfig
        By what.
    data : Path
        The data folder, for folds in files.

    Raises
    ------
    SplitError
        If the cohort cannot be divided so, or a file does not fit.
    """
    if config.kind == "sites":
        return site_folds(table, config.n_folds)
    if config.kind == "file":
        return read_folds(data / config.file, table)
    if config.kind == "clam":
        return read_clam_folds(data / config.file, table)
    return patient_folds(table, config.n_folds, seed=config.seed)


def write_folds(path: Path, folds: Sequence[Fold], table: CohortTable) -> None:
    """Write folds as CSV: ``slide,patient,fold_<name>...``, each cell a part, or empty.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    part_of = [{slide: part for part in PARTS for slide in fold.part(part)} for fold in folds]
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["slide", "patient", *(f"{_PREFIX}{fold.name}" for fold in folds)])
        for slide, patient in zip(table.slides, table.patients, strict=True):
            writer.writerow([slide, patient, *(parts.get(slide, "") for parts in part_of)])


def read_folds(path: Path, table: CohortTable) -> tuple[Fold, ...]:
    """Read what `write_folds` wrote.

    Raises
    ------
    SplitError
        If the file cannot be read, names an unknown slide or part, or a patient is in two parts of a fold.
    """
    frame = _frame(path)
    names = [str(name) for name in frame.columns if str(name).startswith(_PREFIX)]
    if "slide" not in frame.columns or not names:
        raise SplitError(f"{path.name} has no column 'slide', or no column that begins with {_PREFIX!r}.")
    patient_of = dict(zip(table.slides, table.patients, strict=True))
    folds = []
    for name in names:
        members: dict[str, list[str]] = {part: [] for part in PARTS}
        for row, (slide, part) in enumerate(zip(frame["slide"], frame[name].fillna(""), strict=True)):
            if part and part not in members:
                raise SplitError(
                    f"{path.name}, row {row + 2}, column {name!r}: {part!r} is no part.",
                    advice=f"Parts are {', '.join(PARTS)}, or nothing.",
                )
            if part:
                members[part].append(slide_name(str(slide)))
        folds.append(check_fold(_fold(name.removeprefix(_PREFIX), members), patient_of))
    return tuple(folds)


def read_clam_folds(folder: Path, table: CohortTable) -> tuple[Fold, ...]:
    """Read CLAM's ``splits_<k>.csv``: columns ``train,val,test`` with the names of slides.

    Raises
    ------
    SplitError
        If there is none, a column is missing, a slide is unknown, or a patient is in two parts.
    """
    files = [p for p in folder.glob("splits_*.csv") if re.fullmatch(r"splits_\d+\.csv", p.name)]
    if not files:
        raise SplitError(
            f"There is no splits_<number>.csv in {folder.name!r}.", advice="Give CLAM's folder of splits."
        )
    patient_of = dict(zip(table.slides, table.patients, strict=True))
    folds = []
    for file in sorted(files, key=lambda p: int(p.stem.split("_")[1])):
        frame = _frame(file)
        members = {}
        for column, part in CLAM_PARTS.items():
            if column not in frame.columns:
                raise SplitError(
                    f"{file.name} has no column {column!r}.", advice="It needs train, val and test."
                )
            members[part] = [slide_name(str(slide)) for slide in frame[column].dropna()]
        folds.append(check_fold(_fold(file.stem.split("_")[1], members), patient_of))
    return tuple(folds)


def _fold(name: str, members: dict[str, list[str]]) -> Fold:
    return Fold(
        name=name,
        training=tuple(members["training"]),
        validation=tuple(members["validation"]),
        test=tuple(members["test"]),
    )


def _frame(path: Path):  # type: ignore[no-untyped-def]
    try:
        return read_frame(path)
    except CohortError as error:
        raise SplitError(error.message, advice="Give the file of the folds.") from error
