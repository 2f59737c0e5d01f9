"""A cohort of labelled fields: each field is a bag of the tiles that the pipeline lays over its tissue."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histcode_training.cohort import Cohort, read_cohort
from histcode_training.cohorts.table import CohortTable
from histcode_training.errors import CohortError, RecipeError
from histcode_training.field_features import encode_cohort
from histcode_training.mil.config import Task
from napari_histcode.models.encoder import Encoder


@dataclass(frozen=True, kw_only=True)
class FieldTableConfig:
    """Where labelled fields stand, as a recipe's table ``[fields]``."""

    table: str
    """Table ``file,label,slide,case`` inside the data folder."""
    classes: tuple[str, ...]
    """Labels, in the order of the outputs."""
    mpp: float
    """Micrometres per pixel of the fields."""

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes) or len(self.classes) < 2:
            raise RecipeError("fields: classes lists at least two labels, each once.")
        if not self.mpp > 0:
            raise RecipeError(f"fields: mpp is {self.mpp:g}, and must be above 0.")


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldCohort:
    """Fields as bags."""

    table: CohortTable
    """One row a field; what folds keep together is its slide."""
    fields: Cohort
    """The fields, in the same order."""
    mpp: float
    """Micrometres per pixel of the fields."""

    def encode(self, encoder: Encoder, *, cache: Path | None = None) -> dict[str, NDArray[np.float32]]:
        """Encode the tiles of every field that holds tissue: field to (n_tiles, feature_dim)."""
        encoded = encode_cohort(self.fields, encoder, mpp=self.mpp, cache=cache)
        return {one.field.path.stem: one.features for one in encoded}


def read_field_cohort(data: Path, config: FieldTableConfig, task: Task) -> FieldCohort:
    """Read a table of fields.

    Parameters
    ----------
    data : Path
        The data folder.
    config : FieldTableConfig
        Where the fields stand.
    task : {"binary", "multi_class"}
        A field has one class.

    Raises
    ------
    CohortError
        If table, image or value are missing or wrong, or the task is another.
    """
    if task != "multi_class":
        raise CohortError(
            f"Fields have one class of several each; a {task} task needs another cohort.",
            advice='Say task = "multi_class".',
        )
    fields = read_cohort(data / config.table, config.classes)
    targets = [[field.label == label for label in config.classes] for field in fields.fields]
    empty = ("",) * len(fields)
    table = CohortTable(
        slides=tuple(field.path.stem for field in fields.fields),
        patients=tuple(field.slide for field in fields.fields),
        sites=empty,
        cancers=empty,
        outputs=config.classes,
        targets=np.array(targets, np.float32),
        task=task,
    )
    return FieldCohort(table=table, fields=fields, mpp=config.mpp)
