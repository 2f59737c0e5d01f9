from __future__ import annotations

import json

import numpy as np
import pytest

from histcode_training.cli import main
from histcode_training.errors import ExpressionError
from histcode_training.targets.check import check_targets
from histcode_training.targets.fold_change import build_targets, fold_change
from histcode_training.targets.tables import ExpressionTable, read_expression, read_fold_changes
from napari_histcode.resources.gene_sets import driver_genes, gene_aliases, match_genes, signatures


def table(genes, samples, values):
    return ExpressionTable(genes=tuple(genes), samples=tuple(samples), values=np.array(values, float))


def test_fold_changes_in_closed_form():
    assert fold_change(np.array(7.0), np.array(1.0), pseudocount=1) == 2
    assert fold_change(np.array(9.0), np.array(1.0), pseudocount=0, scale="histcode") == 1
    assert np.isnan(fold_change(np.array(0.0), np.array(0.0), pseudocount=0))
    with pytest.raises(ExpressionError, match="pseudocount"):
        fold_change(np.array(1.0), np.array(1.0), pseudocount=-1)


def test_a_tumour_without_its_own_normal_is_compared_with_the_median():
    tumour = table(["A", "B"], ["p", "q"], [[3, 7], [1, np.nan]])
    normal = table(["B", "A"], ["p", "x", "y"], [[1, 1, 1], [1, 3, 5]])

    targets = build_targets(tumour, normal, pseudocount=1)

    assert targets.normal == ("matched", "cohort median")
    np.testing.assert_allclose(targets.values, [[1, 0], [1, np.nan]])


def test_genes_are_found_under_other_names_and_absent_ones_are_named():
    tumour = table(["H3F3A", "IGJ", "TP53"], ["p"], [[3], [1], [1]])
    normal = table(["H3-3A", "JCHAIN", "KRAS"], ["p"], [[1], [1], [1]])

    targets = build_targets(tumour, normal, pseudocount=1, genes=["H3-3A", "JCHAIN", "TP53", "H3F3A"])

    assert targets.genes == ("H3-3A", "JCHAIN")
    assert targets.absent == ("TP53",)
    np.testing.assert_allclose(targets.values, [[1, 0]])
    with pytest.raises(ExpressionError, match="None of the 1 genes"):
        build_targets(tumour, normal, pseudocount=1, genes=["MYC"])


def test_identifiers_become_symbols_and_those_of_one_symbol_add_up(tmp_path):
    (tmp_path / "e.csv").write_text("id,p\nENSG1.5,1\nENSG2,2\nENSG3,4\nENSG9,8\n")
    (tmp_path / "s.csv").write_text("id,symbol\nENSG1,A\nENSG2,A\nENSG3,B\n")

    found, unknown = read_expression(tmp_path / "e.csv", symbols=tmp_path / "s.csv")

    assert found.genes == ("A", "B")
    np.testing.assert_array_equal(found.values[:, 0], [3, 4])
    assert unknown == ("ENSG9",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,p\nA,x\n", ["'A'", "'p'", "no expression"]),
        ("id,p\nA,-1\n", ["'A'", "no expression"]),
        ("id,p\nA,1\nA,2\n", ["gene 'A' twice"]),
    ],
)
def test_bad_expression_is_refused_by_gene_and_sample(tmp_path, text, words):
    (tmp_path / "e.csv").write_text(text)

    with pytest.raises(ExpressionError) as caught:
        read_expression(tmp_path / "e.csv")

    assert all(word in str(caught.value) for word in words)


def test_the_check_finds_perfect_and_reversed_agreement():
    values = np.linspace(-3, 3, 20)
    targets = build_targets(
        table([f"G{k}" for k in range(20)], "pqr", np.tile(2.0 ** values[:, None], 3)),
        table([f"G{k}" for k in range(20)], "pqr", np.ones((20, 3))),
        pseudocount=0,
    )

    same = check_targets(targets, {f"G{k}": v for k, v in enumerate(values)}, n_resamples=20)
    turned = check_targets(targets, {f"G{k}": -v for k, v in enumerate(values[:15])}, n_resamples=20)

    assert same.pearson.value == pytest.approx(1)
    assert same.sign_agreement.value == 1
    assert turned.spearman.value == pytest.approx(-1)
    assert turned.sign_agreement.value == 0
    assert turned.n_genes == 15
    assert len(turned.without_partner) == 5


def test_the_gene_sets_are_complete_and_under_present_names():
    drivers = driver_genes()

    assert len(drivers.genes) == len(set(drivers.genes)) == 200
    assert (drivers.genes[0], drivers.genes[-1]) == ("TP53", "ZFP36L1")
    assert "H3-3A" in drivers.genes
    listed = {gene for one in signatures() for gene in one.genes} | set(drivers.genes)
    assert not listed & set(gene_aliases())
    assert all(one.source for one in signatures())
    assert match_genes(["KIAA0125"], ["FAM30A"]) == {"FAM30A": "FAM30A"}


def test_the_command_writes_table_and_record(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("id,p,q\nTP53,3,7\nKRAS,1,1\n")
    (tmp_path / "n.csv").write_text("id,p\nTP53,1\nKRAS,1\n")
    arguments = ["targets", "--tumour", str(tmp_path / "t.csv"), "--normal", str(tmp_path / "n.csv")]

    assert (
        main([*arguments, "--out", str(tmp_path / "out"), "--genes", "TP53,MYC", "--scale", "histcode"]) == 0
    )

    record = json.loads((tmp_path / "out" / "targets.json").read_text())
    assert record["scale"] == "histcode"
    assert record["normal"] == {"p": "matched", "q": "cohort median"}
    assert record["genes_absent"] == ["MYC"]
    lines = (tmp_path / "out" / "targets.csv").read_text().splitlines()
    assert lines[0] == "patient,TP53"
    assert float(lines[1].split(",")[1]) == pytest.approx(np.log10(3))
    assert "1 against cohort median" in capsys.readouterr().out


def test_a_missing_table_ends_with_one_line(tmp_path, capsys):
    status = main(["targets", "--tumour", "no.csv", "--normal", "no.csv", "--out", str(tmp_path)])

    assert status == 1
    assert capsys.readouterr().err.startswith("histcode-train: The table no.csv cannot be read")


def test_targets_of_tcga_luad_point_where_oncodb_says(shared_data):
    folder = shared_data / "tcga_luad"
    tumour, _ = read_expression(folder / "tumour_expression.csv", symbols=folder / "gene_symbols.csv")
    normal, _ = read_expression(folder / "normal_expression.csv", symbols=folder / "gene_symbols.csv")
    targets = build_targets(tumour, normal, pseudocount=1)

    check = check_targets(targets, read_fold_changes(shared_data / "oncodb" / "LUAD.tsv.gz"), n_resamples=50)

    assert set(targets.normal) == {"matched"}
    assert check.n_genes > 450
    assert check.pearson.low > 0.9
    assert check.sign_agreement.low > 0.9
