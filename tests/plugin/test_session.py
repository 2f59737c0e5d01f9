"""State and what is offered, without a window."""

from __future__ import annotations

from dataclasses import replace

import pytest

from napari_histcode.plugin.map_list import first_choice, map_rows
from napari_histcode.plugin.session import (
    Activity,
    Phase,
    Session,
    SlideEntry,
    analyse_offer,
)
from tests.array_slide import ArraySlide, glass
from tests.builders import make_scores


def entry(mpp: float | None = 0.5) -> SlideEntry:
    return SlideEntry(key="k", slide=ArraySlide(glass(64, 64), mpp=mpp))


@pytest.mark.parametrize(
    ("session", "reason"),
    [
        (Session(), "Open a slide"),
        (Session(current=entry(mpp=None)), "resolution"),
        (Session(current=entry(), analysing=Activity(phase=Phase.WORKING)), "under way"),
        (Session(current=entry(), analysing=Activity(phase=Phase.STOPPING)), "under way"),
    ],
)
def test_analysis_is_refused_with_a_reason(session: Session, reason: str) -> None:
    offer = analyse_offer(session)
    assert not offer.is_enabled
    assert reason in offer.reason


def test_analysis_is_offered_where_possible() -> None:
    assert analyse_offer(Session(current=entry())).is_enabled


def test_changes_are_announced_once() -> None:
    session, heard = Session(), []
    session.events.opacity.connect(lambda new, old: heard.append((new, old)))
    before = session.opacity
    session.opacity = 0.3
    session.opacity = 0.3
    assert heard == [(0.3, before)]


def test_rows_follow_heads_and_outputs() -> None:
    rows = map_rows(make_scores())
    assert [(row.head, row.label) for row in rows] == [
        ("tissue", "attention"),
        ("tissue", "viable tumour"),
        ("tissue", "necrosis"),
        ("genes", "CD3E"),
    ]
    assert rows[1].name("single_tile") == "tissue.viable_tumour.single_tile"
    assert rows[1].name("contribution") == "tissue.viable_tumour.single_tile", "the only one that it has"
    assert "tissue.attention" in rows[0]


def test_first_map_is_the_top_outputs_single_tile_map() -> None:
    scores = make_scores()
    assert first_choice(scores) == ("tissue.viable_tumour.single_tile", "tissue.attention")
    assert first_choice(replace(scores, maps=(), predictions=())) == ()
