"""The second canvas without a viewer: what is offered and drawn, and how both canvases move."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.annotate.controller import AnnotateController
from napari_histcode.plugin.beside.controller import BesideController
from napari_histcode.plugin.beside.linking import Sight
from napari_histcode.plugin.beside.screen import Side
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.session import Result
from tests.builders import make_map, make_scores
from tests.plugin.fake_beside import FakeScreen
from tests.plugin.fake_board import FakeBoard
from tests.plugin.fakes import FakeCanvas, FakeRunner
from tests.plugin.slides import write_slide

TUMOUR = "tissue.viable_tumour.single_tile"


class Desk:
    def __init__(self) -> None:
        self.canvas, self.jobs, self.screen = FakeCanvas(), FakeRunner(), FakeScreen()
        self.main = Controller(self.canvas, self.jobs)
        self.session = self.main.session
        self.annotate = AnnotateController(self.session, self.canvas, FakeBoard(), self.jobs, self.main.maps)
        self.beside = BesideController(self.main, self.annotate, self.screen)
        self.state = self.beside.state

    def open_slide(self, path: Path, **options: Any) -> str:
        self.main.open_slide(path, **options)
        self.jobs.run_all()
        self.screen.breathe()
        return self.session.current.key

    def take(self, key: str, seed: int = 0) -> Result:
        result = Result(scores=make_scores(seed=seed))
        self.main.results.take(key, result)
        self.screen.breathe()
        return result

    def open(self) -> None:
        self.beside.open()
        self.screen.breathe()

    def choose(self, label: str) -> None:
        (name,) = (choice.name for choice in self.state.offers if choice.label == label)
        self.beside.choose(name)
        self.screen.breathe()

    @property
    def labels(self) -> list[str]:
        return [choice.label for choice in self.state.offers]

    @property
    def chosen(self) -> str:
        return next(c.label for c in self.state.offers if c.name == self.beside.chosen)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.beside.end()
    desk.annotate.close()


@pytest.fixture
def one(desk: Desk, slide_path: Path) -> Desk:
    """A slide with maps, one of them on."""
    desk.take(desk.open_slide(slide_path))
    return desk


@pytest.fixture
def two(one: Desk, other_slide_path: Path) -> Desk:
    """Another slide with maps; the first one is current."""
    first = one.session.current.key
    one.take(one.open_slide(other_slide_path), seed=1)
    one.main.choose_slide(first)
    return one


def square(x: float, y: float) -> Annotation:
    return Annotation(geometry=shapely.box(x, y, x + 100, y + 100), class_name="Tumor")


# What is shown


def test_nothing_to_show_without_a_slide(desk: Desk) -> None:
    desk.screen.toggle()
    assert not desk.state.is_open
    assert not desk.screen.is_open


def test_a_window_without_a_place_for_it(one: Desk) -> None:
    one.screen.has_place = False
    one.open()
    assert not one.state.is_open
    assert "no place" in one.screen.said


def test_the_bare_slide_stands_beside_its_map(one: Desk) -> None:
    one.open()
    assert one.screen.slide == one.session.current.key
    assert one.screen.map is None
    assert one.chosen == "bare slide"
    assert one.screen.steps == ["slide", "map", "regions"], "one thing after the other"
    assert one.labels[0] == "bare slide"
    assert "viable tumour, single tile" in one.labels
    one.screen.toggle()
    assert not one.screen.is_open


def test_a_map_is_drawn_as_the_panel_says(one: Desk) -> None:
    one.open()
    one.choose("viable tumour, single tile")
    assert one.screen.map.heatmap.name == TUMOUR
    assert one.screen.map.is_visible
    one.main.maps.show_alone(TUMOUR)
    one.main.maps.set_normalisation("percentile")
    one.main.maps.set_window((20.0, 80.0))
    one.main.maps.set_opacity(0.3)
    one.screen.breathe()
    here, there = one.canvas.maps[TUMOUR], one.screen.map
    np.testing.assert_array_equal(there.heatmap.raster, here.heatmap.raster)
    assert there.heatmap.limits == here.heatmap.limits == (20.0, 80.0)
    assert (there.colormap, there.opacity) == (here.colormap, 0.3)


def test_what_was_due_at_closing_is_drawn_at_opening(one: Desk) -> None:
    one.beside.open()
    one.beside.close()
    one.open()
    assert one.screen.slide == one.session.current.key


def test_a_burst_of_changes_draws_once(one: Desk) -> None:
    one.open()
    one.choose("viable tumour, single tile")
    one.screen.steps.clear()
    for opacity in np.linspace(0.1, 0.9, 9):
        one.main.maps.set_opacity(opacity)
    one.screen.breathe()
    assert one.screen.steps == ["map"]


def test_a_tools_map_can_be_shown_and_goes_with_the_tool(one: Desk) -> None:
    one.open()
    made = make_map("tool.likeness.single_tile", np.linspace(0, 1, 20), label="likeness")
    one.main.maps.put(made)
    one.screen.breathe()
    one.choose("likeness")
    assert one.screen.map.heatmap.name == made.name
    one.main.maps.take(made.name)
    one.screen.breathe()
    assert one.screen.map is None
    assert one.chosen == "bare slide"


def test_maps_that_are_held_back_are_neither_shown_nor_offered(one: Desk) -> None:
    one.open()
    one.choose("viable tumour, single tile")
    one.session.veiled = frozenset({one.session.current.key})
    one.screen.breathe()
    assert one.screen.map is None
    assert one.labels == ["bare slide"]
    assert one.chosen == "bare slide"
    one.session.veiled = frozenset()
    one.screen.breathe()
    assert one.screen.map.heatmap.name == TUMOUR


def test_regions_are_the_very_picture_of_the_other_canvas(one: Desk) -> None:
    one.open()
    one.annotate.store.commit("draw", (square(10, 10),))
    one.screen.breathe()
    assert one.screen.picture is one.annotate.view.picture
    assert len(one.screen.picture.scene) == 1
    one.annotate.toggle_visible()
    one.screen.breathe()
    assert not one.screen.regions_visible


def test_a_closed_slide_is_shown_no_longer(one: Desk) -> None:
    one.open()
    one.canvas.remove_slide(one.session.current.key)
    one.screen.breathe()
    assert not one.state.is_open
    assert not one.screen.is_open


def test_the_resolution_that_was_given_places_the_slide_anew(desk: Desk, slide_without_mpp: Path) -> None:
    desk.open_slide(slide_without_mpp)
    desk.open()
    desk.screen.steps.clear()
    desk.main.set_mpp(0.5)
    desk.jobs.run_all()
    desk.screen.breathe()
    assert desk.screen.steps[0] == "slide"


# Two slides


def test_two_slides_without_maps_stand_beside_one_another(
    desk: Desk, slide_path: Path, other_slide_path: Path
) -> None:
    first = desk.open_slide(slide_path)
    desk.open_slide(other_slide_path)
    desk.open()
    assert desk.screen.slide == first
    assert desk.state.is_other_slide


def test_the_other_slide_comes_with_the_map_that_is_on(two: Desk) -> None:
    two.open()
    alias = two.session.slides[1].record.alias
    assert f"{alias}: bare slide" in two.labels
    two.choose(f"{alias}: viable tumour, single tile")
    there = two.screen.map
    assert two.screen.slide == two.session.slides[1].key
    assert there.record is two.session.slides[1].record
    here = two.canvas.maps[TUMOUR]
    assert there.heatmap.limits == here.heatmap.limits, "one colour is one value on both"
    assert not np.array_equal(there.raw, here.raw)
    two.main.maps.show_alone(TUMOUR)
    two.main.maps.set_window((-2.0, 2.0))
    two.screen.breathe()
    assert two.screen.map.heatmap.limits == (-2.0, 2.0)


def test_choosing_here_what_is_there_exchanges_the_two(two: Desk) -> None:
    first, second = (entry.key for entry in two.session.slides)
    two.open()
    two.choose(f"{two.session.slides[1].record.alias}: bare slide")
    looked_at = two.screen.sights[Side.THERE]
    two.session.events.current.connect(lambda: two.screen.move(Side.HERE, AWAY), priority=1)
    two.main.choose_slide(second)
    two.screen.breathe()
    assert two.screen.slide == first
    assert two.screen.sights[Side.HERE] == looked_at, "each slide is looked at where it was"
    two.canvas.remove_slide(first)
    two.screen.breathe()
    assert two.screen.slide == second
    assert two.chosen == "bare slide"


def test_one_slide_on_both_follows_the_choice_of_slide(two: Desk) -> None:
    two.open()
    two.choose("viable tumour, single tile")
    two.main.choose_slide(two.session.slides[1].key)
    two.screen.breathe()
    assert two.screen.slide == two.session.slides[1].key
    assert two.screen.map.heatmap.name == TUMOUR
    assert not two.state.is_other_slide


def test_regions_of_the_other_slide_are_painted_by_a_job(two: Desk) -> None:
    other = two.session.slides[1]
    two.annotate.store.begin(other.key, (square(10, 10), square(500, 500)))
    two.open()
    two.choose(f"{other.record.alias}: bare slide")
    assert two.screen.picture is None
    two.jobs.run_all()
    two.screen.breathe()
    assert len(two.screen.picture.scene) == 2


# Moving

AWAY = Sight(centre_px0=(700.0, 300.0), world_per_screen_px=1.0)


def test_each_leads_the_other(one: Desk) -> None:
    one.open()
    one.screen.move(Side.HERE, AWAY)
    assert one.screen.sights[Side.THERE] == AWAY
    back = replace(AWAY, centre_px0=(100.0, 100.0), n_quarters=1)
    one.screen.move(Side.THERE, back)
    assert one.screen.sights[Side.HERE] == back


def test_rounding_of_a_camera_is_not_followed(one: Desk) -> None:
    one.open()
    one.screen.move(Side.HERE, AWAY)
    echo = replace(AWAY, centre_px0=(700.0 + 1e-7, 300.0))
    one.screen.move(Side.THERE, echo)
    assert one.screen.sights[Side.HERE] == AWAY


def test_free_canvases_move_by_themselves_and_meet_again(one: Desk) -> None:
    one.open()
    one.beside.movement.set_linked(is_linked=False)
    before = one.screen.sights[Side.THERE]
    one.screen.move(Side.HERE, AWAY)
    assert one.screen.sights[Side.THERE] == before
    one.beside.movement.set_linked(is_linked=True)
    assert one.screen.sights[Side.THERE] == AWAY


def test_two_slides_are_aligned_and_turned(two: Desk) -> None:
    two.open()
    two.choose(f"{two.session.slides[1].record.alias}: bare slide")
    movement, sights = two.beside.movement, two.screen.sights
    width, height = two.session.slides[0].record.dimensions
    two.screen.move(Side.HERE, replace(AWAY, centre_px0=(width / 2, height / 2)))
    width, height = two.session.slides[1].record.dimensions
    assert sights[Side.THERE] == replace(AWAY, centre_px0=(width / 2, height / 2)), "until they are aligned"

    movement.set_linked(is_linked=False)
    two.screen.move(Side.HERE, AWAY)
    two.screen.move(Side.THERE, Sight(centre_px0=(200.0, 250.0), world_per_screen_px=9.0))
    movement.turn()
    movement.align_here()
    assert two.state.is_linked
    assert sights[Side.THERE] == Sight(centre_px0=(200.0, 250.0), world_per_screen_px=1.0, n_quarters=1)
    two.screen.move(Side.HERE, replace(AWAY, centre_px0=(710.0, 300.0)))
    assert sights[Side.THERE].centre_px0 == pytest.approx((200.0, 240.0)), "its up is where right is here"
    movement.turn()
    assert sights[Side.THERE].n_quarters == 2
    two.screen.move(Side.HERE, replace(AWAY, centre_px0=(720.0, 300.0)))
    assert sights[Side.THERE].centre_px0 == pytest.approx((190.0, 240.0)), "turned about its middle"

    two.main.choose_slide(two.session.slides[1].key)
    two.screen.breathe()
    assert two.beside.link.n_quarters == 2, "exchanged, they are as they were to one another"


def test_slides_of_unknown_scale_stay_free(one: Desk, slide_without_mpp: Path) -> None:
    first = one.session.current
    one.open()
    one.open_slide(slide_without_mpp)
    one.choose(f"{first.record.alias}: bare slide")
    assert "resolution" in one.state.why_free
    assert one.screen.n_fitted == 1
    before = one.screen.sights[Side.THERE]
    one.screen.move(Side.HERE, AWAY)
    assert one.screen.sights[Side.THERE] == before
    one.main.set_mpp(0.5)
    one.jobs.run_all()
    one.screen.breathe()
    assert one.state.why_free == ""


def test_the_pointer_is_marked_on_the_other_canvas(one: Desk) -> None:
    one.open()
    one.choose("viable tumour, single tile")
    mpp = one.session.current.record.mpp.x
    world = ((40.0 - 0.5) * mpp, (30.0 - 0.5) * mpp)
    one.screen.events.pointed.emit(Side.HERE, world)
    assert one.screen.marks[Side.THERE] == pytest.approx((30.0, 40.0))
    one.screen.events.pointed.emit(Side.HERE, None)
    assert one.screen.marks[Side.THERE] is None
    one.screen.events.pointed.emit(Side.THERE, world)
    assert one.screen.marks[Side.HERE] == pytest.approx((30.0, 40.0))
    assert one.screen.said.startswith("viable tumour")


def test_slides_of_two_resolutions_are_seen_at_one_scale(one: Desk, tmp_path: Path) -> None:
    first = one.session.current
    one.open()
    one.open_slide(write_slide(tmp_path / "fine.ome.tif", (640, 512), ()), mpp=0.25)
    one.choose(f"{first.record.alias}: bare slide")
    one.screen.move(Side.HERE, Sight(centre_px0=(320.0 + 80, 256.0), world_per_screen_px=0.5))
    there = one.screen.sights[Side.THERE]
    width, height = first.record.dimensions
    ratio = one.session.current.record.mpp.x / first.record.mpp.x
    assert there.world_per_screen_px == 0.5
    assert there.centre_px0 == pytest.approx((width / 2 + 80 * ratio, height / 2))
