from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from histcode_training.cohorts.config import CohortConfig
from histcode_training.cohorts.read import read_cohort_table, slide_name
from histcode_training.errors import CohortError

CLASSES = CohortConfig(table="cohort.csv", classes=("normal", "tumour"))
ONE_COLUMN = CohortConfig(table="cohort.csv", columns=("x",))
GENES = CohortConfig(table="cohort.csv", columns=("H3F3A", "TP53"))


def write(folder, text, name="cohort.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_classes_become_one_column_each(tmp_path):
    write(tmp_path, "slide,patient,label\na.svs,p,normal\nb.svs,q,tumour\n")

    table = read_cohort_table(tmp_path, CLASSES, "multi_class")

    assert table.slides == ("a", "b")
    assert table.outputs == ("normal", "tumour")
    np.testing.assert_array_equal(table.targets, [[1, 0], [0, 1]])


def test_a_binary_task_has_the_last_class_as_its_output(tmp_path):
    write(tmp_path, "slide,patient,label\na,p,normal\nb,q,tumour\n")

    table = read_cohort_table(tmp_path, CLASSES, "binary")

    assert table.outputs == ("tumour",)
    np.testing.assert_array_equal(table.targets, [[0], [1]])


def test_parquet_says_the_same_as_csv(tmp_path):
    write(tmp_path, "slide,patient,label\na,p,normal\nb,q,tumour\n")
    pd.read_csv(tmp_path / "cohort.csv").to_parquet(tmp_path / "cohort.parquet")

    csv = read_cohort_table(tmp_path, CLASSES, "binary")
    parquet = read_cohort_table(
        tmp_path, CohortConfig(table="cohort.parquet", classes=CLASSES.classes), "binary"
    )

    assert csv.slides == parquet.slides
    np.testing.assert_array_equal(csv.targets, parquet.targets)


def test_clam_and_histcode_tables_are_read(tmp_path):
    write(tmp_path, "case_id,slide_id,label\np0,s0,tumor_tissue\np1,s1,normal_tissue\n", "clam.csv")
    write(
        tmp_path,
        "slide_id,label\nTCGA-05-4244-01Z.svs,tumor_tissue\nTCGA-05-4245-01Z,normal_tissue\n",
        "h.csv",
    )
    write(
        tmp_path, "slide_id,TP53,KRAS\nTCGA-05-4244-01Z.svs,1.5,2\nTCGA-05-4245-01Z.svs,,0.5\n", "genes.csv"
    )

    clam = read_cohort_table(tmp_path, CohortConfig(table="clam.csv", layout="clam"), "binary")
    labels = read_cohort_table(tmp_path, CohortConfig(table="h.csv", layout="histcode"), "binary")
    genes = read_cohort_table(tmp_path, CohortConfig(table="genes.csv", layout="histcode"), "regression")

    assert clam.patients == ("p0", "p1")
    assert labels.slides == ("TCGA-05-4244-01Z", "TCGA-05-4245-01Z")
    assert labels.patients == ("TCGA-05-4244", "TCGA-05-4245")
    assert genes.outputs == ("TP53", "KRAS")
    assert np.isnan(genes.targets[1, 0])


def test_genes_are_found_under_former_names_and_missing_values_stay_missing(tmp_path):
    write(tmp_path, "slide,patient,H3-3A,TP53\na,p,1,2\nb,q,,3\n")

    table = read_cohort_table(tmp_path, GENES, "regression")

    assert table.outputs == ("H3-3A", "TP53")
    assert np.isnan(table.targets[1, 0])


def test_an_expression_table_has_a_row_a_patient_or_a_slide(tmp_path):
    write(tmp_path, "slide,patient\na,p\nb,p\nc,q\n")
    write(tmp_path, "id,TP53\np,1\nb,2\n", "expression.csv")
    config = CohortConfig(table="cohort.csv", expression="expression.csv", columns=("TP53",))

    table = read_cohort_table(tmp_path, config, "regression")

    np.testing.assert_array_equal(table.targets[:, 0], [1, 2, np.nan])


@pytest.mark.parametrize(
    ("text", "config", "task", "words"),
    [
        ("slide,patient,label\na,p,normal\nb,q,\n", CLASSES, "binary", ["row 3", "'label'", "no value"]),
        ("slide,patient,label\na,p,normal\na.svs,q,tumour\n", CLASSES, "binary", ["row 3", "twice"]),
        ("slide,patient,label\na,p,odd\n", CLASSES, "binary", ["row 2", "'odd'", "not a known label"]),
        ("slide,patient\na,p\n", CLASSES, "binary", ["no column 'label'"]),
        ("slide,label\na,normal\n", CLASSES, "binary", ["no column 'patient'", "barcode"]),
        ("slide,patient,H3F3A\na,p,1\n", GENES, "regression", ["no gene 'TP53'"]),
        ("slide,patient,H3F3A,TP53\na,p,1,high\n", GENES, "regression", ["row 2", "'TP53'", "no number"]),
        ("slide,patient,H3F3A,TP53\na,p,1,\n", GENES, "regression", ["'TP53'", "no slide"]),
        ("slide,patient,x\na,p,2\n", ONE_COLUMN, "multi_label", ["row 2", "'x'", "neither 0 nor 1"]),
        ("slide,patient,label\n", CLASSES, "binary", ["no slide"]),
    ],
)  # fmt: skip
def test_bad_tables_are_refused_by_row_and_column(tmp_path, text, config, task, words):
    with pytest.raises(CohortError) as caught:
        read_cohort_table(write(tmp_path, text), config, task)

    for word in words:
        assert word in str(caught.value)


def test_slide_names_lose_the_extension_of_a_slide_alone():
    assert slide_name("TCGA-1.svs") == "TCGA-1"
    assert slide_name("case.v2") == "case.v2"
