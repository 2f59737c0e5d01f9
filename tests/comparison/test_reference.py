from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate
from shapely.geometry import LineString, Point, Polygon, box
from shapely.ops import unary_union

from napari_histcode.comparison.classes_of import is_class, is_cut_out
from napari_histcode.comparison.reference import labels_with_border
from napari_histcode.comparison.tile_labels import TileLabel, label_tiles
from napari_histcode.tiling.coverage import covered_areas, covered_fraction, merge_regions
from tests.builders import make_grid
from tests.comparison.planted import COLUMNS, GRID, ROWS, TILE, reference_of, region, shape


def star(x: float, y: float, r: float, seed: int, n: int) -> Polygon:
    """A jagged region with n corners."""
    random = np.random.default_rng(seed)
    angle = np.sort(random.uniform(0, 2 * np.pi, n))
    radius = r * random.uniform(0.4, 1, n)
    return Polygon(np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)).buffer(0)


@settings(deadline=None, max_examples=12)
@given(seed=st.integers(0, 10_000), n=st.sampled_from([8, 60, 900]))
def test_covered_area_is_shapelys_however_many_corners(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    regions = [star(*(random.uniform(0, (COLUMNS, ROWS)) * TILE), 4 * TILE, seed + k, n) for k in range(2)]
    regions[0] = regions[0].difference(Point(*regions[0].representative_point().coords[0]).buffer(TILE))
    xy = GRID.xy_px0
    tiles = np.array([box(x, y, x + TILE, y + TILE) for x, y in xy])
    union = unary_union(regions)
    expected = [tile.intersection(union).area for tile in tiles]
    assert covered_areas(tiles, merge_regions(regions)) == pytest.approx(expected, abs=1e-4)


def test_covered_fraction_is_exact_and_counts_overlaps_once() -> None:
    regions = [region(0, 0, 2.5, 1).geometry, region(2.25, 0, 2.5, 1).geometry]
    covered = covered_fraction(GRID, regions)
    assert covered[:4].tolist() == pytest.approx([1, 1, 0.5, 0])
    assert covered.sum() == pytest.approx(2.5)


def test_tiles_are_positive_negative_border_or_outside() -> None:
    annotations = [region(0, 0, 2.25, 1), region(3, 0, 5, 1, "Stroma")]
    labels = label_tiles(GRID, annotations, ["Tumor"])
    assert labels[:6].tolist() == [1, 1, TileLabel.BORDER, 0, 0, TileLabel.OUTSIDE]
    assert set(labels[12:]) == {TileLabel.OUTSIDE}
    exhaustive = label_tiles(GRID, annotations, ["Tumor"], is_exhaustive=True)
    assert (exhaustive == TileLabel.NEGATIVE).sum() == len(GRID) - 3


def test_a_region_of_interest_says_where_somebody_looked() -> None:
    labels = label_tiles(GRID, [region(0, 0, 2, 1), region(0, 0, 4, 1, "Region*")], ["Tumor"])
    assert labels[:5].tolist() == [1, 1, 0, 0, TileLabel.OUTSIDE]


def test_unclassified_regions_and_lines_say_nothing() -> None:
    line = shape(LineString([(0, 0), (5 * TILE, 0.5 * TILE)]), "Stroma")
    labels = label_tiles(GRID, [region(0, 0, 1, 1), region(1, 0, 3, 1, None), line], ["Tumor"])
    assert labels[:4].tolist() == [1] + [TileLabel.OUTSIDE] * 3
    labels = label_tiles(GRID, [region(0, 0, 1, 1, None)], ["(none)"], is_exhaustive=True)
    assert labels[:2].tolist() == [1, 0]


def test_ignored_area_is_cut_out_of_tiles_and_polygons() -> None:
    # tile 0: ignored for the most part; tile 1: a quarter ignored, half of the rest positive
    annotations = [
        region(0, 0, 0.6, 1, "Ignore*"),
        region(1, 0, 1.25, 1, "Ignore*"),
        region(0.5, 0, 1.625, 1),
    ]
    reference = reference_of(annotations)
    assert reference.labels[0] == TileLabel.OUTSIDE
    assert reference.fraction[:3].tolist() == pytest.approx([0, 0.5, 0])
    assert reference.cell_fraction[:2].tolist() == pytest.approx([0.4, 0.375])
    assert reference.area_mm2 == pytest.approx(0.775 * 0.224**2)


@pytest.mark.parametrize(
    ("name", "wanted", "is_member"),
    [
        ("Tumor", "Tumor", True),
        ("Tumor: Positive", "Tumor", True),
        ("Tumor bed", "Tumor", False),
        ("Tumor", "Tumor: Positive", False),
        (None, "Tumor", False),
        (None, "(none)", True),
    ],
)
def test_derived_classes_belong_to_theirs(name: str | None, wanted: str, is_member: bool) -> None:
    assert is_class(name, [wanted]) is is_member


def test_ignored_classes_are_cut_out_unless_asked_for() -> None:
    assert is_cut_out("Ignore*", ["Tumor"])
    assert is_cut_out("Ignore", ["Tumor"])
    assert is_cut_out("Necrosis*", ["Tumor"])
    assert not is_cut_out("Necrosis*", ["Necrosis*"])
    assert not is_cut_out("Region*", ["Tumor"])
    assert not is_cut_out(None, ["Tumor"])


def test_outlines_that_only_touch_a_tile_do_not_make_it_a_border_tile() -> None:
    turned = rotate(region(2, 2, 5, 5).geometry, 1e-9)
    labels = reference_of([shape(turned)]).labels
    assert (labels == TileLabel.POSITIVE).sum() == 9
    assert not (labels == TileLabel.BORDER).any()


def test_the_sensitivity_run_labels_border_tiles_by_their_share() -> None:
    reference = reference_of([region(0, 0, 0.95, 1), region(1, 0, 1.6, 1), region(2, 0, 2.2, 1)])
    counts = [(labels_with_border(reference, cut) == TileLabel.POSITIVE).sum() for cut in (0.1, 0.5, 0.9)]
    assert counts == [3, 2, 1]
    assert (labels_with_border(reference, 0.9) == TileLabel.NEGATIVE).sum() == len(GRID) - 1
    restricted = reference_of([region(0, 0, 0.3, 1)], is_exhaustive=False)
    assert labels_with_border(restricted, 0.5)[0] == TileLabel.OUTSIDE
    assert labels_with_border(restricted, 0.1)[0] == TileLabel.POSITIVE


def test_overlapping_tiles_share_out_the_area_by_their_cells() -> None:
    grid = make_grid(9, 7, overlap=0.5)
    stride = grid.stride_px0[0]
    whole = shape(box(stride / 2, stride / 2, 4.5 * stride, 3.5 * stride))
    reference = reference_of([whole], grid=grid)
    assert reference.cell_fraction.sum() == pytest.approx(12)
    assert reference.fraction.sum() > reference.cell_fraction.sum() / 2
