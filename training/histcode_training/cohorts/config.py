"""How a cohort's table is laid out, and how it is divided: a recipe's ``[cohort]`` and ``[folds]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from histcode_training.errors import RecipeError

Layout = Literal["table", "clam", "histcode"]
"""Which columns a table has: those that the recipe names, ``case_id,slide_id,label`` (CLAM), or ``slide_id``
with ``label`` or one column a gene (HistCode)."""


@dataclass(frozen=True, kw_only=True)
class CohortConfig:
    """Where slides, patients and targets stand."""

    table: str
    """CSV or Parquet inside the data folder."""
    layout: Layout = "table"
    """See `Layout`."""
    slide: str = "slide"
    """Column of the slide's name."""
    patient: str = "patient"
    """Column of the patient; where a table has none, TCGA barcodes say it."""
    site: str = ""
    """Column of the site or cohort; empty where there is none."""
    cancer: str = ""
    """Column of the cancer type, within which correlations are taken; empty where there is one alone."""
    label: str = "label"
    """Column of the class, for classes that exclude each other."""
    classes: tuple[str, ...] = ()
    """Classes in the order of the outputs; for a binary task the last one is positive."""
    columns: tuple[str, ...] = ()
    """Columns of 0 and 1, one a class, for classes that do not exclude each other; or columns of genes."""
    expression: str = ""
    """Table of quantities inside the data folder, one row a slide or patient, one column a gene."""

    def __post_init__(self) -> None:
        if len(set(self.classes)) != len(self.classes) or len(set(self.columns)) != len(self.columns):
            raise RecipeError("cohort: a class or column is named twice.")


@dataclass(frozen=True, kw_only=True)
class FoldConfig:
    """How slides are divided."""

    kind: Literal["patients", "sites", "file", "clam"] = "patients"
    """By patient, by site, or as a file says: ours, or CLAM's ``splits_*.csv``."""
    n_folds: int = 5
    """Folds; each is tested once, and stops the training of another once."""
    seed: int = 0
    """Decides between divisions that are equally good."""
    file: str = ""
    """File of the folds, or folder of CLAM's splits, inside the data folder."""

    def __post_init__(self) -> None:
        if self.kind in ("file", "clam") and not self.file:
            raise RecipeError(f"folds: kind {self.kind!r} needs a file.")
        if self.kind in ("patients", "sites") and self.n_folds < 3:
            raise RecipeError(
                f"folds: {self.n_folds} folds are too few.",
                advice="One tests, one stops, one is learned from.",
            )
