from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_histcode.errors import ImplausibleMppError, MissingMppError, SlideNotFoundError
from napari_histcode.slide import Slide, open_slide
from napari_histcode.slide.backend import SlideFacts
from napari_histcode.slide.opened_slide import OpenedSlide
from tests.slide.tiffs import painted, write_pyramid

WIDTH, HEIGHT = 500, 400


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("slides") / "MRN-4711-Doe.tif"
    write_pyramid(path, painted(WIDTH, HEIGHT), (2, 4), compression="deflate", tile=(64, 64))
    return path


@pytest.fixture(scope="module")
def slide(path: Path) -> Iterator[Slide]:
    with open_slide(path) as slide:
        yield slide


@pytest.fixture(scope="module")
def levels(slide: Slide) -> list[NDArray[np.uint8]]:
    return [slide.read_level(i, (0, 0), size) for i, size in enumerate(slide.level_dimensions)]


def padded(image: NDArray[np.uint8], xy: tuple[int, int], size: tuple[int, int]) -> NDArray[np.uint8]:
    """What a read should give: a window of the image in an endless white plane."""
    margin = 1000
    plane = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), constant_values=255)
    x, y = xy[0] + margin, xy[1] + margin
    return plane[y : y + size[1], x : x + size[0]]


@settings(max_examples=150, deadline=None)
@given(
    level=st.integers(0, 2),
    xy=st.tuples(st.integers(-300, 600), st.integers(-300, 600)),
    size=st.tuples(st.integers(1, 300), st.integers(1, 300)),
)
def test_a_read_is_a_window_on_an_endless_white_plane(
    slide: Slide, levels: list[NDArray[np.uint8]], level: int, xy: tuple[int, int], size: tuple[int, int]
) -> None:
    read = slide.read_level(level, xy, size)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, padded(levels[level], xy, size))


@given(level=st.integers(0, 2), x=st.integers(-50, 550), y=st.integers(-50, 450))
@settings(deadline=None)
def test_read_region_takes_the_nearest_pixel_of_the_level(slide: Slide, level: int, x: int, y: int) -> None:
    scale_x, scale_y = slide.level_downsamples[level]
    nearest = int(np.floor(x / scale_x + 0.5)), int(np.floor(y / scale_y + 0.5))
    assert abs(nearest[0] * scale_x - x) <= scale_x / 2
    np.testing.assert_array_equal(
        slide.read_region((x, y), level, (20, 10)), slide.read_level(level, nearest, (20, 10))
    )


def test_what_is_read_may_be_written_to(slide: Slide) -> None:
    first = slide.read_level(0, (0, 0), (64, 64))
    before = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(slide.read_level(0, (0, 0), (64, 64)), before)


@pytest.mark.parametrize("level", [-1, 3])
def test_unknown_levels_are_refused(slide: Slide, level: int) -> None:
    with pytest.raises(ValueError, match="levels 0 to 2"):
        slide.read_level(level, (0, 0), (10, 10))
    with pytest.raises(ValueError, match="levels 0 to 2"):
        slide.read_region((0, 0), level, (10, 10))


def test_empty_and_fractional_places_are_refused(slide: Slide) -> None:
    with pytest.raises(ValueError, match="at least 1 x 1"):
        slide.read_level(0, (0, 0), (0, 10))
    with pytest.raises(TypeError):
        slide.read_level(0, (0.5, 0), (10, 10))  # type: ignore[arg-type]


def test_many_threads_read_what_one_does(path: Path, levels: list[NDArray[np.uint8]]) -> None:
    rng = np.random.default_rng(7)
    jobs = [
        (int(rng.integers(3)), (int(rng.integers(-50, 480)), int(rng.integers(-50, 380)))) for _ in range(600)
    ]
    with open_slide(path) as slide, ThreadPoolExecutor(12) as threads:
        reads = list(threads.map(lambda job: slide.read_level(job[0], job[1], (90, 70)), jobs))
    for (level, xy), read in zip(jobs, reads, strict=True):
        np.testing.assert_array_equal(read, padded(levels[level], xy, (90, 70)))


def test_a_closed_slide_refuses_to_read(path: Path) -> None:
    slide = open_slide(path)
    blocks = slide.pyramid()
    slide.close()
    slide.close()
    for read in (
        lambda: slide.read_level(0, (0, 0), (10, 10)),
        lambda: slide.read_level(0, (-100, -100), (10, 10)),
        lambda: slide.associated_image_names,
        lambda: blocks[0].compute(),
    ):
        with pytest.raises(ValueError, match="closed"):
            read()
    assert slide.record.dimensions == (WIDTH, HEIGHT)


class SlowBackend:
    """Lets a test look at a slide while somebody is reading."""

    reader = "slow"
    level_dimensions = ((100, 100),)
    facts = SlideFacts(bounds_px0=(1, 2, 3, 4))
    associated_image_names = ("label",)

    def __init__(self) -> None:
        self.is_reading, self.may_go_on = threading.Event(), threading.Event()
        self.n_closed = 0

    def read(self, level: int, xy_px: tuple[int, int], size_px: tuple[int, int]) -> NDArray[np.uint8]:
        self.is_reading.set()
        assert self.may_go_on.wait(10)
        assert not self.n_closed
        return np.zeros((size_px[1], size_px[0], 3), np.uint8)

    def read_associated_image(self, name: str) -> NDArray[np.uint8]:
        return np.zeros((1, 1, 3), np.uint8)

    def close(self) -> None:
        self.n_closed += 1


def test_closing_lets_reads_under_way_finish(path: Path) -> None:
    backend = SlowBackend()
    slide = OpenedSlide(path, backend)
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(slide.read_level, 0, (0, 0), (10, 10))
        assert backend.is_reading.wait(10)
        slide.close()  # returns at once: it may be called on the GUI thread
        assert backend.n_closed == 0
        backend.may_go_on.set()
        assert reading.result(10).shape == (10, 10, 3)
    assert backend.n_closed == 1


def test_a_forgotten_slide_closes_itself(path: Path) -> None:
    backend = SlowBackend()
    slide = OpenedSlide(path, backend)
    assert slide.bounds_px0 == (1, 2, 3, 4)
    del slide
    gc.collect()
    assert backend.n_closed == 1


def test_associated_images_are_read_by_name_only(path: Path) -> None:
    with OpenedSlide(path, SlowBackend()) as slide:
        assert slide.associated_image_names == ("label",)
        assert slide.read_associated_image("label").shape == (1, 1, 3)
        with pytest.raises(KeyError, match="label"):
            slide.read_associated_image("macro")


class TestResolution:
    def test_missing(self, slide: Slide) -> None:
        assert slide.mpp is None
        with pytest.raises(MissingMppError, match="--mpp"):
            slide.require_mpp()

    @pytest.mark.parametrize("mpp", [0.25, (0.25, 0.3)])
    def test_the_users_word_goes_first(self, tmp_path: Path, mpp: float | tuple[float, float]) -> None:
        write_pyramid(
            tmp_path / "a.tif", painted(100, 80), resolution=(20000, 20000), resolutionunit="CENTIMETER"
        )
        with open_slide(tmp_path / "a.tif", mpp=mpp) as slide:
            assert slide.require_mpp().source == "user"
            assert slide.require_mpp().x == 0.25
            assert slide.record.mpp == slide.mpp

    @pytest.mark.parametrize("mpp", [0.0, -1.0, 400.0, float("nan"), (0.25, 1.0)])
    def test_an_absurd_word_of_the_user_is_refused(
        self, path: Path, mpp: float | tuple[float, float]
    ) -> None:
        with pytest.raises(ImplausibleMppError, match="--mpp"):
            open_slide(path, mpp=mpp)

    def test_an_absurd_value_in_the_file_counts_as_missing_and_is_named(self, tmp_path: Path) -> None:
        write_pyramid(tmp_path / "a.tif", painted(100, 80), resolution=(72, 72), resolutionunit="INCH")
        with open_slide(tmp_path / "a.tif") as slide:
            assert slide.mpp is None
            with pytest.raises(MissingMppError, match=r"352\.778.*TIFF resolution.*--mpp"):
                slide.require_mpp()
        with open_slide(tmp_path / "a.tif", mpp=0.5) as slide:
            assert slide.require_mpp().x == 0.5


def test_the_record_does_not_name_the_file(slide: Slide, path: Path) -> None:
    assert slide.path == path
    assert path.stem not in repr(slide.record)
    assert slide.record.alias == f"slide-{slide.record.digest[:8]}"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SlideNotFoundError, match=r"nothing\.svs"):
        open_slide(tmp_path / "nothing.svs")
    with pytest.raises(FileNotFoundError):
        open_slide(str(tmp_path / "nothing.svs"))
