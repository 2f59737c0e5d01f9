from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import nn

from napari_histcode.errors import DeviceError, ModelMismatchError, OutOfDeviceMemoryError
from napari_histcode.models import encoder as encoder_module
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.precision import MIN_COSINE, has_fast_bfloat16, lowest_cosine
from napari_histcode.models.weights import digest_weights, network_weights
from tests.models.synthetic import TILE_PX, make_encoder, make_network, make_record, make_tiles


class Raising(nn.Module):
    """A network that fails with a given error above a number of tiles."""

    def __init__(self, error, limit=0):
        super().__init__()
        self.error, self.limit = error, limit

    def forward(self, x):
        if len(x) > self.limit:
            raise self.error
        return torch.zeros(len(x), 256)


def raising_encoder(error, limit=0):
    return Encoder(Raising(error, limit), make_record("timm:planted"), precision="float32")


def test_features_are_those_of_the_network_on_normalised_pixels():
    encoder, tiles = make_encoder(), make_tiles(5)
    record = encoder.record
    x = (tiles / 255 - np.array(record.mean)) / np.array(record.std)
    with torch.inference_mode():
        expected = make_network()(torch.tensor(x, dtype=torch.float32).permute(0, 3, 1, 2)).numpy()
    features = encoder.encode(tiles)
    assert features.dtype == np.float32
    assert features.shape == (5, 256)
    np.testing.assert_allclose(features, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_properties_come_from_the_record():
    encoder = make_encoder()
    assert (encoder.feature_dim, encoder.tile_px, encoder.mpp) == (256, TILE_PX, 1.0)
    assert encoder.device == torch.device("cpu")
    assert encoder.precision == "float32"
    assert encoder.record.digest == digest_weights(network_weights(make_network()))
    assert not encoder.network.training


@pytest.mark.parametrize("n", [1, 3, 4, 9])
def test_a_tile_has_one_feature_whatever_its_batch(n):
    encoder, tiles = make_encoder(), make_tiles(n)
    one_by_one = np.concatenate([encoder.encode(tile[None]) for tile in tiles])
    np.testing.assert_allclose(encoder.encode(tiles), one_by_one, rtol=1e-4, atol=1e-5)


def test_no_tiles_no_features():
    assert make_encoder().encode(make_tiles(0)).shape == (0, 256)


def test_read_only_and_strided_tiles_are_taken():
    encoder, tiles = make_encoder(), make_tiles(6)
    expected = encoder.encode(tiles[::2].copy())
    np.testing.assert_array_equal(encoder.encode(tiles[::2]), expected)
    tiles.flags.writeable = False
    before = tiles.copy()
    np.testing.assert_array_equal(encoder.encode(tiles[::2]), expected)
    np.testing.assert_array_equal(tiles, before)


@pytest.mark.parametrize(
    "tiles",
    [
        make_tiles(2).astype(np.float32),
        make_tiles(2)[0],
        make_tiles(2, size=TILE_PX + 1),
        make_tiles(2).transpose(0, 3, 1, 2),
        np.zeros((2, TILE_PX, TILE_PX, 4), np.uint8),
        [[0]],
    ],
)
def test_other_tiles_are_refused(tiles):
    with pytest.raises(ModelMismatchError, match=r"Encoder small takes (uint8|tiles \(n, 32, 32, 3\))"):
        make_encoder().encode(tiles)


def test_a_network_that_contradicts_its_record_is_refused():
    encoder = Encoder(make_network(), make_record(feature_dim=99), precision="float32")
    with pytest.raises(ModelMismatchError, match=r"\(1, 256\).*\(1, 99\)"):
        encoder.encode(make_tiles(1))


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."
        ),
        RuntimeError("DefaultCPUAllocator: not enough memory"),
        RuntimeError("MPS backend out of memory"),
        MemoryError(),
    ],
)
def test_running_out_of_memory_is_a_typed_error(error):
    with pytest.raises(
        OutOfDeviceMemoryError, match="2 tiles at once do not fit into the memory of cpu"
    ) as caught:
        raising_encoder(error).encode(make_tiles(2))
    assert caught.value.__context__ is None  # nothing that keeps the batch alive


def test_after_it_a_smaller_batch_goes_on():
    encoder = raising_encoder(RuntimeError("out of memory"), limit=1)
    with pytest.raises(OutOfDeviceMemoryError):
        encoder.encode(make_tiles(2))
    assert encoder.encode(make_tiles(1)).shape == (1, 256)


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        raising_encoder(RuntimeError("mat1 and mat2 shapes cannot be multiplied")).encode(make_tiles(2))


def test_bfloat16_agrees_with_float32():
    tiles = make_tiles(8)
    exact, fast = make_encoder("float32"), make_encoder("bfloat16")
    assert fast.precision == "bfloat16"
    assert lowest_cosine(exact.encode(tiles), fast.encode(tiles)) >= MIN_COSINE


@pytest.mark.parametrize(("cosine", "expected"), [(0.9995, "bfloat16"), (0.9985, "float32")])
def test_auto_takes_bfloat16_only_where_features_agree(monkeypatch, caplog, cosine, expected):
    monkeypatch.setattr(encoder_module, "has_fast_bfloat16", lambda device: True)
    monkeypatch.setattr(encoder_module, "lowest_cosine", lambda left, right: cosine)
    encoder = make_encoder("auto")
    with caplog.at_level(logging.INFO):
        assert encoder.precision == expected
    assert f"computes in {expected}" in caplog.text
    assert encoder.encode(make_tiles(1)).dtype == np.float32


def test_auto_stays_in_float32_where_bfloat16_is_slow(monkeypatch, caplog):
    monkeypatch.setattr(encoder_module, "has_fast_bfloat16", lambda device: False)
    with caplog.at_level(logging.INFO):
        assert make_encoder("auto").precision == "float32"
    assert "no fast bfloat16" in caplog.text


def test_the_real_check_decides_by_the_real_agreement():
    if not has_fast_bfloat16(torch.device("cpu")):
        pytest.skip("this processor has no bfloat16")
    assert make_encoder("auto").precision == "bfloat16"  # a small ResNet bears it


def test_foreign_networks_run_under_autocast():
    seen = []

    class Probe(nn.Module):
        def forward(self, x):
            seen.append((x.dtype, torch.is_autocast_enabled("cpu")))
            return x.mean(dim=(2, 3))

    for precision in ("float32", "bfloat16"):
        record = make_record("timm:planted", feature_dim=3)
        Encoder(Probe(), record, precision=precision).encode(make_tiles(1))
    assert seen == [(torch.float32, False), (torch.float32, True)]


def test_moving_to_where_it_is_gives_itself():
    encoder = make_encoder()
    assert encoder.to("cpu") is encoder
    assert encoder.to(torch.device("cpu")) is encoder


def test_an_absent_device_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError):
        make_encoder().to("cuda")


def test_many_threads_get_the_same_features():
    encoder = make_encoder("auto")
    tiles = make_tiles(4)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(encoder.encode, [tiles] * 8))
    for result in results:
        np.testing.assert_array_equal(result, results[0])


@pytest.mark.gpu
def test_the_gpu_agrees_with_the_processor():
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    encoder, tiles = make_encoder("auto"), make_tiles(16)
    moved = encoder.to("cuda")
    assert moved.device.type == "cuda"
    assert moved.record == encoder.record
    assert lowest_cosine(encoder.encode(tiles), moved.encode(tiles)) >= MIN_COSINE
