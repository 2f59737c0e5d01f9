from __future__ import annotations

import threading

import numpy as np
import pytest
import torch

from napari_histcode.errors import OutOfDeviceMemoryError
from napari_histcode.models.workers import map_over_cores
from tests.models.synthetic import make_encoder, make_tiles
from tests.models.test_encoder import raising_encoder


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_parts_are_computed_side_by_side_on_one_core_each(two_threads):
    together = threading.Barrier(2, timeout=30)

    def work(part):
        together.wait()
        return part, torch.get_num_threads(), threading.current_thread().name

    results = map_over_cores(work, list(range(6)))
    assert [part for part, _, _ in results] == list(range(6))
    assert {n for _, n, _ in results} == {1}
    assert len({name for _, _, name in results}) == 2


def test_all_other_threads_keep_all_cores(two_threads):
    map_over_cores(torch.exp, [torch.ones(2)] * 3)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert [torch.get_num_threads(), *seen] == [2, 2]


def test_one_core_or_one_part_needs_no_other_thread(two_threads):
    name = threading.current_thread().name
    assert map_over_cores(lambda _: threading.current_thread().name, [0]) == [name]
    torch.set_num_threads(1)
    assert map_over_cores(lambda _: threading.current_thread().name, [0, 1]) == [name, name]


def test_nothing_to_do(two_threads):
    assert map_over_cores(len, []) == []


def test_the_first_error_is_raised(two_threads):
    def work(part):
        if part:
            raise ValueError(f"part {part}")
        return part

    with pytest.raises(ValueError, match="part 1"):
        map_over_cores(work, [0, 1, 2])


def test_features_are_the_same_on_many_cores(two_threads):
    encoder, tiles = make_encoder(), make_tiles(9)
    expected = np.concatenate([encoder.encode(tiles[i : i + 2]) for i in range(0, 9, 2)])
    np.testing.assert_allclose(encoder.encode(tiles), expected, rtol=1e-5, atol=1e-6)


def test_the_choice_of_precision_does_not_wait_for_itself(two_threads, monkeypatch):
    monkeypatch.setattr("napari_histcode.models.encoder.has_fast_bfloat16", lambda device: True)
    assert make_encoder("auto").precision in ("float32", "bfloat16")


def test_memory_that_runs_out_in_a_worker_is_the_same_typed_error(two_threads):
    with pytest.raises(OutOfDeviceMemoryError) as caught:
        raising_encoder(RuntimeError("out of memory")).encode(make_tiles(8))
    assert caught.value.__context__ is None
