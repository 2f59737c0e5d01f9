"""History, edits, shapes, colours: what needs neither a board nor a window."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from napari_histcode.annotations import OKABE_ITO_CLASSES, QUPATH_CLASSES, Annotation, ClassList
from napari_histcode.comparison.measure_regions import measure_regions
from napari_histcode.plugin.annotate import edits, shaping
from napari_histcode.plugin.annotate.colours import FURTHER_COLOURS, UNCLASSIFIED, colour_of, with_classes_of
from napari_histcode.plugin.annotate.history import MOST_STEPS, History
from napari_histcode.plugin.annotate.inbox import deliver, may_be_regions, receive
from napari_histcode.plugin.annotate.paint import Pen
from napari_histcode.plugin.annotate.picture import RegionPicture
from napari_histcode.plugin.annotate.scene import Scene, differences
from napari_histcode.plugin.annotate.shaping import ShapingError
from napari_histcode.plugin.panels.region_model import RegionModel
from napari_histcode.slide import Mpp

HOLED = Polygon([(0, 0), (100, 0), (100, 100), (0, 100)], [[(20, 20), (40, 20), (40, 40), (20, 40)]])


def region(identity: str, geometry: object = None, class_name: str | None = "Tumor") -> Annotation:
    return Annotation(geometry=geometry or box(0, 0, 10, 10), class_name=class_name, id=identity)


# History


def test_history_goes_back_and_forth() -> None:
    one, two = (region("a"),), (region("a"), region("b"))
    history = History().then("draw a", one).then("draw b", two)
    assert (history.regions, history.undo_label, history.redo_label) == (two, "draw b", "")
    back = history.undo()
    assert (back.regions, back.undo_label, back.redo_label) == (one, "draw a", "draw b")
    assert back.redo().regions is two
    assert back.undo().undo().undo().regions == ()
    assert back.then("draw c", one).redo_label == "", "a new step forgets what was undone"


def test_history_is_bounded() -> None:
    history = History()
    for number in range(MOST_STEPS + 30):
        history = history.then(f"step {number}", (region(str(number)),))
    assert len(history.done) == MOST_STEPS
    for _ in range(MOST_STEPS + 5):
        history = history.undo()
    assert history.regions[0].id == "29", "the oldest steps have become the start"


@given(st.lists(st.sampled_from(("then", "undo", "redo")), max_size=60))
def test_undo_and_redo_never_lose_a_step(moves: list[str]) -> None:
    history, expected, place = History(), [()], 0
    for number, move in enumerate(moves):
        if move == "then":
            made = (region(str(number)),)
            history = history.then("draw", made)
            expected = [*expected[: place + 1], made]
            place += 1
        else:
            history = history.undo() if move == "undo" else history.redo()
            place = max(place - 1, 0) if move == "undo" else min(place + 1, len(expected) - 1)
        assert history.regions is expected[place] or history.regions == expected[place]


# Edits


def test_ids_are_given_once() -> None:
    known = region("a")
    made = edits.with_ids([known, region("a"), Annotation(geometry=box(0, 0, 1, 1))], taken={"b"})
    assert made[0] is known
    assert len({one.id for one in made}) == 3
    assert edits.with_ids([region("b")], taken={"b"})[0].id != "b"


def test_edits_touch_only_what_they_mean() -> None:
    regions = (region("a"), region("b"), region("c"))
    kept = edits.put(regions, {"b": None})
    assert kept == (regions[0], regions[2])
    assert kept[0] is regions[0]
    changed = edits.change(regions, {"c"}, lambda r: edits.reclassified(r, "Stroma", QUPATH_CLASSES))
    assert changed[:2] == regions[:2]
    assert (changed[2].class_name, changed[2].colour) == ("Stroma", (150, 200, 150))


def test_copies_are_free_and_elsewhere() -> None:
    locked = Annotation(geometry=box(0, 0, 10, 10), id="a", is_locked=True, name="first")
    (copy,) = edits.duplicated([locked], (3, 4))
    assert copy.geometry.equals(box(3, 4, 13, 14))
    assert copy.id != "a"
    assert not copy.is_locked
    assert copy.name == "first"


# Shapes


def test_outlines_become_areas() -> None:
    assert shaping.outline(np.array([(0, 0), (4, 0), (4, 3)])).geometry.area == 6
    closed = shaping.outline(np.array([(0, 0), (0, 0), (4, 0), (4, 3), (4, 3), (0, 0)]))
    assert len(closed.geometry.exterior.coords) == 4
    bow_tie = shaping.outline(np.array([(0, 0), (10, 10), (10, 0), (0, 10)], float))
    assert bow_tie.is_mended
    assert bow_tie.geometry.is_valid
    assert bow_tie.geometry.area == pytest.approx(50)


@pytest.mark.parametrize(
    ("corners", "reason"),
    [
        ([(0, 0), (1, 1)], "three corners"),
        ([(0, 0), (1, 1), (2, 2), (0, 0)], "area"),
        ([(0, 0), (1, np.nan), (2, 0)], "not a number"),
        ([(5, 5)] * 6, "three corners"),
    ],
)
def test_what_is_no_area_is_said(corners: list[tuple[float, float]], reason: str) -> None:
    with pytest.raises(ShapingError, match=reason):
        shaping.outline(np.array(corners, float))


def test_brush_covers_what_it_passes() -> None:
    dab = shaping.brushed(np.array([(50.0, 60.0)]), (10, 10))
    assert dab.area == pytest.approx(np.pi * 100, rel=0.01)
    stroke = shaping.brushed(np.array([(0.0, 0.0), (100.0, 0.0)]), (10, 10))
    assert stroke.area == pytest.approx(2000 + np.pi * 100, rel=0.01)
    oval = shaping.brushed(np.array([(0.0, 0.0)]), (20, 10))
    assert oval.bounds == pytest.approx((-20, -10, 20, 10), abs=0.5)


def test_boolean_operations_equal_shapely() -> None:
    a, b = box(0, 0, 10, 10), box(5, 5, 15, 15)
    assert shaping.united([a, b]).equals(a | b)
    assert shaping.intersected([a, b]).equals(a & b)
    assert shaping.subtracted(a, b).equals(a - b)
    assert shaping.subtracted(a, box(-1, -1, 11, 11)).is_empty
    assert shaping.intersected([a, box(10, 0, 20, 10)]).is_empty, "a shared edge is no area"
    assert shaping.subtracted(a, box(2, 2, 4, 4)).interiors
    assert shaping.n_holes(HOLED) == 1
    assert shaping.without_holes(HOLED).area == 100 * 100


def test_rings_there_and_back() -> None:
    several = MultiPolygon([HOLED, box(200, 0, 210, 10)])
    rings = shaping.rings_of(several)
    assert [len(ring) for ring in rings] == [5, 5, 5]
    assert shaping.with_rings(several, dict(enumerate(rings))).geometry.equals(several)
    assert shaping.rings_of(Point(0, 0)) == shaping.rings_of(LineString([(0, 0), (1, 1)])) == []


def test_a_hole_can_be_moved() -> None:
    hole = shaping.rings_of(HOLED)[1]
    moved = shaping.with_rings(HOLED, {1: hole + 10}).geometry
    assert moved.area == HOLED.area
    assert not moved.contains(Point(45, 45))
    notch = shaping.with_rings(HOLED, {1: hole + np.array([70, 0])}).geometry
    assert shaping.n_holes(notch) == 0, "over the edge it cuts a notch"
    assert notch.area == 100 * 100 - 10 * 20
    gone = shaping.with_rings(HOLED, {1: hole + 500}).geometry
    assert gone.area == 100 * 100


def test_corners_come_and_go() -> None:
    ring = shaping.rings_of(box(0, 0, 10, 10))[0]
    more = shaping.insert_corner(ring, (5, -2))
    assert Polygon(more).area == pytest.approx(100 + 10)
    for corner in range(len(ring)):
        fewer = shaping.remove_corner(ring, corner)
        assert np.array_equal(fewer[0], fewer[-1])
        assert Polygon(fewer).area == pytest.approx(50)
    with pytest.raises(ShapingError, match="three corners"):
        shaping.remove_corner(fewer, 0)


# Colours


def test_colours_follow_the_class_list() -> None:
    assert colour_of(region("a"), QUPATH_CLASSES) == (200, 0, 0)
    assert colour_of(region("a", class_name="tumor: Positive"), QUPATH_CLASSES) == (200, 0, 0)
    assert colour_of(region("a"), OKABE_ITO_CLASSES) == (213, 94, 0)
    assert colour_of(region("a", class_name=None), QUPATH_CLASSES) == UNCLASSIFIED
    own = Annotation(geometry=box(0, 0, 1, 1), class_name="Tumor", own_colour=(1, 2, 3))
    assert colour_of(own, QUPATH_CLASSES) == (1, 2, 3)


def test_unknown_classes_are_learned() -> None:
    green = Annotation(geometry=box(0, 0, 1, 1), class_name="Lumen", colour=(0, 255, 0))
    learned = with_classes_of(QUPATH_CLASSES, [region("a"), green, region("b", class_name="Fat")])
    assert learned.colour_of("Lumen") == (0, 255, 0)
    assert learned.colour_of("Fat") in FURTHER_COLOURS
    assert with_classes_of(learned, [green]) is learned


# Scene and picture


def many(n: int, seed: int = 0) -> tuple[Annotation, ...]:
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 1900, (n, 2))
    return tuple(
        region(str(i), box(x, y, x + 30, y + 40), ("Tumor", "Stroma", None)[i % 3])
        for i, (x, y) in enumerate(corners)
    )


def plain_colour(one: Annotation) -> tuple[int, int, int]:
    return colour_of(one, QUPATH_CLASSES)


def test_scene_finds_the_smallest_region() -> None:
    large, small = region("large", box(0, 0, 100, 100)), region("small", box(40, 40, 60, 60))
    line = region("line", LineString([(150, 0), (150, 100)]))
    scene = Scene((large, small, line), plain_colour)
    assert scene.at((50, 50)) is small
    assert scene.at((10, 10)) is large
    assert scene.at((300, 300)) is None
    assert scene.at((153, 50), reach_px0=5) is line
    assert scene.at((153, 50), reach_px0=1) is None
    assert scene.meeting(box(55, 0, 200, 100)) == [large, small]


@given(st.lists(st.tuples(st.sampled_from("adr"), st.integers(0, 30)), max_size=12))
def test_edited_scene_equals_a_new_one(changes: list[tuple[str, int]]) -> None:
    regions = many(25)
    scene = Scene(regions, plain_colour)
    for number, (what, place) in enumerate(changes):
        before = regions
        if what == "a":
            regions = (*regions, region(f"new {number}", box(place, place, place + 50, place + 50)))
        elif what == "d" and place < len(regions):
            regions = regions[:place] + regions[place + 1 :]
        elif place < len(regions):
            moved = region(f"moved {number}", box(place * 9, 3, place * 9 + 20, 30))
            regions = (*regions[:place], moved, *regions[place + 1 :])
        scene, where = scene.edited(regions)
        gone, come = differences(before, regions)
        assert where is not None
        assert len(where) == len(gone) + len(come)
    fresh = Scene(regions, plain_colour)
    window = (0, 0, 1000, 1000)
    assert {r.id for r in scene.within(window).regions} == {r.id for r in fresh.within(window).regions}


def test_picture_is_the_same_after_an_edit_as_from_scratch() -> None:
    before = many(60)
    after = (*before[:30], *before[31:], region("new", HOLED, "Necrosis"))
    scene = Scene(before, plain_colour)
    picture = RegionPicture((2000, 1500), scene, Pen())
    for level in picture.levels:
        level[:, :]  # keep tiles
    edited, where = scene.edited(after)
    picture.show(edited, where=where)
    fresh = RegionPicture((2000, 1500), Scene(after, plain_colour), Pen())
    for level, expected in zip(picture.levels, fresh.levels, strict=True):
        np.testing.assert_array_equal(level[:, :], expected[:, :])


def test_picture_lies_where_the_regions_are() -> None:
    square = region("a", box(1000, 600, 1400, 900))
    picture = RegionPicture((2000, 1500), Scene((square,), plain_colour), Pen(width_px=2, fill=0.5))
    assert [level.shape for level in picture.levels] == [(1500, 2000, 4), (750, 1000, 4), (375, 500, 4)]
    for number, level in enumerate(picture.levels):
        scale = 2**number
        row, column = np.nonzero(level[:, :][..., 3])
        extent = np.array([column.min(), row.min(), column.max() + 1, row.max() + 1]) * scale
        assert np.abs(extent - (1000, 600, 1400, 900)).max() <= 2 * scale, "a line's width at most"
        middle = level[750 // scale, 1200 // scale]
        np.testing.assert_allclose(middle[:3], (200, 0, 0), atol=1)
        assert middle[3] == pytest.approx(128, abs=2)
    np.testing.assert_array_equal(
        picture.levels[0][600:700, 950:1100], picture.levels[0][:, :][600:700, 950:1100]
    )


def test_holes_are_not_filled() -> None:
    holed = region("a", shapely.affinity.scale(HOLED, 4, 4, origin=(0, 0)))
    for geometry in (holed.geometry, shapely.reverse(holed.geometry)):
        picture = RegionPicture((512, 512), Scene((region("a", geometry),), plain_colour), Pen(fill=0.5))
        assert picture.levels[0][120, 120, 3] == 0
        assert picture.levels[0][300, 300, 3] > 100


def test_tiny_regions_and_long_outlines_are_painted() -> None:
    dots = tuple(region(str(i), box(x, 40, x + 0.5, 40.5)) for i, x in enumerate(range(10, 500, 10)))
    picture = RegionPicture((512, 512), Scene(dots, plain_colour), Pen())
    assert (picture.levels[0][:, :][..., 3] > 0).sum() == len(dots)
    angle = np.linspace(0, 2 * np.pi, 200_000)
    long = region("long", Polygon(np.stack([256 + 200 * np.cos(angle), 256 + 200 * np.sin(angle)], axis=1)))
    picture = RegionPicture((512, 512), Scene((long,), plain_colour), Pen(fill=0.5))
    covered = (picture.levels[0][:, :][..., 3] > 0).sum()
    assert covered == pytest.approx(np.pi * 201**2, rel=0.01)


def test_points_and_lines_are_painted() -> None:
    marks = (region("p", Point(100, 100)), region("l", LineString([(200, 50), (200, 150)])))
    painted = RegionPicture((300, 300), Scene(marks, plain_colour), Pen()).levels[0][:, :][..., 3]
    assert painted[97:103, 97:103].any()
    assert painted[60:140, 200].all()


# Files of regions by their names


def test_files_of_regions_are_told_by_name(tmp_path: object) -> None:
    from pathlib import Path

    for name in ("a.geojson", "A.GeoJSON.gz", "b.xml", "c.ndpi.ndpa", "d.json"):
        assert may_be_regions(Path(name))
    for name in ("a.svs", "a.tif.gz", "a", "a.ndpi"):
        assert not may_be_regions(Path(name))


def test_inbox_hands_to_the_last_receiver() -> None:
    from pathlib import Path

    got: list[object] = []
    assert not deliver([Path("a")])
    end = receive(got.extend)
    assert deliver([Path("a")])
    end()
    end()
    assert not deliver([Path("b")])
    assert got == [Path("a")]


def test_slivers_are_left_out() -> None:
    disc = Point(100, 100).buffer(40, quad_segs=12)
    assert shaping.subtracted(disc, Point(100, 100).buffer(39.9, quad_segs=9)).area == 0
    assert shaping.subtracted(disc, Point(100, 100).buffer(20)).area > 3000


def test_small_regions_are_told_in_micrometres() -> None:
    model, mpp = RegionModel(), Mpp(x=0.5, y=0.5, source="file")
    nucleus = Annotation(geometry=shapely.box(0, 0, 20, 10), id="a")
    lobule = Annotation(geometry=shapely.box(0, 0, 2000, 1000), id="b")
    cases = (((nucleus,), ["µm²", "µm"], "50"), ((nucleus, lobule), ["mm²", "mm"], "5e-05"))
    for regions, headings, area in cases:
        model.show_table(measure_regions(regions, mpp=mpp), ClassList(classes=()), is_by_class=False)
        assert model.headings[2:4] == headings
        assert model.data(model.index(0, 2)) == area
