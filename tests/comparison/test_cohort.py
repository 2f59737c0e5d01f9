from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_histcode.comparison.cohort import (
    compare_cohort,
    member_of,
)
from napari_histcode.comparison.cohort_table import read_cohort_table
from napari_histcode.comparison.compare import compare
from napari_histcode.errors import TableFileError
from tests.comparison.planted import GRID, ROWS, config, region, scores_of

COLUMN = GRID.index[:, 0]


def member(patient: str, width: int, seed: int) -> object:
    """A slide whose tumour is ``width`` columns wide and whose map is noisy."""
    values = np.where(np.less(COLUMN, width), 1.0, -1.0) + np.random.default_rng(seed).normal(
        0, 1.5, len(GRID)
    )
    annotations = [region(0, 0, width, ROWS)] if width else []
    return member_of(compare(scores_of(values), annotations, config(n_resamples=0, n_shifts=0)), patient)


MEMBERS = [member("a", 3, 0), member("a", 4, 1), member("b", 5, 2), member("c", 6, 3), member("d", 0, 4)]


def value_of(one: object, metric: str) -> float:
    return next(
        row.value for row in one.rows if row.subject == "tissue.c0.single_tile" and row.metric == metric
    )  # type: ignore[attr-defined]


def test_means_are_over_patients_and_lesions_are_pooled() -> None:
    cohort = compare_cohort(MEMBERS, n_resamples=200, seed=0)  # type: ignore[arg-type]
    found = cohort.metric("tissue.c0.single_tile", "auroc")
    a1, a2, b, c, d = (value_of(one, "auroc") for one in MEMBERS)
    assert np.isnan(d)
    assert found.mean.value == pytest.approx(np.mean([(a1 + a2) / 2, b, c]))
    assert (found.n_patients, found.n_slides, cohort.n_patients) == (3, 4, 4)
    assert found.mean.low <= found.mean.value <= found.mean.high
    pooled = next(one for one in cohort.lesions if one.map == "tissue.c0.single_tile")
    assert (pooled.froc.n_lesions, pooled.froc.n_slides) == (4, 5)
    assert cohort.metric("tissue.c0.single_tile", "dice", "Otsu").n_slides >= 4
    with pytest.raises(KeyError):
        cohort.metric("nothing", "auroc")
    again = compare_cohort(MEMBERS, n_resamples=200, seed=0)  # type: ignore[arg-type]
    assert again.metric("tissue.c0.single_tile", "auroc") == found


def test_two_patients_are_too_few_for_an_interval() -> None:
    cohort = compare_cohort(MEMBERS[:3], n_resamples=50)  # type: ignore[arg-type]
    mean = cohort.metric("tissue.c0.single_tile", "auroc").mean
    assert mean.is_defined
    assert np.isnan(mean.low)
    assert "patients" in mean.reason
    with pytest.raises(ValueError, match="at least one"):
        compare_cohort([])


def test_the_table_of_a_cohort(tmp_path: Path) -> None:
    path = tmp_path / "cohort.csv"
    path.write_text(
        "result,annotations,patient,positive,exhaustive\n"
        "r1,a1.geojson,P 1,Tumor; Necrosis,yes\n"
        "r2,/abs/a2.xml,P 2,,\n",
        encoding="utf-8-sig",
    )
    first, second = read_cohort_table(path)
    assert first.result == tmp_path / "r1"
    assert (first.positive, first.is_exhaustive, first.line) == (("Tumor", "Necrosis"), True, 2)
    assert second.annotations == Path("/abs/a2.xml")
    assert (second.positive, second.is_exhaustive) == ((), None)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("result,annotations\nr,a\n", "lacks the column patient"),
        ("result,annotations,patient\n", "no slide"),
        ("result,annotations,patient\nr,,p\n", "line 2: annotations is empty"),
        ("result,annotations,patient,exhaustive\nr,a,p,perhaps\n", "yes or no"),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "cohort.csv"
    path.write_text(content)
    with pytest.raises(TableFileError, match=message):
        read_cohort_table(path)
    with pytest.raises(TableFileError, match="cannot be read"):
        read_cohort_table(tmp_path / "none.csv")
