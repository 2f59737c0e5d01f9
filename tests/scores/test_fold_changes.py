"""Fold changes from cards and from tables of the user's."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_histcode.errors import TableFileError
from napari_histcode.models.card import OutputRecord
from napari_histcode.scores.fold_changes import FoldChange, fold_change_of, read_fold_change_table


def test_of_a_card() -> None:
    found = {"fold_change": {"log2": 1.5, "low": 1.0, "high": 2, "cohort": "LUAD, 57 pairs"}}
    output = OutputRecord(name="ERBB2", label="ERBB2", evidence=found)
    assert fold_change_of(output) == FoldChange(cohort="LUAD, 57 pairs", log2=1.5, low=1.0, high=2.0)
    for nothing in (None, {}, {"fold_change": {"log2": None}}, {"fold_change": 3}):
        assert fold_change_of(OutputRecord(name="A", label="A", evidence=nothing)) is None


def test_of_a_table(tmp_path: Path) -> None:
    path = tmp_path / "TCGA_LUAD.csv"
    path.write_text("gene,log2_fold_change,low,high\nIGJ,2.0,1,3\nERBB2,-0.5,,\nERBB2,0.1,,\nX,NA,,\n")
    found = read_fold_change_table(path)
    assert found["JCHAIN"] == FoldChange(cohort="TCGA LUAD", log2=2.0, low=1.0, high=3.0)
    assert found["ERBB2"] == FoldChange(cohort="TCGA LUAD", log2=-0.5)
    assert "X" not in found


def test_of_a_tab_separated_table_under_other_names(tmp_path: Path) -> None:
    path = tmp_path / "t.tsv"
    path.write_text("Gene symbol\tlog2 fold change\nCD3E\t-1\n")
    assert read_fold_change_table(path, cohort="BRCA") == {"CD3E": FoldChange(cohort="BRCA", log2=-1.0)}


@pytest.mark.parametrize(
    "content", [b"gene,change\nA,1\n", b"gene,log2_fold_change\nA,\n", b"", b"\xff\xfe\x00"]
)
def test_of_what_is_no_table(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(TableFileError):
        read_fold_change_table(path)
