from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from napari_histcode.errors import CorruptTileError, NotASlideError
from napari_histcode.slide import open_slide
from napari_histcode.slide.openslide_reader import OpenslideReader
from napari_histcode.slide.overview import read_overview
from tests.slide.tiffs import overwrite_tile, painted, write_pyramid

WIDTH, HEIGHT, TILE = 1400, 1200, 128


@pytest.fixture
def damaged(tmp_path: Path) -> tuple[Path, tuple[int, int]]:
    """Return a slide with one destroyed tile in the middle, and where that is."""
    path = tmp_path / "Doe-Jane.tif"
    write_pyramid(path, painted(WIDTH, HEIGHT), compression="jpeg", tile=(TILE, TILE))
    return path, overwrite_tile(path, 0, 4 * 11 + 5)


def test_only_the_damaged_place_raises(damaged: tuple[Path, tuple[int, int]]) -> None:
    path, (x, y) = damaged
    with open_slide(path) as slide:
        with pytest.raises(CorruptTileError, match=f"x = {x}, y = {y} of level 0") as caught:
            slide.read_level(0, (x - 50, y - 50), (100, 100))
        assert "Doe" not in str(caught.value)
        for neighbour in ((x - TILE, y), (x + TILE, y), (x, y - TILE), (x, y + TILE)):
            assert slide.read_level(0, neighbour, (TILE, TILE)).min() < 255
        with pytest.raises(OSError, match="level 0"):  # again, and as the built-in a caller expects
            slide.read_level(0, (x, y), (1, 1))


def test_the_pyramid_shows_it_white_and_counts_it_once(
    damaged: tuple[Path, tuple[int, int]], caplog: pytest.LogCaptureFixture
) -> None:
    path, (x, y) = damaged
    with open_slide(path) as slide, caplog.at_level(logging.WARNING, "napari_histcode"):
        shown = slide.pyramid()[0].compute()
        slide.pyramid()[0].compute()
        assert slide.n_corrupt_blocks == 1
        assert (shown[y : y + TILE, x : x + TILE] == 255).all()
        intact = slide.read_level(0, (0, 0), (WIDTH, y))
        np.testing.assert_array_equal(shown[:y], intact)
        is_white = (shown == 255).all(axis=2)
        assert is_white.sum() <= (TILE + 2 * 128) ** 2  # no more than the pieces that touch the tile
    assert len(caplog.records) == 1
    assert slide.record.alias in caplog.text
    assert "Doe" not in caplog.text


def test_the_overview_shows_it_white(
    damaged: tuple[Path, tuple[int, int]], caplog: pytest.LogCaptureFixture
) -> None:
    path, (x, y) = damaged
    with open_slide(path) as slide:
        overview = read_overview(slide, (16, 16))
    assert (
        overview[(y + 16) // 16 : (y + TILE - 16) // 16, (x + 16) // 16 : (x + TILE - 16) // 16] == 255
    ).all()
    assert overview[0, 0].min() < 255
    assert "Doe" not in caplog.text


def test_openslide_goes_on_after_a_damaged_tile(damaged: tuple[Path, tuple[int, int]]) -> None:
    path, (x, y) = damaged
    reader = OpenslideReader(path)
    before = reader.read(0, (0, 0), (200, 200))
    for _ in range(2):
        with pytest.raises(CorruptTileError, match=f"level 0 at level-0 x = {x}, y = {y}"):
            reader.read(0, (x, y), (10, 10))
        np.testing.assert_array_equal(reader.read(0, (0, 0), (200, 200)), before)
    reader.close()


def test_threads_on_openslide_survive_each_others_damaged_tiles(
    damaged: tuple[Path, tuple[int, int]],
) -> None:
    path, (x, y) = damaged
    reader = OpenslideReader(path)
    whole = reader.read(0, (0, 0), (WIDTH, TILE))

    def read(i: int) -> bool:
        if i % 4 == 0:
            with pytest.raises(CorruptTileError):
                reader.read(0, (x + i % 100, y), (10, 10))
            return True
        left = i * 37 % (WIDTH - 100)
        return np.array_equal(reader.read(0, (left, 0), (100, 100)), whole[:100, left : left + 100])

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(read, range(200)))
    reader.close()


def test_a_slide_cut_short_opens_where_its_directory_is_intact(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    image = painted(1000, 900)
    write_pyramid(path, image, (2,), compression=None)  # every page's directory stands before its pixels
    os.truncate(path, path.stat().st_size - 300_000)
    with open_slide(path) as slide:
        assert slide.level_dimensions == ((1000, 900), (500, 450))
        np.testing.assert_array_equal(slide.read_level(0, (0, 0), (1000, 900)), image)
        with pytest.raises(CorruptTileError, match="EOFError"):
            slide.read_level(1, (400, 400), (50, 50))


@pytest.mark.parametrize("share", [0.001, 0.5])
def test_a_slide_without_its_directory_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.tif"
    write_pyramid(path, painted(600, 500), compression="deflate")
    with path.open("r+b") as file:
        file.seek(4)  # point to a directory after the end, as big writers leave it there
        file.write((path.stat().st_size - 8).to_bytes(4, "little"))
    os.truncate(path, int(path.stat().st_size * share))
    with pytest.raises(NotASlideError, match="incomplete"):
        open_slide(path)


def test_a_damaged_first_tile_does_not_stop_opening(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    write_pyramid(path, painted(600, 500))
    overwrite_tile(path, 0, 0)
    with open_slide(path) as slide:
        assert slide.read_level(0, (300, 300), (10, 10)).shape == (10, 10, 3)


@pytest.mark.parametrize(
    "content", [b"", b"II*\0", b"II*\0\xff\xff\xff\xff", b"\x89PNG\r\n\x1a\n", b"hello" * 100]
)
@pytest.mark.parametrize("suffix", [".svs", ".tif", ".jpg", ".dcm", ".mrxs"])
def test_what_is_no_slide_is_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    with pytest.raises(NotASlideError, match="cannot be opened as a slide"):
        open_slide(path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotASlideError, match="no DICOM slide"):
        open_slide(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_forbidden_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(b"II*\0")
    path.chmod(0)
    with pytest.raises(NotASlideError, match="may not be read"):
        open_slide(path)
