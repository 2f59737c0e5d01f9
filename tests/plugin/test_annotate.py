"""Drawing, selecting, classes, keys and measurements on the Annotate page, without a window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import box

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.annotate.state import Stroke, Tool
from napari_histcode.plugin.annotate.view import MOST_IN_HAND
from napari_histcode.plugin.session import Result
from tests.builders import make_scores
from tests.plugin.annotate_page import Page


@pytest.fixture
def page(slide_path: Path) -> Iterator[Page]:
    made = Page(slide_path)
    made.jobs.run_all()
    yield made
    made.annotate.close()


# Drawing


def test_what_is_drawn_becomes_a_region(page: Page) -> None:
    page.draw((10, 10), (110, 10), (110, 60))
    assert page.last.geometry.area == 2500
    assert (page.last.class_name, page.last.colour) == ("Tumor", (200, 0, 0))
    assert page.last.id
    assert page.state.notice.text == "Drew Tumor."
    assert (page.state.notice.action, page.state.undo_label) == ("Undo", "draw Tumor")
    page.annotate.classes.choose("Stroma")
    page.draw((10, 10), (210, 10), (210, 110), (10, 110), tool=Tool.ELLIPSE)
    assert page.last.class_name == "Stroma"
    assert page.last.is_ellipse
    assert page.last.geometry.area == pytest.approx(np.pi * 100 * 50, rel=0.01)
    assert [name.text for name in page.board.names] == ["Tumor", "Stroma"]
    assert len(page.board.picture.scene) == 2


def test_what_is_no_area_is_refused_and_mended_outlines_are_told(page: Page) -> None:
    page.draw((0, 0), (5, 5), (10, 10))
    assert page.regions == ()
    assert page.state.notice.is_error
    page.draw((0, 0), (5, np.nan), (10, 0))
    assert "not a number" in page.state.notice.text
    page.draw((10, 10), (110, 110), (110, 10), (10, 110))
    assert "mended" in page.state.notice.text
    assert page.last.geometry.is_valid


def test_regions_end_at_the_slides_edge(page: Page) -> None:
    page.draw_box(-100, -100, 50, 50)
    assert page.last.geometry.bounds == (0, 0, 50, 50)
    page.draw_box(-100, -100, -50, -50)
    assert len(page.regions) == 1
    assert "outside the slide" in page.state.notice.text


def test_adding_and_subtracting(page: Page) -> None:
    page.draw_box(100, 100, 300, 300)
    page.draw_box(250, 100, 400, 300, is_adding=True)
    assert len(page.regions) == 1
    assert page.last.geometry.equals(box(100, 100, 400, 300))
    page.draw_box(150, 150, 200, 200, is_subtracting=True)
    assert len(page.last.geometry.interiors) == 1
    page.annotate.classes.choose("Stroma")
    page.draw_box(120, 120, 140, 140, is_subtracting=True)
    assert "Nothing to subtract from" in page.state.notice.text, "Stroma leaves Tumor alone"
    page.annotate.set_stroke(Stroke.ADD)
    page.draw_box(100, 100, 200, 200)
    assert len(page.regions) == 2, "with nothing of its class there it is a new region"
    page.annotate.set_stroke(Stroke.SUBTRACT)
    page.draw_box(0, 0, 500, 500)
    assert [region.class_name for region in page.regions] == ["Tumor"], "nothing was left of the stroma"
    page.choose(0)
    page.draw_box(0, 0, 250, 500)
    assert page.last.geometry.equals(box(250, 100, 400, 300)), "a selected region, whatever the class"


def test_brush_grows_the_region_in_which_it_begins(page: Page) -> None:
    page.annotate.set_radius(20)  # 40 px at 0.5 um/px
    page.draw((200, 200), (300, 200), tool=Tool.BRUSH)
    page.draw((300, 200), (300, 300), tool=Tool.BRUSH)
    assert len(page.regions) == 1
    assert page.last.geometry.bounds == pytest.approx((160, 160, 340, 340), abs=1)
    page.draw((600, 600), tool=Tool.BRUSH)
    assert len(page.regions) == 2
    assert page.last.geometry.area == pytest.approx(np.pi * 40**2, rel=0.01)
    page.draw((200, 200), tool=Tool.BRUSH, is_subtracting=True)
    assert page.regions[0].geometry.bounds[0] >= 200


def test_undo_and_redo(page: Page) -> None:
    page.draw_box(0, 0, 50, 50)
    page.draw_box(100, 100, 150, 150)
    two = page.regions
    page.annotate.undo()
    assert len(page.regions) == 1
    assert page.state.notice.text == "Undone: draw Tumor."
    page.annotate.redo()
    assert page.regions == two
    page.annotate.redo()
    assert page.regions == two
    for _ in range(3):
        page.annotate.undo()
    assert page.regions == ()
    assert page.state.undo_label == ""
    page.board.has_corner = True
    page.annotate.redo()
    page.annotate.undo()
    assert len(page.regions) == 1, "an unfinished outline loses its last corner first"


# Selecting and editing


def test_pressing_selects_and_shift_adds(page: Page) -> None:
    page.draw_box(0, 0, 100, 100)
    page.draw_box(20, 20, 60, 60)
    page.annotate.set_tool(Tool.SELECT)
    page.press(30, 30)
    assert page.state.selected == {page.regions[1].id}
    page.press(90, 90, is_adding=True)
    assert len(page.state.selected) == 2
    assert len(page.board.rings) == 2
    page.press(30, 30, keeps_selection=True)
    assert len(page.state.selected) == 2, "they may be dragged together"
    page.press(30, 30)
    assert page.state.selected == {page.regions[1].id}
    page.press(500, 500)
    assert not page.state.selected
    assert page.board.rings == []
    page.board.events.boxed.emit((0, 0, 10, 10))
    assert page.state.selected == {page.regions[0].id}


def test_drags_and_corners_become_steps(page: Page) -> None:
    page.draw_box(100, 100, 200, 200)
    page.choose(0)
    (ring,) = page.board.rings
    page.board.events.edited.emit({ring.key: ring.xy_px0 + 0.004})
    assert page.state.undo_label == "draw Tumor", "single precision is no edit"
    page.board.events.edited.emit({ring.key: ring.xy_px0 + np.array([50, 0])})
    assert page.last.geometry.equals(box(150, 100, 250, 200))
    assert page.state.undo_label == "change 1 region"
    page.board.events.corner_added.emit(ring.key, (200.0, 90.0))
    assert page.last.geometry.area == pytest.approx(10_000 + 500)
    page.board.events.corner_removed.emit(ring.key, 0)
    assert len(page.last.geometry.exterior.coords) == 5
    page.board.events.edited.emit({ring.key: np.array([(0, 0), (1, 1), (2, 2), (0, 0)], float)})
    assert page.state.notice.is_error
    assert len(page.last.geometry.exterior.coords) == 5, "what is no area snaps back"


def test_a_hole_is_edited_by_its_ring(page: Page) -> None:
    page.draw_box(100, 100, 300, 300)
    page.draw_box(150, 150, 200, 200, is_subtracting=True)
    page.choose(0)
    assert [ring.key[1] for ring in page.board.rings] == [0, 1]
    hole = page.board.rings[1]
    page.board.events.edited.emit({hole.key: hole.xy_px0 + 30})
    assert page.last.geometry.area == 200 * 200 - 50 * 50
    assert not page.last.geometry.contains(shapely.Point(220, 220))


def test_locked_regions_stay(page: Page) -> None:
    page.draw_box(100, 100, 200, 200)
    page.choose(0)
    page.annotate.selecting.set_locked(is_locked=True)
    before = page.last
    (ring,) = page.board.rings
    for attempt in (
        lambda: page.board.events.edited.emit({ring.key: ring.xy_px0 + 50}),
        lambda: page.board.events.corner_added.emit(ring.key, (150.0, 90.0)),
        page.board.events.deleted.emit,
        lambda: page.annotate.selecting.reclassify("Stroma"),
        lambda: page.annotate.selecting.rename("other"),
        lambda: page.draw_box(0, 0, 150, 150, is_subtracting=True),
        lambda: page.draw_box(0, 0, 150, 150, is_adding=True),
    ):
        attempt()
        assert page.regions == (before,)
        assert "Locked" in page.state.notice.text
    page.annotate.selecting.set_locked(is_locked=False)
    page.annotate.selecting.delete()
    assert page.regions == ()


def test_what_can_be_done_with_selected_regions(page: Page) -> None:
    page.draw_box(0, 0, 100, 100)
    page.draw_box(50, 50, 150, 150)
    act = page.annotate.selecting
    page.choose(0, 1)
    act.unite()
    assert page.last.geometry.area == 2 * 10_000 - 2500
    page.annotate.undo()
    page.choose(0, 1)
    act.intersect()
    assert page.last.geometry.equals(box(50, 50, 100, 100))
    page.annotate.undo()
    page.choose(0, 1)
    act.subtract()
    assert [region.geometry.area for region in page.regions] == [7500, 10_000]
    page.annotate.undo()
    page.draw_box(10, 10, 30, 30)
    page.choose(0, 2)
    act.make_hole()
    assert len(page.regions) == 2
    assert page.regions[0].geometry.area == 10_000 - 400
    page.choose(0)
    act.fill_holes()
    assert page.regions[0].geometry.area == 10_000
    act.rename("  margin ")
    assert page.regions[0].name == "margin"
    act.reclassify("Stroma")
    assert page.regions[0].colour == (150, 200, 150)
    act.duplicate()
    assert len(page.regions) == 3
    assert page.state.selected == {page.last.id}
    act.delete()
    assert page.state.notice.text == "Deleted 1 region."
    assert page.state.notice.action == "Undo"
    page.annotate.act_on_notice()
    assert len(page.regions) == 3


def test_operations_that_mean_nothing_say_so(page: Page) -> None:
    act = page.annotate.selecting
    for attempt in (act.delete, act.duplicate, act.unite, act.fill_holes, act.make_hole):
        attempt()
    page.draw_box(0, 0, 10, 10)
    page.draw_box(50, 50, 60, 60)
    page.choose(0, 1)
    before = page.regions
    act.intersect()
    assert "nothing in common" in page.state.notice.text
    act.make_hole()
    assert "do not overlap" in page.state.notice.text
    assert page.regions == before


def test_many_selected_regions_are_not_put_into_the_pen(page: Page) -> None:
    regions = tuple(
        Annotation(geometry=box(x, y, x + 5, y + 5), id=f"{x}-{y}")
        for x in range(0, 200, 10)
        for y in range(0, 200, 10)
    )
    page.annotate.store.begin("one", regions)
    page.canvas.view = (0, 0, 1000, 1000)
    page.annotate.selecting.select_in_view()
    assert len(page.state.selected) == 400
    assert page.board.rings == []
    assert str(MOST_IN_HAND) in page.state.notice.text
    assert page.board.names == [], "too many names would hide the slide"
    page.annotate.selecting.delete()
    assert page.regions == ()


def test_flying_to_a_region_selects_it(page: Page) -> None:
    page.draw_box(100, 100, 300, 200)
    page.annotate.selecting.fly_to(str(page.last.id))
    assert page.canvas.flights == [(100, 100, 200, 100)]
    assert page.state.selected == {page.last.id}
    assert "Tumor" in page.board.describe(150, 150)
    assert page.board.describe(10, 10) == ""


# Classes


def test_class_list_is_edited(page: Page) -> None:
    classes = page.annotate.classes
    page.draw_box(0, 0, 100, 100)
    assert classes.add() == "New class"
    assert classes.add() == "New class 2"
    assert page.state.class_name == "New class 2"
    classes.rename("New class 2", "Lumen")
    assert page.state.class_name == "Lumen"
    classes.rename("Tumor", "stroma")
    assert "already" in page.state.notice.text
    classes.rename("Tumor", "Carcinoma")
    assert page.last.class_name == "Carcinoma"
    classes.remove("Carcinoma")
    assert "Carcinoma" in page.state.classes.names
    classes.remove("Lumen")
    assert "Lumen" not in page.state.classes.names
    classes.recolour("Carcinoma", (1, 2, 3))
    assert page.annotate.view.colour_of(page.last) == (1, 2, 3)
    assert page.board.names[0].colour == (1, 2, 3)


def test_colours_for_colour_blind_eyes(page: Page) -> None:
    page.draw_box(0, 0, 100, 100)
    assert page.annotate.classes.palette == "qupath"
    page.annotate.classes.use_palette("okabe_ito")
    assert page.annotate.view.colour_of(page.last) == (213, 94, 0)
    assert page.annotate.classes.palette == "okabe_ito"
    page.annotate.classes.recolour("Tumor", (1, 1, 1))
    assert page.annotate.classes.palette == ""


def test_choosing_a_class_means_the_selected_regions_or_the_next_one(page: Page) -> None:
    page.draw_box(0, 0, 100, 100)
    page.annotate.set_tool(Tool.SELECT)
    page.choose(0)
    page.annotate.classes.choose("Necrosis")
    assert page.last.class_name == "Necrosis"
    page.annotate.set_tool(Tool.BRUSH)
    page.annotate.classes.choose("Stroma")
    assert page.last.class_name == "Necrosis", "while drawing it is the class of the next region"


# Tools and keys


def test_keys_belong_to_the_page(page: Page) -> None:
    assert page.board.keys == {}
    page.annotate.set_in_front(is_in_front=True)
    assert {"Control-Z", "Control-Shift-Z", "Control-Y", "Control-1"} <= page.board.keys.keys()
    assert "3" not in page.board.pen_keys, "napari's own digits stay as long as nothing is drawn"
    page.annotate.set_tool(Tool.POLYGON)
    page.board.pen_keys["3"]()
    assert page.state.class_name == "Immune cells"
    page.board.keys["Control-2"]()
    assert page.state.class_name == "Stroma"
    page.board.pen_keys["]"]()
    assert page.state.radius_um > 50
    page.annotate.set_in_front(is_in_front=False)
    assert page.board.keys == page.board.pen_keys == {}
    assert page.board.tool is Tool.MOVE


def test_tools_follow_the_viewer(page: Page) -> None:
    page.board.events.tool_changed.emit(Tool.FREEHAND)
    assert page.state.tool is Tool.FREEHAND
    page.annotate.toggle_visible()
    assert not page.board.is_visible
    page.annotate.set_tool(Tool.BRUSH)
    assert page.board.is_visible, "nobody draws blind"
    page.board.events.visibility_changed.emit(False)
    assert not page.state.is_visible
    page.annotate.set_radius(1e9)
    assert page.state.radius_um <= 2000
    page.annotate.set_fill(0.5)
    page.annotate.set_in_front(is_in_front=True)
    assert page.board.picture._pen.fill == 0.5
    page.annotate.set_in_front(is_in_front=False)
    assert page.board.picture._pen.fill == 0, "elsewhere the fill would change the colours of maps"


# Slides


def test_every_slide_keeps_its_regions(page: Page, tmp_path: Path) -> None:
    from tests.plugin.slides import write_slide

    page.draw_box(0, 0, 100, 100)
    page.choose(0)
    first = page.regions
    other = page.open("two", write_slide(tmp_path / "other.ome.tif", (600, 500)))
    page.jobs.run_all()
    assert page.regions == ()
    assert not page.state.selected
    assert page.board.record is other.record
    page.draw_box(5, 5, 50, 50)
    page.session.current = page.entry
    assert page.regions is first
    page.annotate.undo()
    assert page.regions == ()
    page.session.current = other
    assert len(page.regions) == 1
    page.session.slides = (other,)
    page.session.current = None
    assert page.regions == ()
    assert page.board.picture is None


# Measurements


def test_measurements_follow_regions_and_maps(page: Page, tmp_path: Path) -> None:
    page.annotate.set_in_front(is_in_front=True)
    page.draw_box(0, 0, 200, 100)
    page.board.run_later()
    page.jobs.run_all()
    table = page.state.table
    assert table.measures.area_mm2[0] == pytest.approx(200 * 100 * 0.25 / 1e6)
    assert table.maps == ()
    scores = make_scores(3, 2)
    page.session.result = Result(scores=scores)
    page.session.visible_maps = frozenset({"tissue.attention"})
    page.board.run_later()
    page.jobs.run_all()
    assert [each.name for each in page.state.table.maps] == ["tissue.attention"]
    assert page.state.table.measures.mean[0, 0] == pytest.approx(scores.map("tissue.attention").values[0])
    page.annotate.measures.save(tmp_path / "table.csv")
    page.jobs.run_all()
    assert (tmp_path / "table.csv").read_text().startswith("row,class,name")
    assert "written" in page.state.saving.text
    page.annotate.measures.save(tmp_path)
    page.jobs.run_all()
    assert page.state.saving.is_error


def test_nothing_is_measured_while_nobody_looks(page: Page) -> None:
    page.draw_box(0, 0, 200, 100)
    page.board.waiting = [each for each in page.board.waiting if each[0] < 1]
    page.board.run_later()
    assert page.jobs.waiting == []
    assert page.state.table is None
