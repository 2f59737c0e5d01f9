from __future__ import annotations

from pathlib import Path

import pytest

from histcode_training.cohort import read_cohort
from histcode_training.errors import CohortError
from napari_histcode.errors import HistCodeError
from tests.training.material import LABELS, make_cohort, write_fields

HEADER = "file,label,slide,case"


def write_table(folder: Path, *rows: str, header: str = HEADER) -> Path:
    (folder / "a.png").touch()
    (folder / "b.png").touch()
    table = folder / "fields.csv"
    table.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return table


def test_a_table_gives_its_fields_in_order(tmp_path):
    written = write_fields(tmp_path, make_cohort(2), size_px=8)

    cohort = read_cohort(tmp_path / "fields.csv", LABELS)

    assert cohort == written
    assert cohort.slides == ("slide-0", "slide-1")
    assert cohort.patients == ("patient-0", "patient-1")
    assert cohort.counts() == {"red": 2, "green": 2, "blue": 2}


def test_counts_name_labels_without_fields(tmp_path):
    cohort = read_cohort(write_table(tmp_path, "a.png,red,s1,p1"), LABELS)

    assert cohort.counts() == {"red": 1, "green": 0, "blue": 0}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["a.png,red,s1,p1", "b.png,pink,s1,p1"], ["row 3", "'label'", "'pink'"]),
        (["a.png,red,s1,p1", "c.png,red,s1,p1"], ["row 3", "'file'", "'c.png'"]),
        (["a.png,,s1,p1"], ["row 2", "'label'"]),
        (["a.png,red,s1"], ["row 2", "'case'"]),
        (["a.png,red,s1,p1", "a.png,red,s1,p1"], ["'file'", "'a.png'", "twice"]),
        (["a.png,red,s1,p1", "b.png,red,s1,p2"], ["'case'", "'s1'", "'p1'", "'p2'"]),
        ([], ["no field"]),
    ],
)
def test_a_faulty_row_is_named(tmp_path, rows, expected):
    with pytest.raises(CohortError) as caught:
        read_cohort(write_table(tmp_path, *rows), LABELS)

    assert all(word in str(caught.value) for word in expected)


@pytest.mark.parametrize("column", HEADER.split(","))
def test_a_missing_column_is_named(tmp_path, column):
    header = ",".join(c for c in HEADER.split(",") if c != column)

    with pytest.raises(CohortError, match=f"no column '{column}'"):
        read_cohort(write_table(tmp_path, "x,y,z", header=header), LABELS)


def test_a_missing_table_and_one_that_is_no_text_are_typed_errors(tmp_path):
    with pytest.raises(CohortError, match="cannot be read"):
        read_cohort(tmp_path / "fields.csv", LABELS)

    (tmp_path / "fields.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(CohortError, match="not a CSV"):
        read_cohort(tmp_path / "fields.csv", LABELS)


def test_training_errors_belong_to_the_one_tree():
    assert issubclass(CohortError, HistCodeError)
    assert issubclass(CohortError, ValueError)
