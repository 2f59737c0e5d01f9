"""Finding a map among hundreds, and what is said of it."""

from __future__ import annotations

from napari_histcode.models.card import HeadRecord, ModelCard, OutputRecord
from napari_histcode.plugin.evidence import NOTHING_MEASURED, Evidence, evidence_by_output
from napari_histcode.plugin.map_facts import map_facts, signature_facts
from napari_histcode.plugin.map_list import group_rows, map_rows
from napari_histcode.plugin.map_search import is_found, search_words
from napari_histcode.scores.fold_changes import FoldChange
from tests.builders import make_encoder_record
from tests.plugin.genes import QUANTITY, gene_scores

ROWS = map_rows(gene_scores())


def evidence(**facts: object) -> dict[tuple[str, str], Evidence]:
    head = HeadRecord(
        name="rna", label="rna", pooling="mean", hidden_dim=2, attention_dim=2, activation="identity",
        outputs=(OutputRecord(name="CD3E", label="CD3E", evidence=facts or None),),
    )  # fmt: skip
    card = ModelCard(name="m", version="1", description="", encoder=make_encoder_record(), heads=(head,))
    return evidence_by_output(card)


def test_rows_stand_under_what_their_numbers_are() -> None:
    titles = [group.title for group in group_rows(ROWS)]
    assert titles == ["tissue · log-odds", "genes · log2 fold change", f"rna · {QUANTITY}"]
    assert [row.label for row in group_rows(ROWS)[0].rows] == ["attention", "viable tumour", "necrosis"]


def test_names_former_names_and_members_are_found() -> None:
    def found(text: str, known: dict[tuple[str, str], Evidence] | None = None) -> set[str]:
        return {row.label for row in ROWS if is_found(row, text, known or {})}

    assert found("") == {row.label for row in ROWS}
    assert found(" cd3 ") == {"CD3D", "CD3E", "CD3G"}
    assert found("jchain") == set(), "only names that lead somewhere: the model calls it IGJ"
    assert found("igj") == {"IGJ"}
    assert found("trat1", evidence(genes=["TRAT1", "CD6"])) == {"CD3E"}
    assert found("trat", evidence(genes=["TRAT1", "CD6"])) == set(), "a gene of a signature by its whole name"
    assert found("zzz") == set()
    assert {"CD3D", "IGJ", "attention", "necrosis"} <= set(search_words(ROWS))


def test_a_gene_without_evidence_says_so() -> None:
    assert map_facts(QUANTITY, None) == ("Log1p of counts.", NOTHING_MEASURED)
    assert map_facts(QUANTITY, evidence()["rna", "CD3E"])[1] == NOTHING_MEASURED
    assert "card is not at hand" in map_facts(QUANTITY, None, is_known=False)[1]


def test_a_gene_with_all_that_may_be_known() -> None:
    known = evidence(
        r=0.3, low=0.2, high=0.4, n=57, what="Map against slides",
        training={"mean": 1.0, "sd": 0.5, "what": "57 slides"},
        fold_change={"log2": -1.25, "low": -1.5, "high": -1.0, "cohort": "LUAD, 57 pairs"},
        genes=["CD3D", "CD3E"], genes_missing=["CD247"], source="HE2RNA",
    )["rna", "CD3E"]  # fmt: skip
    assert known.spread is not None
    assert known.spread.sd == 0.5
    assert map_facts("log2 fold change", known, [FoldChange(cohort="BRCA", log2=2.0)]) == (
        "Log2 fold change.",
        "r 0.30 [0.20, 0.40], n = 57. Map against slides.",
        "Genes: CD3D, CD3E. Missing in this model: CD247. HE2RNA.",
        "LUAD, 57 pairs: log2 fold change -1.25 [-1.50, -1.00], tumour over normal.",
        "BRCA: log2 fold change +2.00, tumour over normal.",
    )


def test_a_signature_that_was_put_together_has_no_evidence() -> None:
    assert signature_facts("mean z-score of 3 genes", None)[-1].startswith(
        "Nothing was measured of this score"
    )
