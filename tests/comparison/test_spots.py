from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from napari_histcode.comparison.spot_table import read_spots
from napari_histcode.comparison.spots import (
    NO_TILE,
    SpotConfig,
    SpotTable,
    compare_with_spots,
    normalise_counts,
    tile_of_points,
)
from napari_histcode.errors import TableFileError, UnknownMapError
from tests.builders import make_grid, make_map, make_scores
from tests.comparison.planted import GRID, TILE

QUICK = SpotConfig(n_resamples=50, n_shifts=99, block_um=600)


def table_of(xy: np.ndarray, **columns: np.ndarray) -> SpotTable:
    return SpotTable(
        xy_px0=xy, names=tuple(columns), values=np.stack(list(columns.values()), axis=1), quantity="as given"
    )


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), overlap=st.sampled_from([0.0, 0.25, 0.5]))
def test_a_spot_belongs_to_the_tile_that_contains_it(seed: int, overlap: float) -> None:
    rng = np.random.default_rng(seed)
    grid = make_grid(chosen=rng.random((7, 9)) < 0.7, overlap=overlap, first=(2, 1))
    points = rng.uniform(-TILE, 12 * TILE, (200, 2))
    points[0] = grid.xy_px0[0]  # a corner belongs to its tile
    points[1] = np.nan
    offset = points[:, None] - grid.xy_px0[None]
    contains = ((offset >= 0) & (offset < grid.size_px0)).all(axis=2)
    distance = np.abs(points[:, None] - grid.centre_px0[None]).max(axis=2)
    found = tile_of_points(grid, points)
    for tile, inside, far in zip(found, contains, distance, strict=True):
        assert (tile != NO_TILE) == inside.any()
        if inside.any():
            assert inside[tile]
            assert far[tile] == pytest.approx(far[inside].min())
    assert found[0] != NO_TILE or overlap
    assert (tile_of_points(grid, np.empty((0, 2))) == NO_TILE).all()


def test_counts_are_scaled_to_ten_thousand_a_spot() -> None:
    found = normalise_counts(np.array([[1, 3], [0, 0], [50, 50]]))
    assert found == pytest.approx(np.log1p([[2500, 7500], [0, 0], [5000, 5000]]))


def test_correlations_with_spots_equal_scipys() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=len(GRID)).astype(np.float32)
    xy = GRID.centre_px0 + rng.uniform(-0.4, 0.4, (len(GRID), 2)) * TILE
    gene = values + rng.normal(0, 0.5, len(GRID))
    xy = np.concatenate([xy, [[-50, -50]]])
    spots = table_of(xy, CD3E=np.append(gene, 99), CD3D=np.append(gene * 2, 0), KRT5=np.zeros(len(xy)))
    maps = [
        make_map("genes.CD3E.single_tile", values, quantity="log2 fold change"),
        make_map("genes.KRT5.single_tile", values, quantity="log2 fold change"),
        make_map("genes.other.single_tile", values, quantity="log2 fold change"),
        make_map("tissue.attention", np.ones(len(GRID))),
    ]
    config = SpotConfig(
        n_resamples=50, n_shifts=99, block_um=600, partners=(("genes.other.single_tile", ("CD3E", "CD3D")),)
    )
    found = compare_with_spots(make_scores(grid=GRID, maps=maps), spots, config)
    assert (found.n_spots, found.n_covered) == (len(xy), len(GRID))
    assert found.unmatched == ("tissue.attention",)
    cd3e, krt5, other = found.results
    assert cd3e.pearson.value == pytest.approx(stats.pearsonr(values, gene)[0])
    assert cd3e.spearman.value == pytest.approx(stats.spearmanr(values, gene)[0])
    assert cd3e.pearson.low < cd3e.pearson.value < cd3e.pearson.high
    assert cd3e.tests[0].p == 0.01
    assert cd3e.tests[0].p_holm == pytest.approx(0.02)
    assert other.spearman.value == pytest.approx(cd3e.spearman.value)
    assert other.columns == ("CD3E", "CD3D")
    assert "same value" in krt5.pearson.reason
    assert np.isnan(krt5.tests[0].p_holm)


def test_spots_off_the_tiles_give_no_results_and_unknown_maps_an_error() -> None:
    scores = make_scores(grid=GRID)
    spots = table_of(np.full((3, 2), -9.0), CD3E=np.arange(3.0))
    assert compare_with_spots(scores, spots, QUICK).results == ()
    with pytest.raises(UnknownMapError):
        compare_with_spots(scores, spots, SpotConfig(maps=("nothing",)))


def write_tables(folder: Path) -> tuple[Path, Path, Path]:
    places = folder / "spots.csv"
    places.write_text("spot,pixel_x,pixel_y\n1x1,10,20\n1x2,30,40\n1x3,50,60\n")
    counts = folder / "counts.tsv.gz"
    with gzip.open(counts, "wt") as file:
        file.write("\tCD3E\tKRT5\tACTB\n1x2\t1\t3\t6\n1x1\t0\t0\t5\n9x9\t1\t1\t1\n")
    values = folder / "types.tsv"
    values.write_text("\tT-cells\n1x1\t0.25\n1x2\t0.5\n1x3\t1\n")
    return places, counts, values


def test_tables_are_joined_by_the_names_of_spots(tmp_path: Path) -> None:
    places, counts, values = write_tables(tmp_path)
    both = read_spots(places, counts=counts, values=values, names={"CD3E", "T-cells"})
    assert both.names == ("CD3E", "T-cells")
    assert both.xy_px0.tolist() == [[10, 20], [30, 40]]
    assert both.values == pytest.approx(np.array([[0, 0.25], [np.log1p(1000), 0.5]]))
    assert both.column(["T-cells"]).tolist() == [0.25, 0.5]
    assert len(read_spots(places, values=values).xy_px0) == 3


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("spots.csv", "spot,x,y\n1x1,1,2\n", "lacks the columns pixel_x, pixel_y"),
        ("spots.csv", "spot,pixel_x,pixel_y\n1x1,1,2\n1x1,1,2\n", "twice"),
        ("spots.csv", "spot,pixel_x,pixel_y\n1x1,one,2\n", "no numbers"),
        ("spots.csv", "spot,pixel_x,pixel_y\nz,1,2\n", "No spot"),
        ("spots.csv", "", "cannot be read"),
        ("types.tsv", "\ta\n1x1\tmany\n", "no numbers"),
    ],
)
def test_bad_tables_are_refused(tmp_path: Path, file: str, content: str, message: str) -> None:
    places, _, values = write_tables(tmp_path)
    (tmp_path / file).write_text(content)
    with pytest.raises(TableFileError, match=message):
        read_spots(places, values=values)


def test_missing_tables_and_negative_counts_are_refused(tmp_path: Path) -> None:
    places, _, values = write_tables(tmp_path)
    with pytest.raises(TableFileError, match="without values"):
        read_spots(places)
    with pytest.raises(TableFileError, match="cannot be read"):
        read_spots(tmp_path / "none.csv", values=values)
    values.write_text("\ta\n1x1\t-1\n")
    with pytest.raises(TableFileError, match="negative"):
        read_spots(places, counts=values)


@pytest.mark.shared
def test_real_spots_find_their_tiles(shared_data: Path) -> None:
    section = shared_data / "her2st" / "C2"
    spots = read_spots(section / "spots.csv", counts=section / "counts.tsv.gz", names={"CD3E", "ERBB2"})
    types = read_spots(section / "spots.csv", values=section / "celltypes.tsv", names={"Epithelial"})
    assert len(spots.xy_px0) == len(pd.read_csv(section / "spots.csv"))
    assert types.quantity == "as given"
    # tiles of 145 px (100 um) over the section, with the gene itself as the map
    grid = make_grid(66, 70, mpp=224 / 145)
    tile = tile_of_points(grid, spots.xy_px0)
    assert (tile != NO_TILE).all()
    values = np.random.default_rng(0).normal(size=len(grid))
    values[tile] = spots.column(["ERBB2"])
    scores = make_scores(
        grid=grid, maps=[make_map("genes.ERBB2.single_tile", values, quantity="log2 fold change")]
    )
    (result,) = compare_with_spots(scores, spots, QUICK).results
    assert result.n_spots == len(tile)
    assert result.pearson.value > 0.99
    assert result.tests[0].p == 0.01
