"""Evidence in words."""

from __future__ import annotations

from napari_histcode.models.card import OutputRecord
from napari_histcode.models.library import BUNDLED, read_card
from napari_histcode.plugin.evidence import NOTHING_MEASURED, evidence_by_output, evidence_of


def test_a_gene() -> None:
    found = {"r": -0.1, "low": -0.27, "high": 0.06, "n": 187, "q": 0.88, "what": "Map against spots"}
    evidence = evidence_of(OutputRecord(name="ELF3", label="ELF3", evidence=found))
    assert evidence.short == "r -.10"
    assert evidence.sentence == "r -0.10 [-0.27, 0.06], n = 187, q 0.88. Map against spots."
    assert not evidence.is_strong


def test_an_output_without_evidence_says_so() -> None:
    evidence = evidence_of(OutputRecord(name="CD3E", label="CD3E"))
    assert evidence.sentence == NOTHING_MEASURED
    assert not evidence.is_strong


def test_the_bundled_model() -> None:
    found = evidence_by_output(read_card(BUNDLED))
    necrosis = found["tissue", "necrosis"]
    assert necrosis.short.startswith("AUROC .")
    assert necrosis.is_strong
    assert "pathologists' label" in necrosis.sentence


def test_classes_that_were_measured_on_whole_slides() -> None:
    lung = evidence_by_output(read_card(BUNDLED))["lung", "benign"]
    assert lung.short.startswith("AUROC .") or lung.short == "AUROC 1.00"
    assert lung.is_strong
    assert "slides for and" in lung.sentence
    assert "photograph" in lung.sentence
