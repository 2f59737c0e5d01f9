from __future__ import annotations

import logging

import numpy as np
import pytest
from PIL import Image

from histcode_training.encoders import half_imagenet_encoder
from histcode_training.field_features import (
    FieldFeatures,
    encode_cohort,
    encode_field,
    stack_fields,
    turn_tile,
)
from histcode_training.recipe import TileGeometry, ViewConfig
from napari_histcode import resources
from napari_histcode.features.encode import encode_tiles
from napari_histcode.models.importers import imagenet_encoder
from napari_histcode.models.weights import digest_weights, network_weights
from napari_histcode.slide import open_slide
from napari_histcode.tiling import TilingConfig
from napari_histcode.tiling.lay import lay_tiles
from napari_histcode.tiling.read import read_tile
from napari_histcode.tissue.find import find_tissue
from tests.training.material import LABELS, make_cohort, make_field, write_fields

GEOMETRY = TileGeometry(tile_px=32, mpp=4.0)


@pytest.fixture(scope="module")
def encoder():
    return half_imagenet_encoder(GEOMETRY)


@pytest.fixture
def cohort(tmp_path):
    return write_fields(tmp_path / "fields", make_cohort(1))


def test_a_field_is_seen_as_the_pipeline_sees_a_slide(cohort, encoder):
    field = cohort.fields[0]

    ours = encode_field(field, encoder, mpp=1.0)

    with open_slide(field.path, mpp=1.0) as slide:
        grid = lay_tiles(slide, find_tissue(slide), TilingConfig(tile_px=32, target_mpp=4.0))
        theirs = encode_tiles(slide, grid, encoder)
    assert len(ours) == 16
    np.testing.assert_array_equal(ours.features, theirs.features)


def test_training_sees_overlapping_and_turned_tiles_the_same_for_the_same_seed(cohort, encoder):
    field, views = cohort.fields[0], ViewConfig(overlap=0.5, turns=2)

    one, again = (encode_field(field, encoder, mpp=1.0, views=views, seed=1) for _ in range(2))
    other = encode_field(field, encoder, mpp=1.0, views=views, seed=2)

    assert len(one) == 2 * 7 * 7
    np.testing.assert_array_equal(one.features, again.features)
    np.testing.assert_array_equal(one.features[:49], other.features[:49])
    assert not np.array_equal(one.features[49:], other.features[49:])


def test_kept_features_are_taken_and_a_damaged_file_is_made_anew(cohort, encoder, tmp_path, caplog):
    field, cache = cohort.fields[0], tmp_path / "cache"
    fresh = encode_field(field, encoder, mpp=1.0, cache=cache)
    (file,) = cache.iterdir()

    kept = encode_field(field, encoder, mpp=1.0, cache=cache)
    file.write_bytes(b"damaged")
    with caplog.at_level(logging.WARNING):
        mended = encode_field(field, encoder, mpp=1.0, cache=cache)

    np.testing.assert_array_equal(fresh.features, kept.features)
    np.testing.assert_array_equal(fresh.features, mended.features)
    assert "made anew" in caplog.text


def test_a_field_of_glass_is_left_out_with_a_warning(tmp_path, encoder, caplog):
    cohort = write_fields(tmp_path, make_cohort(1))
    Image.new("RGB", (512, 512), (244, 244, 244)).save(cohort.fields[0].path)

    with caplog.at_level(logging.WARNING):
        encoded = encode_cohort(cohort, encoder, mpp=1.0)

    assert [f.field for f in encoded] == list(cohort.fields[1:])
    assert cohort.fields[0].path.name in caplog.text


def test_the_eight_symmetries_are_eight():
    tile = np.random.default_rng(0).integers(0, 255, (5, 5, 3), dtype=np.uint8)

    turned = [turn_tile(tile, element) for element in range(8)]

    assert len({t.tobytes() for t in turned}) == 8
    np.testing.assert_array_equal(turned[0], tile)
    np.testing.assert_array_equal(turn_tile(turned[1], 3), tile)
    for mirrored in range(4, 8):
        np.testing.assert_array_equal(turn_tile(turned[mirrored], mirrored), tile)


def test_stacked_tiles_know_their_field_and_class():
    fields = [
        FieldFeatures(field=make_field(label, "s"), features=np.full((n, 2), n, np.float32))
        for label, n in (("blue", 2), ("red", 3))
    ]

    features, field_of, class_of = stack_fields(fields, LABELS)

    assert features[:, 0].tolist() == [2, 2, 3, 3, 3]
    assert field_of.tolist() == [0, 0, 1, 1, 1]
    assert class_of.tolist() == [2, 2, 0, 0, 0]


def test_half_precision_weights_give_the_same_features_on_real_tissue():
    geometry = TileGeometry(tile_px=128, mpp=1.0)
    half, full = half_imagenet_encoder(geometry), imagenet_encoder(mpp=1.0, tile_px=128)
    with open_slide(resources.SAMPLE_SLIDE) as slide:
        grid = lay_tiles(slide, find_tissue(slide), TilingConfig(tile_px=128, target_mpp=1.0))
        tiles = np.stack([read_tile(slide, grid, i) for i in range(0, len(grid), len(grid) // 15)])

    ours, theirs = half.encode(tiles), full.encode(tiles)

    cosine = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert cosine.min() > 0.9999
    assert half.record.digest == digest_weights(network_weights(half.network))
    assert half.record.digest != full.record.digest
