"""Predictions of a run: what every arm said of every slide, with what was measured of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from histcode_training.errors import PredictionsError
from histcode_training.mil.config import Task
from napari_histcode.files import replacing

if TYPE_CHECKING:
    import pandas as pd

Part = Literal["validation", "test"]
KEYS = ("arm", "fold", "seed", "part", "slide", "patient", "cancer")
TARGET, RAW = "target:", "raw:"


@dataclass(frozen=True, kw_only=True, eq=False)
class FoldPredictions:
    """What the heads of one fold said of one of its parts."""

    fold: str
    """Name of the fold."""
    part: Part
    """Part of it."""
    slides: tuple[str, ...]
    """Slides."""
    patients: tuple[str, ...]
    """Patient of each slide."""
    cancers: tuple[str, ...]
    """Cancer type of each slide; empty texts where nobody said."""
    targets: NDArray[np.float32]
    """(n_slides, n_outputs) what was measured; NaN where nobody knows."""
    raw: dict[str, NDArray[np.float32]]
    """Arm to (n_seeds, n_slides, n_outputs) raw outputs: logits, or quantities."""

    def __post_init__(self) -> None:
        n = len(self.slides)
        shape = (n, self.targets.shape[1])
        if self.targets.shape[0] != n or any(values.shape[1:] != shape for values in self.raw.values()):
            raise PredictionsError(f"Fold {self.fold}: targets and predictions have one row a slide.")
        for arm, values in self.raw.items():
            if not np.isfinite(values).all():
                raise PredictionsError(f"Fold {self.fold}: predictions of {arm!r} are not finite.")

    @property
    def patient_of(self) -> NDArray[np.intp]:
        """(n_slides,) number of each slide's patient."""
        return np.unique(self.patients, return_inverse=True)[1].astype(np.intp)


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """All folds of a run."""

    task: Task
    """What the outputs are."""
    outputs: tuple[str, ...]
    """Classes or genes."""
    quantity: str
    """What a value is."""
    arms: tuple[str, ...]
    """The model first, then its baselines."""
    test: tuple[FoldPredictions, ...]
    """What is measured."""
    validation: tuple[FoldPredictions, ...] = ()
    """What the temperature is fitted on, one a fold in the same order; empty where there is none."""


def write_predictions(predictions: Predictions, path: Path) -> None:
    """Write predictions as Parquet: a row an arm, fold, seed and slide.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, list[object]] = {name: [] for name in KEYS}
    values: dict[str, list[NDArray[np.float32]]] = {}
    for fold in (*predictions.test, *predictions.validation):
        for arm in predictions.arms:
            for seed, raw in enumerate(fold.raw[arm]):
                n = len(fold.slides)
                row = (arm, fold.fold, seed, fold.part)
                for name, value in zip(KEYS[:4], row, strict=True):
                    columns[name].extend([value] * n)
                for name, given in zip(KEYS[4:], (fold.slides, fold.patients, fold.cancers), strict=True):
                    columns[name].extend(given)
                for k, output in enumerate(predictions.outputs):
                    values.setdefault(f"{TARGET}{output}", []).append(fold.targets[:, k])
                    values.setdefault(f"{RAW}{output}", []).append(raw[:, k])
    table = pa.table({**columns, **{name: np.concatenate(parts) for name, parts in values.items()}})
    table = table.replace_schema_metadata({"task": predictions.task, "quantity": predictions.quantity})
    with replacing(path) as temporary:
        pq.write_table(table, temporary)


def read_predictions(path: Path) -> Predictions:
    """Read what `write_predictions` wrote.

    Raises
    ------
    PredictionsError
        If the file cannot be read, lacks a column, or an arm is missing in a fold.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    from histcode_training.mil.config import check_task

    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise PredictionsError(
            f"The predictions {path.name} cannot be read: {error}.",
            advice="Give the folder of a run of heads.",
        ) from error
    metadata = {k.decode(): v.decode() for k, v in (table.schema.metadata or {}).items()}
    missing = [name for name in KEYS if name not in table.column_names] + ["task"] * ("task" not in metadata)
    outputs = tuple(name.removeprefix(RAW) for name in table.column_names if name.startswith(RAW))
    missing += [f"{TARGET}{o}" for o in outputs if f"{TARGET}{o}" not in table.column_names]
    if missing or not outputs:
        raise PredictionsError(f"{path.name} lacks {', '.join(missing) or 'predictions'}.")
    frame = table.to_pandas()
    arms = tuple(dict.fromkeys(frame["arm"]))
    parts: dict[str, list[FoldPredictions]] = {"test": [], "validation": []}
    for (part, fold), rows in frame.groupby(["part", "fold"], sort=False):
        parts[str(part)].append(_fold(rows, str(part), str(fold), arms, outputs, path))
    return Predictions(
        task=check_task(metadata["task"]),
        outputs=outputs,
        quantity=metadata.get("quantity", ""),
        arms=arms,
        test=tuple(parts["test"]),
        validation=tuple(parts["validation"]),
    )


def _fold(
    rows: pd.DataFrame, part: str, fold: str, arms: Sequence[str], outputs: Sequence[str], path: Path
) -> FoldPredictions:
    raw: dict[str, NDArray[np.float32]] = {}
    first: pd.DataFrame = rows[rows["arm"] == arms[0]]
    first = first[first["seed"] == first["seed"].min()]
    for arm in arms:
        of_arm = rows[rows["arm"] == arm]
        if not len(of_arm):
            raise PredictionsError(f"{path.name}: fold {fold} has no {part} prediction of {arm!r}.")
        seeds = [seed for _, seed in of_arm.groupby("seed", sort=True)]
        if any(list(one["slide"]) != list(first["slide"]) for one in seeds):
            raise PredictionsError(f"{path.name}: in fold {fold}, arms or seeds have different slides.")
        raw[arm] = np.stack([one[[f"{RAW}{o}" for o in outputs]].to_numpy(np.float32) for one in seeds])
    return FoldPredictions(
        fold=fold,
        part="test" if part == "test" else "validation",
        slides=tuple(first["slide"]),
        patients=tuple(first["patient"]),
        cancers=tuple(first["cancer"]),
        targets=first[[f"{TARGET}{o}" for o in outputs]].to_numpy(np.float32),
        raw=raw,
    )
