"""Can it be trusted here: the pipeline's judgement, and what the user adds to it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_histcode.models import save_model
from napari_histcode.models.card import DomainRecord
from napari_histcode.models.model_file import load_model
from napari_histcode.pipeline import Analysis, analyse_slide
from napari_histcode.plugin.ask import trust_words
from napari_histcode.plugin.session import Result
from napari_histcode.trust.facts import slide_facts
from napari_histcode.trust.fit import fit_statistics
from napari_histcode.trust.judge import judge
from napari_histcode.trust.maps import DISTANCE_MAP
from napari_histcode.trust.trust import TrustWarning
from tests.plugin.ask_desk import AskDesk


@pytest.fixture(scope="module")
def strict_model(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model, which says that it learned from scans of brain at a much finer resolution."""
    model = load_model(str(model_folder))
    features = np.random.default_rng(0).normal(size=(60, 512)).astype(np.float32)
    domain = DomainRecord(organs=("brain",), stains=("H&E",), mpp_range=(0.1, 0.12))
    heads = tuple(replace(head, record=replace(head.record, trained_on=domain)) for head in model.heads)
    card = replace(model.card, heads=tuple(head.record for head in heads))
    statistics = fit_statistics(features, np.repeat(np.arange(6), 10), n_components=8)
    folder = tmp_path_factory.mktemp("models") / "strict"
    save_model(replace(model, card=card, heads=heads, statistics=statistics), folder)
    return folder


@pytest.fixture(scope="module")
def folder(strict_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("strict") / "result"


@pytest.fixture(scope="module")
def analysis(strict_model: Path, slide_path: Path, folder: Path) -> Analysis:
    return analyse_slide(slide_path, str(strict_model), out=folder)


@pytest.fixture
def desk(strict_model: Path, slide_path: Path, analysis: Analysis) -> AskDesk:
    desk = AskDesk(strict_model)
    desk.open(slide_path)
    desk.take(Result(scores=analysis.scores, bag=analysis.bag, analysis=analysis))
    desk.jobs.run_all()
    return desk


def test_the_judgement_is_that_of_the_analysis(desk: AskDesk, analysis: Analysis) -> None:
    state = desk.trust.state
    assert state.trust is analysis.trust
    assert state.trust.warnings
    assert state.organs == ("brain",)
    n = len(state.trust.warnings)
    assert trust_words.notice(state.trust).startswith(f"{n} reason")


def test_an_organ_refines_it(desk: AskDesk, analysis: Analysis) -> None:
    desk.trust.choose_organ("lung")
    desk.jobs.run_all()
    kinds = [one.kind for one in desk.trust.state.trust.warnings]
    assert "organ" in kinds
    record = desk.session.current.record
    facts = slide_facts(record, analysis.overview, organ="lung")
    theirs = judge(analysis.scores, analysis.bag, load_model(desk.session.model), facts)
    assert [w.sentence for w in theirs.warnings] == [w.sentence for w in desk.trust.state.trust.warnings]
    desk.trust.choose_organ("brain")
    desk.jobs.run_all()
    assert "organ" not in [one.kind for one in desk.trust.state.trust.warnings]
    desk.trust.choose_organ(None)
    desk.jobs.run_all()
    assert desk.trust.state.trust is analysis.trust


def test_a_result_from_a_folder_is_judged_alike(
    strict_model: Path, slide_path: Path, analysis: Analysis, folder: Path
) -> None:
    desk = AskDesk(strict_model)
    desk.open(slide_path, folder)
    assert desk.session.result.analysis is None
    trust = desk.trust.state.trust
    assert trust is not None
    assert [w.sentence for w in trust.warnings] == [w.sentence for w in analysis.trust.warnings]
    np.testing.assert_array_equal(trust.ood.distance, analysis.trust.ood.distance)


def test_artefacts_are_judged_when_they_are_known(desk: AskDesk) -> None:
    before = desk.trust.state.trust
    desk.what_if.finder.find()
    desk.jobs.run_all()
    assert desk.trust.state.trust is not before


def test_the_distance_is_a_map_of_the_list(desk: AskDesk) -> None:
    desk.trust.show_distance()
    assert desk.shown == {DISTANCE_MAP}
    ood = desk.trust.state.trust.ood
    np.testing.assert_array_equal(desk.controller.maps.map(DISTANCE_MAP).values, ood.distance)
    desk.controller.maps.show_alone("tissue.attention")
    desk.trust.show_distance()
    assert desk.shown == {DISTANCE_MAP}
    tiles = trust_words.farthest_tiles(desk.trust.state.trust, 5)
    assert ood.distance[list(tiles)].min() == np.sort(ood.distance)[-5]


def test_numbers_in_words(desk: AskDesk) -> None:
    trust = desk.trust.state.trust
    lines = {line.name: line for line in trust_words.number_lines(trust)}
    beyond = (trust.ood.percentile > 0.99).mean()
    assert lines["Beyond 99 %"].value == f"{beyond:.1%}"
    assert lines["Beyond 95 %"].value == f"{trust.ood.share_beyond:.1%}"
    assert lines["Spread"].beside == "no ensemble, no spread"
    bare = {line.name: line for line in trust_words.number_lines(replace(trust, ood=None))}
    assert bare["Distance"].beside == "not in the model"
    assert trust_words.notice(None) == ""
    assert trust_words.organs_of(("bone",), "lung")[:2] == ("bone", "lung")
    assert trust_words.organs_of((), None) == trust_words.ORGANS


def test_options_of_the_command_line_are_not_spoken_of() -> None:
    warning = TrustWarning(
        kind="quality",
        sentence="Analyse it again without such tiles (--exclude-artefacts), or not.",
        evidence={},
    )
    assert trust_words.sentence(warning) == "Analyse it again without such tiles, or not."


def test_the_last_question_wins(desk: AskDesk) -> None:
    desk.trust.choose_organ("lung")
    desk.trust.choose_organ("skin")
    desk.jobs.run_all()
    (organ,) = [one for one in desk.trust.state.trust.warnings if one.kind == "organ"][:1]
    assert "skin" in organ.sentence
