from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from napari_histcode.errors import (
    AnalysisCancelledError,
    FeatureFileError,
    ModelMismatchError,
    NoTilesError,
    OutOfDeviceMemoryError,
    OutputError,
)
from napari_histcode.features import store as store_module
from napari_histcode.features.encode import encode_tiles
from napari_histcode.features.store import read_bag
from napari_histcode.progress import CancelToken, Progress
from tests.array_slide import ArraySlide
from tests.features.fakes import TILE_PX, MeanColourEncoder, full_grid, gradient_slide


def expected_features(grid: object) -> np.ndarray:
    index = grid.index  # type: ignore[attr-defined]
    return np.column_stack([index[:, 0] * 10, index[:, 1] * 10, np.full(len(index), 100)])


@pytest.mark.parametrize("in_file", [True, False])
@pytest.mark.parametrize("n_readers", [1, 4])
def test_every_tile_gets_its_own_feature_in_grid_order(tmp_path: Path, in_file: bool, n_readers: int) -> None:
    slide = gradient_slide()
    grid = full_grid(slide)
    store = tmp_path / "features.h5" if in_file else None
    bag = encode_tiles(slide, grid, MeanColourEncoder(), store=store, batch_size=7, n_readers=n_readers)
    assert np.array_equal(bag.features, expected_features(grid))
    assert bag.n_corrupt == 0
    assert sorted(os.listdir(tmp_path)) == (["features.h5"] if in_file else [])


@pytest.mark.parametrize("in_file", [True, False])
def test_tiles_in_question_come_first_and_each_batch_is_told(tmp_path: Path, in_file: bool) -> None:
    slide = gradient_slide()
    grid = full_grid(slide)
    first = grid.index[:, 0] >= 3
    told: list[int] = []

    def tell(positions: np.ndarray, features: np.ndarray) -> None:
        assert np.array_equal(features, expected_features(grid)[positions])
        told.extend(positions)

    store = tmp_path / "features.h5" if in_file else None
    bag = encode_tiles(
        slide, grid, MeanColourEncoder(), store=store, batch_size=4, first=first, on_batch=tell
    )
    assert told == [*np.flatnonzero(first), *np.flatnonzero(~first)]
    assert np.array_equal(bag.features, expected_features(grid))


def test_features_of_a_finished_run_are_read_back(tmp_path: Path) -> None:
    slide = gradient_slide()
    grid = full_grid(slide)
    encoder = MeanColourEncoder()
    path = tmp_path / "features.h5"
    encode_tiles(slide, grid, encoder, store=path)
    some = grid.select(np.arange(len(grid)) % 3 == 0)
    assert np.array_equal(read_bag(path, some, encoder.record).features, expected_features(some))
    with pytest.raises(FeatureFileError, match="does not hold"):
        read_bag(path, some, replace(encoder.record, digest="ef" * 32))
    encode_tiles(slide, some, encoder, store=tmp_path / "some.h5")
    with pytest.raises(FeatureFileError, match="lacks"):
        read_bag(tmp_path / "some.h5", grid, encoder.record)


def test_the_file_has_tridents_shape_and_no_names(tmp_path: Path) -> None:
    slide = gradient_slide(mpp=1.0)
    grid = full_grid(slide)
    encode_tiles(slide, grid, MeanColourEncoder(), store=tmp_path / "features.h5")
    with h5py.File(tmp_path / "features.h5") as file:
        assert file["features"].shape == (len(grid), 3)
        assert file["features"].dtype == np.float32
        assert file["features"].attrs["encoder"] == "mean-colour"
        assert np.array_equal(file["coords"][:], grid.xy_px0)
        attributes = dict(file["coords"].attrs)
    assert attributes["patch_size"] == attributes["patch_size_level0"] == TILE_PX
    assert attributes["target_magnification"] == attributes["level0_magnification"] == 10
    assert (attributes["level0_width"], attributes["level0_height"]) == slide.dimensions
    assert attributes["name"] == slide.record.alias


def test_a_second_run_encodes_nothing(tmp_path: Path) -> None:
    slide = gradient_slide()
    grid = full_grid(slide)
    first = encode_tiles(slide, grid, MeanColourEncoder(), store=tmp_path / "features.h5")
    encoder = MeanColourEncoder()
    seen: list[Progress] = []
    second = encode_tiles(slide, grid, encoder, store=tmp_path / "features.h5", progress=seen.append)
    assert encoder.n_tiles == 0
    assert np.array_equal(first.features, second.features)
    assert seen[-1].done == seen[-1].resumed == len(grid)


def test_another_encoder_or_slide_does_not_take_these_features(tmp_path: Path) -> None:
    slide = gradient_slide()
    encode_tiles(slide, full_grid(slide), MeanColourEncoder(), store=tmp_path / "features.h5")
    other = MeanColourEncoder(digest="ef" * 32)
    encode_tiles(slide, full_grid(slide), other, store=tmp_path / "features.h5")
    assert other.n_tiles == len(full_grid(slide))
    elsewhere = gradient_slide(digest="12" * 32)
    encoder = MeanColourEncoder()
    encode_tiles(elsewhere, full_grid(elsewhere), encoder, store=tmp_path / "features.h5")
    assert encoder.n_tiles == len(full_grid(slide))


def test_a_part_of_the_slide_and_the_whole_share_their_tiles(tmp_path: Path) -> None:
    slide = gradient_slide()
    mask = np.zeros((9, 12), dtype=np.bool_)
    mask[3:6, 2:7] = True
    part, whole = full_grid(slide, mask=mask), full_grid(slide)
    encode_tiles(slide, part, MeanColourEncoder(), store=tmp_path / "features.h5")
    encoder = MeanColourEncoder()
    bag = encode_tiles(slide, whole, encoder, store=tmp_path / "features.h5")
    assert encoder.n_tiles == len(whole) - len(part)
    assert np.array_equal(bag.features, expected_features(whole))
    again = encode_tiles(slide, part, encoder, store=tmp_path / "features.h5")
    assert encoder.n_tiles == len(whole) - len(part)
    assert np.array_equal(again.features, expected_features(part))


def test_a_cancelled_run_keeps_what_it_did_and_the_next_one_goes_on(tmp_path: Path) -> None:
    slide = gradient_slide()
    grid = full_grid(slide)
    cancel, first = CancelToken(), MeanColourEncoder()

    def cancel_half_way(progress: Progress) -> None:
        if progress.done >= len(grid) // 2:
            cancel.cancel()

    with pytest.raises(AnalysisCancelledError):
        encode_tiles(
            slide,
            grid,
            first,
            store=tmp_path / "features.h5",
            batch_size=5,
            progress=cancel_half_way,
            cancel=cancel,
        )
    assert not (tmp_path / "features.h5").exists()
    second = MeanColourEncoder()
    bag = encode_tiles(slide, grid, second, store=tmp_path / "features.h5")
    assert first.n_tiles + second.n_tiles == len(grid)
    assert np.array_equal(bag.features, expected_features(grid))
    assert os.listdir(tmp_path) == ["features.h5"]


def test_a_killed_run_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from napari_histcode.features import store
        store.PART_TILES = 8
        from napari_histcode.features.encode import encode_tiles
        from tests.features.fakes import MeanColourEncoder, full_grid, gradient_slide
        slide = gradient_slide()
        def die(progress):
            if progress.done >= 50:
                os.kill(os.getpid(), signal.SIGKILL)
        path, grid = Path(sys.argv[1]), full_grid(slide)
        encode_tiles(slide, grid, MeanColourEncoder(), store=path, batch_size=4, progress=die)
        """
    )
    path = tmp_path / "features.h5"
    root = Path(__file__).parents[2]
    died = subprocess.run([sys.executable, "-c", script, path], cwd=root, check=False)
    assert died.returncode == -signal.SIGKILL
    slide, encoder = gradient_slide(), MeanColourEncoder()
    bag = encode_tiles(slide, full_grid(slide), encoder, store=path)
    assert encoder.n_tiles <= len(bag) - 40
    assert np.array_equal(bag.features, expected_features(bag.grid))


def test_a_damaged_part_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "PART_TILES", 10)
    slide = gradient_slide()
    grid, cancel = full_grid(slide), CancelToken()

    def cancel_late(progress: Progress) -> None:
        if progress.done >= 60:
            cancel.cancel()

    path = tmp_path / "features.h5"
    with pytest.raises(AnalysisCancelledError):
        encode_tiles(
            slide, grid, MeanColourEncoder(), store=path, batch_size=5, progress=cancel_late, cancel=cancel
        )
    parts = sorted(tmp_path.rglob("part-*.npz"))
    parts[1].write_bytes(parts[1].read_bytes()[:100])
    bag = encode_tiles(slide, grid, MeanColourEncoder(), store=path)
    assert np.array_equal(bag.features, expected_features(grid))


def test_a_damaged_feature_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "features.h5"
    path.write_bytes(b"not hdf5")
    slide = gradient_slide()
    bag = encode_tiles(slide, full_grid(slide), MeanColourEncoder(), store=path)
    assert np.array_equal(bag.features, expected_features(bag.grid))


@pytest.mark.parametrize("in_file", [True, False])
def test_corrupt_tiles_are_left_out_and_counted(tmp_path: Path, in_file: bool) -> None:
    slide = gradient_slide(corrupt_px0=(70, 40, 120, 60))
    grid = full_grid(slide)
    bag = encode_tiles(slide, grid, MeanColourEncoder(), store=tmp_path / "f.h5" if in_file else None)
    assert bag.n_corrupt == 2
    assert len(bag) == len(grid) - 2
    assert np.array_equal(bag.features, expected_features(bag.grid))
    assert [2, 1] not in bag.grid.index.tolist()


def test_a_slide_without_one_readable_tile_is_an_error(tmp_path: Path) -> None:
    slide = gradient_slide(corrupt_px0=(0, 0, 10_000, 10_000))
    with pytest.raises(NoTilesError, match="can be decoded"):
        encode_tiles(slide, full_grid(slide), MeanColourEncoder(), store=tmp_path / "f.h5")


def test_out_of_memory_halves_the_batch_and_goes_on() -> None:
    slide = gradient_slide()
    grid, encoder = full_grid(slide), MeanColourEncoder(largest_batch=5)
    bag = encode_tiles(slide, grid, encoder, batch_size=32)
    assert np.array_equal(bag.features, expected_features(grid))
    assert max(encoder.batches) == 4
    with pytest.raises(OutOfDeviceMemoryError):
        encode_tiles(slide, grid, MeanColourEncoder(largest_batch=0), batch_size=8)


def test_memory_is_bounded_by_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    slide = gradient_slide(columns=25, rows=20)
    ahead: list[int] = []

    class SlowEncoder(MeanColourEncoder):
        def encode(self, tiles: np.ndarray) -> np.ndarray:
            features = super().encode(tiles)
            ahead.append(slide.n_reads - self.n_tiles)
            return features

    encode_tiles(slide, full_grid(slide), SlowEncoder(), batch_size=10, n_readers=2)
    assert max(ahead) <= 10 * 5


def test_tiles_of_another_size_are_refused() -> None:
    slide = gradient_slide()
    encoder = MeanColourEncoder()
    encoder.record = replace(encoder.record, mpp=0.5)
    with pytest.raises(ModelMismatchError, match="um/px"):
        encode_tiles(slide, full_grid(slide), encoder)


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slide = gradient_slide()

    def no_space(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", no_space)
    with pytest.raises(OutputError, match=r"[Ss]pace"):
        encode_tiles(slide, full_grid(slide), MeanColourEncoder(), store=tmp_path / "features.h5")


def test_an_array_slide_reads_like_a_slide() -> None:
    """The planted slide that these tests stand on keeps to the protocol."""
    slide = ArraySlide(np.zeros((10, 10, 3), dtype=np.uint8))
    assert slide.read_region((0, 0), 0, (4, 3)).shape == (3, 4, 3)
