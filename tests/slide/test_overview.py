from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_histcode.errors import AnalysisCancelledError
from napari_histcode.progress import CancelToken
from napari_histcode.slide import open_slide, overview
from napari_histcode.slide.overview import read_overview
from napari_histcode.slide.resample import area_average
from tests.array_slide import ArraySlide
from tests.slide.tiffs import painted, write_pyramid


@settings(max_examples=60, deadline=None)
@given(
    size=st.tuples(st.integers(60, 700), st.integers(60, 700)),
    factors=st.sampled_from([(), (2.0,), (2.7, 7.3), (4.0, 16.0)]),
    downsample=st.tuples(st.floats(1, 24), st.floats(1, 24)),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_planted_square_is_found_where_it_is(
    size: tuple[int, int],
    factors: tuple[float, ...],
    downsample: tuple[float, float],
    place: tuple[float, float],
) -> None:
    width, height = size
    side = 40
    x, y = round(place[0] * (width - side)), round(place[1] * (height - side))
    image = np.full((height, width, 3), 255, np.uint8)
    image[y : y + side, x : x + side] = 0
    slide = ArraySlide(image, downsamples=(1.0, *factors))
    found = read_overview(slide, downsample)  # type: ignore[arg-type]
    assert found.shape[1] == max(1, round(width / downsample[0]))
    assert found.shape[0] == max(1, round(height / downsample[1]))
    scale = width / found.shape[1], height / found.shape[0]
    weights = 255.0 - found[..., 0]
    centre_x = np.average((np.arange(found.shape[1]) + 0.5) * scale[0], weights=weights.sum(axis=0))
    centre_y = np.average((np.arange(found.shape[0]) + 0.5) * scale[1], weights=weights.sum(axis=1))
    assert abs(centre_x - (x + side / 2)) <= scale[0]
    assert abs(centre_y - (y + side / 2)) <= scale[1]


def test_whole_factors_give_block_means() -> None:
    image = painted(640, 480)
    found = read_overview(ArraySlide(image), (16, 8))  # type: ignore[arg-type]
    means = image.reshape(60, 8, 40, 16, 3).mean(axis=(1, 3))
    assert np.abs(found - means).max() <= 0.5


@pytest.mark.parametrize("band_bytes", [1, 5_000, 30_000, 10**9])
def test_bands_of_any_height_give_the_same_picture(monkeypatch: pytest.MonkeyPatch, band_bytes: int) -> None:
    image = painted(613, 479)
    monkeypatch.setattr(overview, "_BAND_BYTES", band_bytes)
    found = read_overview(ArraySlide(image), (13.3, 17.9)).astype(int)  # type: ignore[arg-type]
    expected = area_average(image, (0, 0, 613, 479), (found.shape[1], found.shape[0]))
    assert np.abs(found - expected).max() <= 3


def test_reads_are_bounded_and_from_the_coarsest_level_that_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    class Recording(ArraySlide):
        reads: list[tuple[int, int]]

        def read_level(
            self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]
        ) -> NDArray[np.uint8]:
            self.reads.append((level, size_px[0] * size_px[1] * 3))
            return super().read_level(level, xy_px, size_px)

    monkeypatch.setattr(overview, "_BAND_BYTES", 60_000)
    slide = Recording(painted(800, 800), downsamples=(1, 4, 15.8))
    for downsample, level in (((16, 16), 2), ((15.9, 15.9), 2), ((15, 15), 1), ((8, 3), 0), ((3.9, 3.9), 0)):
        slide.reads = []
        read_overview(slide, downsample)  # type: ignore[arg-type]
        assert {read[0] for read in slide.reads} == {level}
        assert max(read[1] for read in slide.reads) <= 60_000 + 2 * 800 * 3


def test_cancelling_stops_between_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "_BAND_BYTES", 1_000)
    slide = ArraySlide(painted(300, 300))
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(AnalysisCancelledError):
        read_overview(slide, (8, 8), cancel=cancel)  # type: ignore[arg-type]
    assert slide.n_reads == 0


def test_enlarging_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        read_overview(ArraySlide(painted(30, 30)), (0.5, 1))  # type: ignore[arg-type]


def test_of_a_file(tmp_path: Path) -> None:
    image = painted(1000, 900)
    write_pyramid(tmp_path / "a.tif", image, (2, 4))
    with open_slide(tmp_path / "a.tif") as slide:
        found = read_overview(slide, (10, 10)).astype(int)
    assert np.abs(found - area_average(image, (0, 0, 1000, 900), (100, 90))).mean() < 2
