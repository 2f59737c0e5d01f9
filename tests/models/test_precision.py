from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_histcode.models import precision
from napari_histcode.models.precision import check_tiles, has_fast_bfloat16, lowest_cosine


def test_lowest_cosine_by_hand():
    left = np.array([[1.0, 0.0], [3.0, 4.0]], np.float32)
    right = np.array([[2.0, 0.0], [4.0, 3.0]], np.float32)
    assert lowest_cosine(left, right) == pytest.approx(24 / 25)
    assert lowest_cosine(left, left) == pytest.approx(1)


def test_zero_features_agree_with_themselves_alone():
    zero, one = np.zeros((1, 2), np.float32), np.ones((1, 2), np.float32)
    assert lowest_cosine(zero, zero) == 1
    assert lowest_cosine(zero, one) == 0


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_never_agree(value):
    assert lowest_cosine(np.array([[value]], np.float32), np.ones((1, 1), np.float32)) == -1


def test_check_tiles_are_fixed_and_look_stained():
    tiles = check_tiles(64)
    assert tiles.shape == (precision.N_CHECK_TILES, 64, 64, 3)
    assert tiles.dtype == np.uint8
    np.testing.assert_array_equal(tiles, check_tiles(64))
    red, green, blue = tiles.reshape(-1, 3).mean(axis=0)
    assert green < blue < red
    assert tiles.std() > 20


def test_an_old_torch_that_cannot_be_asked_has_no_fast_bfloat16(monkeypatch):
    monkeypatch.delattr(torch.cpu, "_is_avx512_bf16_supported", raising=False)
    monkeypatch.delattr(torch.cpu, "_is_amx_tile_supported", raising=False)
    assert not has_fast_bfloat16(torch.device("cpu"))


@pytest.mark.parametrize(("capability", "is_fast"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_gpus_from_ampere_on_have_it(monkeypatch, capability, is_fast):
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    monkeypatch.setattr(torch.version, "hip", None)
    assert has_fast_bfloat16(torch.device("cuda", 0)) is is_fast


def test_apple_gpus_stay_in_float32():
    assert not has_fast_bfloat16(torch.device("mps"))
