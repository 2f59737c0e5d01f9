"""Explore: the plane, its picture, the lasso and clusters."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import box
from skimage.color import rgb2lab

from napari_histcode.annotations import Annotation
from napari_histcode.exploration.clusters import MOST_CLUSTERS, find_clusters
from napari_histcode.exploration.components import principal_components
from napari_histcode.exploration.lasso import tiles_in_polygon
from napari_histcode.exploration.project import N_COMPONENTS, project
from napari_histcode.heatmap.colour import colour_table
from napari_histcode.plugin.ask import explore_tasks
from napari_histcode.plugin.ask.cluster_controller import CLUSTERS_NAME
from napari_histcode.plugin.ask.explore_colours import (
    CLUSTER_COLOURS,
    NOTHING,
    colours_of_classes,
    colours_of_map,
)
from napari_histcode.plugin.ask.explore_controller import SELECTION_NAME
from napari_histcode.plugin.ask.explore_picture import limits_of, nearest_point, paint_points
from napari_histcode.plugin.ask.explore_state import Selection
from napari_histcode.plugin.ask.explore_words import about_plane, shown_tiles
from napari_histcode.plugin.map_controller import draw_as_chosen
from tests.builders import make_grid, make_map
from tests.plugin.ask_desk import AskDesk
from tests.plugin.test_ask_similar import click, look


@pytest.fixture
def desk(model_folder: Path, slide_path: Path, result_folder: Path) -> AskDesk:
    desk = AskDesk(model_folder)
    desk.open(slide_path, result_folder)
    look(desk, "explore")
    return desk


def test_the_plane_is_that_of_the_function(desk: AskDesk) -> None:
    expected = project(desk.session.result.bag)
    state = desk.ask.explore.state
    np.testing.assert_allclose(state.projection.points, expected.points, atol=1e-4)
    assert f"{sum(expected.explained):.0%} of the variance" in about_plane(state.projection)


def test_nothing_is_computed_before_the_tool_is_opened(
    model_folder: Path, slide_path: Path, result_folder: Path
) -> None:
    desk = AskDesk(model_folder)
    desk.open(slide_path, result_folder)
    assert desk.ask.explore.state.projection is None
    assert not desk.ask.explore.state.missing


def test_points_have_the_colours_of_their_tiles(desk: AskDesk) -> None:
    state, session = desk.ask.explore.state, desk.session
    heatmap = draw_as_chosen(desk.controller.maps.map(session.selected_map), session.result.scores.grid, None)
    expected = colours_of_map(heatmap, session.result.scores.grid, desk.controller.maps.colormap_of(heatmap))
    np.testing.assert_array_equal(state.painted.colours, expected)
    desk.controller.maps.show_alone("tissue.attention")
    assert "attention" in state.painted.meaning
    assert (state.painted.colours != expected).any()


def test_clusters_are_those_of_the_function_and_are_painted(desk: AskDesk) -> None:
    tool, state, bag = desk.ask.explore, desk.ask.explore.state, desk.session.result.bag
    tool.colour_by("clusters")
    desk.jobs.run_all()
    components = principal_components(bag, N_COMPONENTS)
    expected = find_clusters(bag, 5, components=components)
    np.testing.assert_array_equal(state.clusters.labels, expected.labels)
    shown = desk.canvas.classes[CLUSTERS_NAME]
    np.testing.assert_array_equal(shown.classes, expected.labels)
    assert shown.labels[1].startswith(f"cluster 1 · {expected.clusters[0].area_mm2:.2f} mm²")
    np.testing.assert_array_equal(
        state.painted.colours, np.asarray(CLUSTER_COLOURS, np.uint8)[expected.labels - 1]
    )
    for n in (2, 3, 4):
        tool.clusters.set_number(n)
    assert len(desk.jobs.waiting) == 1
    desk.jobs.run_all()
    assert len(state.clusters.clusters) == 4
    assert not desk.shown, "a map below them would mix with their colours"
    tool.show_clusters(is_shown=False)
    assert not desk.canvas.visible[CLUSTERS_NAME]
    assert desk.shown == {desk.session.selected_map}
    assert state.colouring == "map"
    tool.show_clusters(is_shown=True)
    assert desk.canvas.visible[CLUSTERS_NAME]
    assert not desk.shown
    desk.ask.set_in_front(is_in_front=False)
    assert not desk.canvas.visible[CLUSTERS_NAME]
    assert desk.shown == desk.session.visible_maps == {desk.session.selected_map}


def test_the_lasso_chooses_tiles_on_the_slide(desk: AskDesk) -> None:
    tool, state = desk.ask.explore, desk.ask.explore.state
    points = state.projection.points
    left, _, bottom, top = limits_of(points)
    middle = float(np.median(points[:, 0]))
    corners = [(left, bottom), (middle, bottom), (middle, top), (left, top)]
    tool.lasso(corners)
    desk.jobs.run_all()
    np.testing.assert_array_equal(state.selection.tiles, tiles_in_polygon(points, corners))
    n = len(state.selection.tiles)
    assert 0 < n < len(points)
    outlined = sum(len(group.boxes) for group in desk.canvas.marked)
    painted = SELECTION_NAME in desk.canvas.classes
    assert outlined == n or painted
    tool.clear_selection()
    assert state.selection is None
    assert not desk.canvas.marked


def test_many_chosen_tiles_are_painted(desk: AskDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari_histcode.plugin.ask.explore_controller.MOST_OUTLINED", 3)
    state = desk.ask.explore.state
    left, right, bottom, top = limits_of(state.projection.points)
    desk.ask.explore.lasso([(left, bottom), (right, bottom), (right, top), (left, top)])
    desk.jobs.run_all()
    assert desk.canvas.classes[SELECTION_NAME].classes.all()
    assert not desk.canvas.marked


def test_a_click_on_the_slide_marks_the_point_and_one_on_the_plane_the_tile(desk: AskDesk) -> None:
    tool, state = desk.ask.explore, desk.ask.explore.state
    click(desk, 5)
    assert state.pointed == 5
    assert len(desk.canvas.outlined) == 1
    tool.point_at(tuple(state.projection.points[9].tolist()))
    assert state.pointed == 9
    assert desk.canvas.flights


def test_regions_colour_the_points(desk: AskDesk) -> None:
    width, height = desk.session.current.record.dimensions
    tool, state = desk.ask.explore, desk.ask.explore.state
    assert not state.has_regions
    desk.session.annotations = (Annotation(geometry=box(0, 0, width / 2, height), class_name="Tumor"),)
    assert state.has_regions
    tool.colour_by("regions")
    desk.jobs.run_all()
    is_left = desk.session.result.scores.grid.centre_px0[:, 0] < width / 2
    assert (state.painted.colours[is_left] == (200, 0, 0)).all()
    assert (state.painted.colours[~is_left] == NOTHING).all()
    desk.session.annotations = ()
    assert state.colouring == "map"


def test_without_the_extra_umap_says_how_to_get_it(desk: AskDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore_tasks, "has_umap", lambda: False)
    tool, state = desk.ask.explore, desk.ask.explore.state
    tool.choose_method("umap")
    assert "pip install" in state.projecting.text
    assert state.projection.method == "pca", "what there is stays"
    tool.choose_method("pca")
    assert state.projecting.text == ""


def test_umap_can_be_left_before_it_is_done(desk: AskDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore_tasks, "has_umap", lambda: True)
    tool, state = desk.ask.explore, desk.ask.explore.state
    tool.choose_method("umap")
    assert state.projecting.text
    tool.cancel()
    assert state.method == "pca"
    desk.jobs.run_all()
    assert state.projection.method == "pca"


def test_another_result_forgets_everything(desk: AskDesk, slide_without_mpp: Path) -> None:
    tool, state = desk.ask.explore, desk.ask.explore.state
    tool.colour_by("clusters")
    desk.jobs.run_all()
    desk.open(slide_without_mpp)
    assert state.projection is None
    assert state.clusters is None
    assert state.missing
    desk.controller.choose_slide(desk.session.slides[0].key)
    desk.jobs.run_all()
    assert state.projection is not None
    assert state.clusters is not None, "clusters are still wanted"


# Colours

MACHADO = {  # Machado, Oliveira, Fernandes (2009), severity 1
    "normal": np.eye(3),
    "no red cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "no blue cones": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


@pytest.mark.parametrize("eyes", MACHADO)
def test_clusters_can_be_told_apart_by_all_eyes(eyes: str) -> None:
    srgb = np.array(CLUSTER_COLOURS) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ MACHADO[eyes].T, 0, 1)
    lab = rgb2lab(np.where(seen <= 0.0031308, 12.92 * seen, 1.055 * seen ** (1 / 2.4) - 0.055)[None])[0]
    assert len(CLUSTER_COLOURS) == MOST_CLUSTERS
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(lab, 2)) >= 16


def test_map_colours_are_those_of_the_scale() -> None:
    grid = make_grid(3, 1)
    values = np.array([0.0, 1.0, np.nan])
    heatmap = draw_as_chosen(make_map("x.y.single_tile", values), grid, None)
    table = np.round(255 * colour_table("viridis")[:, :3])
    colours = colours_of_map(heatmap, grid, "viridis")
    np.testing.assert_array_equal(colours, [table[0], table[-1], NOTHING])
    np.testing.assert_array_equal(
        colours_of_classes(np.array([0, 2]), ((1, 2, 3), (4, 5, 6))), [NOTHING, (4, 5, 6)]
    )


# The picture


@given(st.integers(1, 60), st.integers(0, 99))
def test_every_point_is_in_the_picture_unless_another_lies_on_it(n: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    points = random.normal(size=(n, 2)).astype(np.float32)
    colours = random.integers(0, 255, (n, 3)).astype(np.uint8)
    limits = limits_of(points)
    picture = paint_points(points, colours, limits, (120, 90))
    assert picture.shape == (90, 120, 4)
    for x, y in points:
        column = round((x - limits[0]) / (limits[1] - limits[0]) * 119)
        row = round((limits[3] - y) / (limits[3] - limits[2]) * 89)
        assert picture[row, column, 3] == 255
    assert {tuple(c) for c in picture[picture[..., 3] > 0][:, :3].tolist()} <= {
        tuple(c) for c in colours.tolist()
    }


def test_chosen_points_lie_on_top_and_the_others_are_faint() -> None:
    points = np.zeros((3, 2), np.float32)
    colours = np.array([(1, 0, 0), (2, 0, 0), (3, 0, 0)], np.uint8)
    is_selected = np.array([False, True, False])
    picture = paint_points(points, colours, limits_of(points), (11, 11), is_selected=is_selected)
    assert picture[5, 5].tolist() == [2, 0, 0, 255]
    faint = paint_points(points[:1] - 1, colours[:1], (-2, 2, -2, 2), (11, 11), is_selected=is_selected[:1])
    assert faint[..., 3].max() == 255, "with nothing chosen nothing is faint"


def test_the_nearest_point_is_the_one_that_looks_nearest() -> None:
    points = np.array([(0, 0), (10, 0), (0, 1000)], np.float32)
    assert nearest_point(points, (4, 0), limits_of(points)) == 0
    assert nearest_point(points, (6, 0), limits_of(points)) == 1
    assert nearest_point(points, (1, 700), limits_of(points)) == 2


def test_a_gallery_shows_tiles_from_all_over_a_large_selection() -> None:
    few, many = (Selection(tiles=np.arange(n)) for n in (7, 1000))
    assert shown_tiles(few) == tuple(range(7))
    shown = shown_tiles(many)
    assert len(shown) == 20
    assert (shown[0], shown[-1]) == (0, 999)
