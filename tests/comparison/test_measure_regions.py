"""Measurements of regions against closed forms."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, Point, Polygon, box

from napari_histcode.annotations import Annotation
from napari_histcode.comparison import measure_regions as module
from napari_histcode.comparison.measure_regions import measure_regions
from napari_histcode.comparison.region_overlaps import overlaps, weighted_statistics
from napari_histcode.errors import AnalysisCancelledError
from napari_histcode.export.region_table import export_region_table, region_table
from napari_histcode.progress import CancelToken
from napari_histcode.scores.scores import SlideScores
from napari_histcode.slide.record import Mpp
from tests.builders import make_grid, make_map, make_scores

TILE = 448.0
"""Level-0 pixels of a tile of the test grid."""


@pytest.fixture(scope="module")
def scores() -> SlideScores:
    grid = make_grid(5, 4)
    values = np.arange(20, dtype=np.float32)
    with_gap = np.where(values == 7, np.nan, values * 2)
    return make_scores(
        grid=grid, maps=[make_map("a.x.single_tile", values), make_map("a.y.single_tile", with_gap)]
    )


def region(geometry: object, class_name: str | None = "Tumor", identity: str = "") -> Annotation:
    return Annotation(geometry=geometry, class_name=class_name, id=identity or None)


def tiles(column: int, row: int, n_columns: int = 1, n_rows: int = 1) -> Polygon:
    return box(column * TILE, row * TILE, (column + n_columns) * TILE, (row + n_rows) * TILE)


def test_area_and_perimeter_are_physical() -> None:
    holed = Polygon([(0, 0), (100, 0), (100, 50), (0, 50)], [[(10, 10), (20, 10), (20, 20), (10, 20)]])
    found = measure_regions([region(holed)], mpp=Mpp(x=0.5, y=1.0, source="user")).measures
    assert found.area_mm2[0] == pytest.approx((50 * 50 - 5 * 10) / 1e6)
    assert found.perimeter_um[0] == pytest.approx(2 * (50 + 50) + 2 * (5 + 10))
    assert found.n_tiles[0] == 0


def test_circle_is_a_circle() -> None:
    circle = Point(1000, 1000).buffer(500, quad_segs=400)
    found = measure_regions([region(circle)], mpp=Mpp(x=0.5, y=0.5, source="file")).measures
    assert found.area_mm2[0] == pytest.approx(np.pi * 0.25**2, rel=1e-4)
    assert found.perimeter_um[0] == pytest.approx(2 * np.pi * 250, rel=1e-4)


def test_without_resolution_there_are_no_millimetres() -> None:
    found = measure_regions([region(box(0, 0, 10, 10))], mpp=None).measures
    assert np.isnan(found.area_mm2[0])
    assert np.isnan(found.perimeter_um[0])
    assert found.area_px0[0] == 100


def test_means_and_quantiles_of_whole_tiles(scores: SlideScores) -> None:
    found = measure_regions(
        [region(tiles(0, 0, 5, 4)), region(tiles(1, 1, 2, 1))],
        mpp=scores.grid.mpp,
        grid=scores.grid,
        maps=scores.maps,
    ).measures
    assert found.n_tiles.tolist() == [20, 2]
    assert found.mean[:, 0] == pytest.approx([9.5, 6.5])
    assert found.quantiles[0, 0] == pytest.approx([1, 9, 17])
    assert found.quantiles[1, 0] == pytest.approx([6, 6, 7])
    assert found.mean[1, 1] == pytest.approx(12), "a tile without a value does not count"


def test_cut_tiles_count_by_their_area(scores: SlideScores) -> None:
    quarter = box(0.75 * TILE, 0, 2 * TILE, TILE)
    found = measure_regions(
        [region(quarter)], mpp=scores.grid.mpp, grid=scores.grid, maps=scores.maps
    ).measures
    assert found.n_tiles[0] == 1
    assert found.mean[0, 0] == pytest.approx((0.25 * 0 + 1 * 1) / 1.25)
    assert found.quantiles[0, 0].tolist() == [0, 1, 1]
    tiny = region(box(2.2 * TILE, 3.2 * TILE, 2.3 * TILE, 3.3 * TILE))
    found = measure_regions([tiny], mpp=scores.grid.mpp, grid=scores.grid, maps=scores.maps).measures
    assert found.n_tiles[0] == 0
    assert found.mean[0, 0] == 17, "smaller than a tile: what lies under it"


def test_outside_and_without_area_there_is_nothing(scores: SlideScores) -> None:
    strange = [
        region(box(-500, -500, -10, -10)),
        region(Point(5, 5)),
        region(LineString([(0, 0), (300, 400)])),
    ]
    table = measure_regions(strange, mpp=scores.grid.mpp, grid=scores.grid, maps=scores.maps)
    assert table.measures.n_tiles.tolist() == [0, 0, 0]
    assert np.isnan(table.measures.mean).all()
    assert table.measures.perimeter_um[2] == pytest.approx(250)
    assert table.measures.area_mm2[1:].tolist() == [0, 0]


def test_long_outlines_are_measured_as_short_ones(
    scores: SlideScores, monkeypatch: pytest.MonkeyPatch
) -> None:
    star = Polygon(
        [
            (1000 + r * np.cos(a), 900 + r * np.sin(a))
            for a, r in zip(np.linspace(0, 2 * np.pi, 300), np.tile([800, 500], 150), strict=True)
        ]
    ).buffer(0)
    geometries = np.array([star], dtype=object)
    short = overlaps(geometries, scores.grid)
    monkeypatch.setattr("napari_histcode.comparison.region_overlaps.FEW_CORNERS", 10)
    long = overlaps(geometries, scores.grid)
    assert short[1].tolist() == long[1].tolist()
    np.testing.assert_allclose(short[2], long[2])
    assert short[2].sum() == pytest.approx(star.intersection(tiles(0, 0, 5, 4)).area)


def test_classes_count_overlaps_once(scores: SlideScores) -> None:
    regions = [
        region(tiles(0, 0, 2, 1)),
        region(tiles(1, 0, 2, 1)),
        region(tiles(0, 3), "Stroma"),
        region(tiles(4, 3), None),
    ]
    by_class = measure_regions(regions, mpp=scores.grid.mpp, grid=scores.grid, maps=scores.maps).by_class
    assert by_class.class_names == ("Tumor", "Stroma", None)
    assert by_class.n_regions == (2, 1, 1)
    assert by_class.measures.n_tiles.tolist() == [3, 1, 1]
    assert by_class.measures.mean[:, 0] == pytest.approx([1, 15, 19])
    assert by_class.measures.area_px0 == pytest.approx(np.array([3, 1, 1]) * TILE**2)


def test_weighted_quantiles_equal_repeated_values() -> None:
    random = np.random.default_rng(0)
    group = np.sort(random.integers(0, 5, 200))
    values, weights = random.normal(size=200), random.integers(1, 6, 200)
    mean, quantiles = weighted_statistics(group, values, weights.astype(float), 6)
    for number in range(5):
        chosen = group == number
        repeated = np.repeat(values[chosen], weights[chosen])
        assert mean[number] == pytest.approx(repeated.mean())
        expected = np.quantile(repeated, (0.1, 0.5, 0.9), method="inverted_cdf")
        assert quantiles[number] == pytest.approx(expected)
    assert np.isnan(mean[5])
    assert np.isnan(quantiles[5]).all()


def test_measuring_what_changed_equals_measuring_all(
    scores: SlideScores, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(1)
    places = random.uniform(0, 1500, (40, 2))
    regions = [
        region(box(x, y, x + 300, y + 200), ("Tumor", "Stroma", "Other")[i % 3])
        for i, (x, y) in enumerate(places)
    ]
    how = {"mpp": scores.grid.mpp, "grid": scores.grid, "maps": scores.maps}
    before = measure_regions(regions, **how)
    edited = [replace(regions[0], class_name="Stroma"), *regions[3:], region(box(0, 0, 900, 900), "New")]
    measured: list[int] = []
    full = module.measure_geometries

    def counting(geometries: object, **keywords: object) -> object:
        measured.append(len(geometries))
        return full(geometries, **keywords)

    monkeypatch.setattr(module, "measure_geometries", counting)
    after = measure_regions(edited, previous=before, **how)
    assert measured[0] == 1, "only the new region"
    assert measured[1] == 4, "every class here has other regions than before"
    expected = measure_regions(edited, **how)
    for name in ("area_mm2", "perimeter_um", "n_tiles", "mean", "quantiles"):
        np.testing.assert_array_equal(getattr(after.measures, name), getattr(expected.measures, name))
        np.testing.assert_allclose(
            getattr(after.by_class.measures, name), getattr(expected.by_class.measures, name), rtol=1e-12
        )
    assert after.by_class.class_names == expected.by_class.class_names
    other_maps = measure_regions(
        edited, previous=before, mpp=scores.grid.mpp, grid=scores.grid, maps=scores.maps[:1]
    )
    assert other_maps.measures.mean.shape == (len(edited), 1)


def test_it_can_be_cancelled(scores: SlideScores) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(AnalysisCancelledError):
        measure_regions([region(tiles(0, 0))], mpp=scores.grid.mpp, grid=scores.grid, cancel=cancel)


def test_table_is_written_with_its_record(scores: SlideScores, tmp_path: Path) -> None:
    regions = [
        replace(region(tiles(0, 0, 2, 1), identity="r1"), name="Mrs Miller's"),
        region(tiles(3, 3), None, "r2"),
    ]
    table = measure_regions(regions, mpp=scores.grid.mpp, grid=scores.grid, maps=scores.maps)
    path = export_region_table(table, tmp_path / "regions.csv", record=scores.grid.slide, scores=scores)
    read = pd.read_csv(path)
    assert read["row"].tolist() == ["region", "region", "class", "class"]
    assert read["class"].tolist() == ["Tumor", "unclassified", "Tumor", "unclassified"]
    assert read["a.x.single_tile mean"].tolist() == [0.5, 18, 0.5, 18]
    assert read["a.x.single_tile q90"].tolist() == [1, 18, 1, 18]
    assert read["area_mm2"][0] == pytest.approx(2 * 0.224**2)
    audit = json.loads((tmp_path / "regions.csv.provenance.json").read_text())
    assert audit["slide"]["digest"] == scores.grid.slide.digest
    assert audit["model"]["name"] == scores.model_name
    assert "Research use only" in audit["notice"]
    masked = region_table(table, mask_names=True)
    assert not masked["name"].any()


def test_table_without_a_model_has_its_record_too(scores: SlideScores, tmp_path: Path) -> None:
    table = measure_regions([], mpp=None)
    export_region_table(table, tmp_path / "none.csv", record=replace(scores.grid.slide, mpp=None))
    audit = json.loads((tmp_path / "none.csv.provenance.json").read_text())
    assert audit["slide"] == {
        "alias": scores.grid.slide.alias,
        "digest": scores.grid.slide.digest,
        "mpp": None,
    }
    assert len(pd.read_csv(tmp_path / "none.csv")) == 0


def test_geometries_are_not_changed(scores: SlideScores) -> None:
    shape = tiles(0, 0)
    before = shapely.to_wkb(shape)
    measure_regions([region(shape)], mpp=Mpp(x=2, y=3, source="user"), grid=scores.grid, maps=scores.maps)
    assert shapely.to_wkb(shape) == before
