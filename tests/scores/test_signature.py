"""Signatures: closed forms, what is refused, and files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_histcode.errors import SignatureError
from napari_histcode.models.card import HeadRecord, OutputRecord
from napari_histcode.resources.gene_sets import GeneSet, signatures
from napari_histcode.scores.gene_names import read_gene_names
from napari_histcode.scores.scores import Prediction, SlideScores
from napari_histcode.scores.signature import (
    GeneSpread,
    find_members,
    signature_score,
    spreads_of,
    with_signatures,
)
from napari_histcode.scores.signature_file import (
    make_signature,
    own_signatures_file,
    read_own_signatures,
    read_signatures,
    write_signatures,
)
from tests.builders import make_map, make_scores

CD3 = next(one for one in signatures() if one.name == "cd3")
GENES = ("CD3D", "CD3E", "CD3G")


def gene_scores(values: np.ndarray, genes: tuple[str, ...] = GENES, head: str = "genes") -> SlideScores:
    maps = [
        make_map(f"{head}.{gene}.single_tile", row, label=gene, is_signed=True, quantity="log1p")
        for gene, row in zip(genes, values, strict=True)
    ]
    predictions = tuple(
        Prediction(head=head, output=gene, label=gene, value=0.0, raw=0.0, quantity="log1p") for gene in genes
    )
    n = values.shape[1]
    return replace(make_scores(n, 1, maps=maps), predictions=predictions)


VALUES = np.array([[0.0, 2.0, 4.0], [1.0, 1.0, 4.0], [5.0, 3.0, 1.0]])


def test_against_this_slides_tiles() -> None:
    score = signature_score(CD3, gene_scores(VALUES))
    z = (VALUES - VALUES.mean(axis=1, keepdims=True)) / VALUES.std(axis=1, keepdims=True)
    np.testing.assert_allclose(score.tile_map.values, z.mean(axis=0), atol=1e-6)
    assert score.standard == "slide"
    assert score.tile_map.quantity == "mean z-score of 3 genes against this slide's tiles"
    assert score.members.missing == ("CD247",)
    assert (score.tile_map.kind, score.tile_map.is_signed) == ("signature", True)
    assert score.tile_map.values.mean() == pytest.approx(0, abs=1e-6)


def test_against_the_training_cohort() -> None:
    spreads = {("genes", gene): GeneSpread(mean=m, sd=s, what="9 regions") for gene, m, s in
               zip(GENES, (1.0, 2.0, 3.0), (1.0, 0.5, 2.0), strict=True)}  # fmt: skip
    score = signature_score(CD3, gene_scores(VALUES), spreads=spreads)
    expected = ((VALUES[0] - 1) / 1 + (VALUES[1] - 2) / 0.5 + (VALUES[2] - 3) / 2) / 3
    np.testing.assert_allclose(score.tile_map.values, expected, atol=1e-6)
    assert score.standard == "training"
    assert score.tile_map.quantity.endswith("against 9 regions")


def test_one_gene_without_spread_puts_all_on_the_slides_scale() -> None:
    spreads = {("genes", gene): GeneSpread(mean=0.0, sd=1.0) for gene in GENES[:2]}
    assert signature_score(CD3, gene_scores(VALUES), spreads=spreads).standard == "slide"


def test_constant_genes_and_unknown_tiles() -> None:
    values = VALUES.copy()
    values[1] = 7.0
    values[:, 2] = np.nan
    score = signature_score(CD3, gene_scores(values)).tile_map.values
    np.testing.assert_allclose(score[:2], [(-1 + 0 + 1) / 3, (1 + 0 - 1) / 3], atol=1e-6)
    assert np.isnan(score[2])
    one_tile = signature_score(CD3, gene_scores(VALUES[:, :1])).tile_map.values
    np.testing.assert_array_equal(one_tile, [0.0])


@given(scale=st.floats(0.01, 100), shift=st.floats(-50, 50))
def test_units_do_not_matter_within_a_slide(scale: float, shift: float) -> None:
    plain = signature_score(CD3, gene_scores(VALUES)).tile_map.values
    other = VALUES.copy()
    other[0] = scale * other[0] + shift
    np.testing.assert_allclose(signature_score(CD3, gene_scores(other)).tile_map.values, plain, atol=1e-3)


def test_too_few_genes_are_refused_by_name() -> None:
    with pytest.raises(SignatureError, match=r"2 of its 4 genes \(CD3D, CD3E\).*Missing: CD3G, CD247"):
        signature_score(CD3, gene_scores(VALUES[:2], GENES[:2]))
    with pytest.raises(SignatureError, match=r"1 of its 4 genes \(CD3E\)"):
        signature_score(CD3, make_scores())


def test_the_head_with_most_genes_counts_and_former_names_are_found() -> None:
    outputs = [("few", "CD3D"), ("many", "CD3D"), ("many", "KIAA0125"), ("many", "IGJ")]
    wanted = GeneSet(name="x", label="x", genes=("FAM30A", "JCHAIN", "CD3D", "MZB1"), source="")
    members = find_members(wanted, outputs)
    assert members.head == "many"
    assert members.present == {"FAM30A": "KIAA0125", "JCHAIN": "IGJ", "CD3D": "CD3D"}
    assert members.missing == ("MZB1",)


def test_classes_are_no_genes() -> None:
    scores = gene_scores(VALUES)
    classes = tuple(replace(one, quantity="probability") for one in scores.predictions)
    with pytest.raises(SignatureError):
        signature_score(CD3, replace(scores, predictions=classes))


def test_maps_join_the_others() -> None:
    scores = with_signatures(gene_scores(VALUES), [CD3])
    assert scores.map_names[-1] == "signatures.cd3.signature"
    assert scores.map("signatures.cd3.signature").label == "CD3 signature"


def test_spreads_of_a_card() -> None:
    def output(name: str, training: object) -> OutputRecord:
        return OutputRecord(name=name, label=name, evidence={"training": training})

    head = HeadRecord(
        name="genes", label="genes", pooling="mean", hidden_dim=2, attention_dim=2, activation="identity",
        outputs=(
            output("A", {"mean": 1, "sd": 2, "what": "w"}), output("B", {"mean": 1, "sd": 0}),
            output("C", None),
            OutputRecord(name="D", label="D"),
        ),
    )  # fmt: skip
    assert spreads_of([head]) == {("genes", "A"): GeneSpread(mean=1.0, sd=2.0, what="w")}


def test_a_pasted_list_of_genes() -> None:
    named = read_gene_names(
        'cd3e, CD3E;"hla-a"\n KIAA0125 igj c3orf58 ENSG00000145362 1,5 x\tERBB2|', known=["Cd19"]
    )
    assert named.genes == ("CD3E", "HLA-A", "FAM30A", "JCHAIN", "C3orf58", "ERBB2")
    assert named.renamed == (("KIAA0125", "FAM30A"), ("IGJ", "JCHAIN"))
    assert named.unknown == ("ENSG00000145362", "1", "5", "x")
    assert read_gene_names("CD19", known=["Cd19"]).genes == ("Cd19",), "as the model spells it"
    assert read_gene_names(" ,; ").genes == ()


def test_files_there_and_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HISTCODE_HOME", str(tmp_path / "home"))
    assert read_own_signatures() == ()
    mine = (
        make_signature("My T  cells", ["CD3D", "CD3E", "CD3D"], source="me\t"),
        make_signature("b", ["CD19"]),
    )
    assert mine[0].name == "My_T_cells"
    assert mine[0].genes == ("CD3D", "CD3E")
    write_signatures(own_signatures_file(), mine)
    assert own_signatures_file().parent == tmp_path / "home"
    assert read_own_signatures() == (mine[0], replace(mine[1], source="-"))
    write_signatures(own_signatures_file(), ())
    assert read_own_signatures() == ()
    assert os.listdir(tmp_path / "home") == ["signatures.gmt"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"T cells\tme\n", "line 1, is no signature"),
        (b"T cells\tme\tENSG00000145362\n", "is no gene symbol"),
        (b"a b\tx\tCD3E\na_b\tx\tCD3D\n", "two signatures"),
        (b"# nothing\n", "has no signature"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"\t\tCD3E\n", "needs a name"),
    ],
)
def test_files_that_are_none(tmp_path: Path, content: bytes, complaint: str) -> None:
    path = tmp_path / "sets.gmt"
    path.write_bytes(content)
    with pytest.raises(SignatureError, match=complaint):
        read_signatures(path)
