"""Signatures in the window, without one: what is listed, computed, kept, changed and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_histcode.plugin.evidence import Evidence
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.session import Result, Session
from napari_histcode.plugin.signatures.controller import SignatureController
from napari_histcode.plugin.signatures.words import draft_lines, members_line, row_lines
from napari_histcode.scores.signature import GeneSpread, signature_score
from napari_histcode.scores.signature_file import own_signatures_file, read_own_signatures
from tests.plugin.fakes import FakeCanvas, FakeRunner
from tests.plugin.genes import gene_scores

CD3_MAP = "signatures.cd3.signature"


class Desk:
    """A session with a gene result, and the controller at work on it."""

    def __init__(self) -> None:
        self.session = Session()
        self.runner = FakeRunner()
        self.maps = MapController(self.session, FakeCanvas())
        self.controller = SignatureController(self.session, self.maps, self.runner)
        self.state = self.controller.state
        self.result = Result(scores=gene_scores())
        self.controller.start()
        self.run()
        self.maps.show(self.result)

    def run(self) -> None:
        self.runner.run_all()

    def write(self, label: str, text: str) -> None:
        self.controller.begin()
        self.controller.write(label=label, text=text)
        self.controller.save()
        self.run()

    @property
    def made(self) -> dict[str, Any]:
        return {one.name: one for one in self.session.tool_maps}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_published_signatures_are_listed_with_their_genes(desk: Desk) -> None:
    rows = {row.signature.name: row for row in desk.state.rows}
    assert rows["cd3"].count == "3 of 4 genes"
    assert desk.state.rows[0].members.is_enough, "those that can be drawn come first"
    assert "Missing in this model: CD247." in row_lines(rows["cd3"])[0]
    assert "A score needs 3 genes: this model cannot draw it." in row_lines(rows["plasma_cells"])
    assert rows["plasma_cells"].members.present == {"JCHAIN": "IGJ"}, "under a former name"


def test_a_model_without_genes_has_no_signatures(desk: Desk) -> None:
    desk.maps.show(None)
    assert desk.state.rows == ()


def test_a_map_is_computed_as_the_package_does_and_shown_alone(desk: Desk) -> None:
    desk.controller.show("cd3")
    desk.run()
    signature = next(row.signature for row in desk.state.rows if row.signature.name == "cd3")
    expected = signature_score(signature, desk.result.scores).tile_map
    np.testing.assert_array_equal(desk.made[CD3_MAP].values, expected.values)
    assert desk.session.visible_maps == {CD3_MAP}
    row = desk.session.map_rows[-1]
    assert (row.head, row.output, row.label, row.quantity) == (
        "signatures",
        "cd3",
        "CD3 signature",
        "mean z-score",
    )
    desk.controller.show("cd3")
    assert not desk.runner.waiting, "it is there already"


def test_the_cards_spreads_count_even_when_they_come_later(desk: Desk) -> None:
    desk.controller.show("cd3")
    desk.run()
    assert "this slide's tiles" in desk.made[CD3_MAP].quantity
    spread = GeneSpread(mean=0.0, sd=2.0, what="40 slides")
    known = Evidence(short="", sentence="", is_strong=False, spread=spread)
    desk.session.evidence = {("rna", gene): known for gene in ("CD3D", "CD3E", "CD3G")}
    desk.run()
    values = [desk.result.scores.map(f"rna.{gene}.single_tile").values for gene in ("CD3D", "CD3E", "CD3G")]
    np.testing.assert_allclose(desk.made[CD3_MAP].values, np.mean(values, axis=0) / 2, atol=1e-6)
    assert desk.made[CD3_MAP].quantity.endswith("against 40 slides")


def test_an_answer_for_another_result_is_dropped(desk: Desk) -> None:
    desk.controller.show("cd3")
    desk.maps.show(Result(scores=gene_scores()))
    desk.run()
    assert desk.made == {}


def test_ones_own_is_kept_drawn_changed_and_removed(desk: Desk) -> None:
    desk.write("Mine", "cd3d CD3E; KIAA0125\nCD3G ENSG00000145362")
    (own,) = read_own_signatures()
    assert (own.label, own.genes) == ("Mine", ("CD3D", "CD3E", "FAM30A", "CD3G"))
    assert desk.session.visible_maps == {"signatures.Mine.signature"}
    assert desk.state.rows[0].is_own
    assert desk.state.notice.text == "Saved Mine."

    desk.controller.begin("Mine")
    assert desk.state.draft is not None
    assert desk.state.draft.text.split() == list(own.genes)
    desk.controller.write(label="Ours")
    desk.controller.save()
    desk.run()
    assert [one.label for one in read_own_signatures()] == ["Ours"]
    assert list(desk.made) == ["signatures.Ours.signature"]

    desk.controller.remove("Ours")
    assert (read_own_signatures(), desk.made) == ((), {})
    assert (desk.state.notice.text, desk.state.notice.action) == ("Removed Ours.", "Undo")
    desk.controller.act_on_notice()
    assert [one.label for one in read_own_signatures()] == ["Ours"]
    assert Desk().state.own == desk.state.own, "the next time it is there"


def test_what_is_typed_is_read_at_once(desk: Desk) -> None:
    controller = desk.controller
    controller.begin()
    reading = controller.read_draft()
    assert reading is not None
    assert reading.obstacle == "Paste the symbols of its genes."
    controller.write(text="CD3D, CD3E, KIAA0125, 12")
    reading = controller.read_draft()
    assert reading is not None
    assert draft_lines(reading) == (
        "3 genes. Genes: CD3D, CD3E. Missing in this model: FAM30A.",
        "Former names: KIAA0125 is FAM30A.",
        "Left out, no gene symbols: 12.",
        "This model predicts fewer than 3 of them: it can be saved, not drawn here.",
    )
    assert reading.obstacle == "Give it a name."
    controller.write(label="CD3 ")
    taken = controller.read_draft()
    assert taken is not None
    assert "that name already" in taken.obstacle
    controller.save()
    assert desk.state.draft is not None
    assert not own_signatures_file().exists()
    controller.give_up()
    assert controller.read_draft() is None


def test_a_published_one_is_copied_not_changed(desk: Desk) -> None:
    desk.controller.begin("cd3")
    assert desk.state.draft is not None
    assert (desk.state.draft.label, desk.state.draft.replaces) == ("CD3 (mine)", None)
    desk.controller.remove("cd3")
    assert any(row.signature.name == "cd3" for row in desk.state.rows)


def test_a_collection_is_imported(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "sets.gmt"
    path.write_text("one\tme\tCD3D\tCD3E\tCD3G\ncd3\tme\tCD3D\n")
    desk.controller.import_file(path)
    desk.run()
    assert [one.label for one in desk.state.own] == ["one"]
    assert desk.state.notice.text == "Added 1 signature. 1 of names that exist were left out."
    path.write_text("nothing")
    desk.controller.import_file(path)
    desk.run()
    assert desk.state.notice.is_error


def test_a_damaged_file_is_told_and_not_written_over() -> None:
    own_signatures_file().write_text("no signature at all\n")
    desk = Desk()
    assert desk.state.notice.is_error
    desk.write("Mine", "CD3D CD3E CD3G")
    assert "Nothing was saved" in desk.state.notice.text
    assert own_signatures_file().read_text() == "no signature at all\n"
    assert desk.state.own == ()


def test_tables_of_fold_changes_are_kept(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "TCGA_BRCA.csv"
    path.write_text("gene,log2_fold_change\nIGJ,1.5\n")
    desk.controller.add_fold_changes(path)
    desk.run()
    (change,) = desk.state.fold_changes["JCHAIN"]
    assert (change.cohort, change.log2) == ("TCGA BRCA", 1.5)
    assert "JCHAIN" in Desk().state.fold_changes
    path.write_text("a,b\n")
    desk.controller.add_fold_changes(path)
    desk.run()
    assert desk.state.notice.is_error
    assert "JCHAIN" in desk.state.fold_changes


def test_many_genes_are_counted() -> None:
    desk = Desk()
    desk.controller.begin()
    desk.controller.write(text=" ".join(f"GENE{k}" for k in range(20)))
    reading = desk.controller.read_draft()
    assert reading is not None
    assert members_line(reading.members).endswith("GENE11 and 8 more.")
