"""Read a cohort's table: our own layout with named columns, CLAM's and HistCode's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from histcode_training.cohorts.config import CohortConfig
from histcode_training.cohorts.table import CohortTable
from histcode_training.errors import CohortError
from histcode_training.mil.config import Task
from napari_histcode.resources.gene_sets import match_genes

if TYPE_CHECKING:
    import pandas as pd

SLIDE_SUFFIXES = (
    ".svs", ".tif", ".tiff", ".ndpi", ".mrxs", ".scn", ".vms", ".bif", ".dcm", ".czi", ".h5", ".pt",
)  # fmt: skip
"""Extensions that a table may write behind a slide's name."""

_BARCODE = re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}")
_FIRST_LINE = 2  # of the values, as an editor counts lines


def slide_name(text: str) -> str:
    """Return a slide's name without the extension of its file."""
    for suffix in SLIDE_SUFFIXES:
        if text.lower().endswith(suffix):
            return text[: -len(suffix)]
    return text


def read_cohort_table(data: Path, config: CohortConfig, task: Task) -> CohortTable:
    """Read a cohort.

    Parameters
    ----------
    data : Path
        The data folder.
    config : CohortConfig
        Layout and names of the columns.
    task : Task
        What is to be predicted.

    Returns
    -------
    CohortTable
        In the order of the table.

    Raises
    ------
    CohortError
        If a file is missing or damaged; a column or value is missing; a label is unknown; a slide stands
        twice; a quantity is no number; a gene is in no table, or known of no slide. The message names row
        (as an editor counts lines, where the table is CSV) and column.
    """
    path = data / config.table
    frame = read_frame(path)
    if not len(frame):
        raise CohortError(f"{path.name} lists no slide.", advice="Give one row a slide.")
    config = _of_layout(config, frame)
    names = [slide_name(text) for text in _texts(frame, config.slide, path)]
    _check_twice(names, config.slide, path)
    patients = _patients(frame, names, config, path)
    sites, cancers = (
        _texts(frame, column, path) if column else [""] * len(frame)
        for column in (config.site, config.cancer)
    )
    outputs, targets = _targets(frame, names, patients, config, task, path)
    return CohortTable(
        slides=tuple(names),
        patients=tuple(patients),
        sites=tuple(sites),
        cancers=tuple(cancers),
        outputs=outputs,
        targets=targets,
        task=task,
    )


def read_frame(path: Path) -> pd.DataFrame:
    """Read CSV (also TSV, packed or not) or Parquet.

    Raises
    ------
    CohortError
        If it cannot be read.
    """
    import pandas as pd

    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        separator = "\t" if ".tsv" in path.suffixes else ","
        return pd.read_csv(path, sep=separator)
    except (OSError, ValueError, EOFError) as error:
        raise CohortError(
            f"The table {path} cannot be read: {error}.",
            advice="Give the folder that holds the data with --data.",
        ) from error


def _of_layout(config: CohortConfig, frame: pd.DataFrame) -> CohortConfig:
    if config.layout == "clam":
        return replace(config, slide="slide_id", patient="case_id", label="label")
    if config.layout == "histcode":
        columns = config.columns
        if "label" not in frame.columns and not columns:
            columns = tuple(str(name) for name in frame.columns if name not in ("slide_id", "Unnamed: 0"))
        return replace(config, slide="slide_id", patient="case_id", label="label", columns=columns)
    return config


def _column(frame: pd.DataFrame, name: str, path: Path) -> pd.Series:
    if name not in frame.columns:
        raise CohortError(
            f"{path.name} has no column {name!r}; it has {', '.join(map(str, frame.columns[:12]))}.",
            advice="Name the columns in the recipe's table [cohort].",
        )
    return frame[name]


def _texts(frame: pd.DataFrame, name: str, path: Path) -> list[str]:
    """Values of a column as text, none of them missing."""
    values = _column(frame, name, path)
    for row, is_missing in enumerate(values.isna()):
        if is_missing or not str(values.iloc[row]).strip():
            raise CohortError(
                f"{path.name}, row {row + _FIRST_LINE}, column {name!r}: there is no value.",
                advice="Fill it in, or remove the row.",
            )
    return [str(value).strip() for value in values]


def _check_twice(names: Sequence[str], column: str, path: Path) -> None:
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        if name in first:
            raise CohortError(
                f"{path.name}, row {row + _FIRST_LINE}, column {column!r}: the slide {name!r} is listed "
                f"twice, "
                f"first in row {first[name] + _FIRST_LINE}.",
                advice="Keep one of its rows.",
            )
        first[name] = row


def _patients(frame: pd.DataFrame, names: Sequence[str], config: CohortConfig, path: Path) -> list[str]:
    if config.patient in frame.columns:
        return _texts(frame, config.patient, path)
    found = [_BARCODE.match(name) for name in names]
    for row, (name, match) in enumerate(zip(names, found, strict=True)):
        if match is None:
            raise CohortError(
                f"{path.name} has no column {config.patient!r}, and the slide {name!r} in row "
                f"{row + _FIRST_LINE} is no TCGA barcode that would say whose it is.",
                advice="Name the patient's column in the recipe: splits are by patient.",
            )
    return [match[0] for match in found if match is not None]


def _targets(
    frame: pd.DataFrame,
    names: Sequence[str],
    patients: Sequence[str],
    config: CohortConfig,
    task: Task,
    path: Path,
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    if task in ("binary", "multi_class"):
        return _classes(_texts(frame, config.label, path), config, task, path)
    if task == "multi_label":
        if not config.columns:
            raise CohortError("A multi-label cohort needs its columns.", advice="Name them in [cohort].")
        values = np.stack([_numbers(frame, name, path) for name in config.columns], axis=1)
        wrong = np.argwhere(np.isfinite(values) & (values != 0) & (values != 1))
        if len(wrong):
            row, column = wrong[0]
            raise CohortError(
                f"{path.name}, row {row + _FIRST_LINE}, column {config.columns[column]!r}: "
                f"{values[row, column]:g} is neither 0 nor 1."
            )
        return config.columns, values
    if config.expression:
        return _expression(data_path(path, config), names, patients, config.columns)
    genes, values = _genes(frame, config.columns, path)
    _check_known(genes, values, path)
    return genes, values


def data_path(table: Path, config: CohortConfig) -> Path:
    """Path of the expression table: inside the same data folder as the cohort's."""
    root = table
    for _ in Path(config.table).parts:
        root = root.parent
    return root / config.expression


def _classes(
    labels: Sequence[str], config: CohortConfig, task: Task, path: Path
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    classes = config.classes or tuple(sorted(set(labels)))
    for row, label in enumerate(labels):
        if label not in classes:
            raise CohortError(
                f"{path.name}, row {row + _FIRST_LINE}, column {config.label!r}: {label!r} is not a known "
                f"label.",
                advice=f"Known are {', '.join(classes)}.",
            )
    if task == "binary" and len(classes) != 2:
        raise CohortError(f"A binary task has two classes, not {len(classes)}: {', '.join(classes)}.")
    targets = np.array([[label == one for one in classes] for label in labels], np.float32)
    return (classes[1:], targets[:, 1:]) if task == "binary" else (classes, targets)


def _numbers(frame: pd.DataFrame, name: str, path: Path) -> NDArray[np.float32]:
    import pandas as pd

    values = _column(frame, name, path)
    numbers = pd.to_numeric(values, errors="coerce")
    wrong = np.flatnonzero((numbers.isna() & values.notna()) | np.isinf(numbers.to_numpy(np.float64)))
    if len(wrong):
        raise CohortError(
            f"{path.name}, row {wrong[0] + _FIRST_LINE}, column {name!r}: {values.iloc[wrong[0]]!r} is no "
            f"number.",
            advice="Leave the cell empty where nobody knows.",
        )
    return numbers.to_numpy(np.float32)


def _genes(
    frame: pd.DataFrame, wanted: Sequence[str], path: Path
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Columns of genes, found also under former names: present symbols, and (n_rows, n_genes)."""
    if not wanted:
        raise CohortError("A cohort for regression needs its genes.", advice="Name columns in [cohort].")
    found = match_genes(wanted, [str(name) for name in frame.columns])
    absent = [name for name in wanted if not match_genes([name], [str(c) for c in frame.columns])]
    if absent:
        raise CohortError(
            f"{path.name} has no gene {', '.join(repr(name) for name in absent[:5])}"
            f"{f' and {len(absent) - 5} more' * (len(absent) > 5)}, also not under a former name.",
            advice="Leave it out of the recipe, or give a table that has it.",
        )
    genes = tuple(found)
    return genes, np.stack([_numbers(frame, found[gene], path) for gene in genes], axis=1)


def _expression(
    path: Path, names: Sequence[str], patients: Sequence[str], wanted: Sequence[str]
) -> tuple[tuple[str, ...], NDArray[np.float32]]:
    """Rows of an expression table for each slide, by its name or its patient; NaN where it has none."""
    frame = read_frame(path)
    key = str(frame.columns[0])
    rows = [slide_name(text) for text in _texts(frame, key, path)]
    _check_twice(rows, key, path)
    genes, values = _genes(frame, wanted or [str(name) for name in frame.columns[1:]], path)
    place = {name: k for k, name in enumerate(rows)}
    targets = np.full((len(names), len(genes)), np.nan, np.float32)
    for i, (name, patient) in enumerate(zip(names, patients, strict=True)):
        k = place.get(name, place.get(patient))
        if k is not None:
            targets[i] = values[k]
    _check_known(genes, targets, path)
    return genes, targets


def _check_known(genes: Sequence[str], targets: NDArray[np.float32], path: Path) -> None:
    for k, gene in enumerate(genes):
        if not np.isfinite(targets[:, k]).any():
            raise CohortError(
                f"{path.name} says {gene!r} of no slide of the cohort.",
                advice="Leave the gene out of the recipe.",
            )
