"""What the card of a gene model says of the cohort it learned from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from histcode_training.mil.export import _training_facts
from napari_histcode.models.card import HeadRecord, OutputRecord
from napari_histcode.scores.fold_changes import fold_change_of
from napari_histcode.scores.signature import GeneSpread, spreads_of

TARGETS = np.array([[1.0, 3.0, np.nan], [3.0, 3.0, np.nan], [8.0, 3.0, 1.0]])


def facts(k: int, quantity: str = "log2 fold change") -> dict[str, Any]:
    recipe = cast(Any, SimpleNamespace(quantity=quantity))
    return _training_facts(recipe, cast(Any, SimpleNamespace(table=SimpleNamespace(targets=TARGETS))), k)


def test_the_window_reads_what_training_writes() -> None:
    output = OutputRecord(name="ERBB2", label="ERBB2", evidence=facts(0))
    head = HeadRecord(
        name="genes", label="genes", pooling="mean", hidden_dim=2, attention_dim=2, activation="identity",
        outputs=(output,),
    )  # fmt: skip
    spread = spreads_of([head])["genes", "ERBB2"]
    assert spread == GeneSpread(
        mean=4.0, sd=round(TARGETS[:, 0].std(), 4), what="3 slides of the training cohort"
    )
    change = fold_change_of(output)
    assert change is not None
    assert (change.log2, change.cohort) == (3.0, "median of 3 slides of the training cohort")


def test_what_is_not_known_is_not_written() -> None:
    assert set(facts(1)) == {"fold_change"}, "no spread, no z-score"
    assert facts(2) == {}, "one slide is no cohort"
    assert set(facts(0, "log1p expression")) == {"training"}
