from __future__ import annotations

import pytest

from napari_histcode.errors import ModelNotFoundError
from napari_histcode.models.foundation import FOUNDATION_ENCODERS, find_foundation_encoder


@pytest.mark.parametrize("encoder", FOUNDATION_ENCODERS, ids=lambda encoder: encoder.name)
def test_records_are_whole(encoder):
    record = encoder.record
    kind, _, hub_id = record.architecture.partition(":")
    assert kind in ("timm", "transformers")
    assert hub_id == record.hub_id
    assert record.tile_px == 224
    assert 0 < record.mpp <= 1
    assert all(0 < value < 1 for value in (*record.mean, *record.std))
    assert record.licence != "unknown"
    assert record.digest == ""


def test_names_are_unique():
    names = [name for encoder in FOUNDATION_ENCODERS for name in (encoder.name, encoder.record.hub_id)]
    assert len(set(names)) == len(names)


def test_concatenated_tokens_have_twice_the_length():
    for encoder in FOUNDATION_ENCODERS:
        if encoder.record.pooling == "class_token+mean":
            assert encoder.record.feature_dim % 2 == 0
            assert encoder.options.get("global_pool", "") == ""


@pytest.mark.parametrize("name", ["midnight-12k", "kaiko-ai/midnight"])
def test_names_and_hub_ids_find_the_row(name):
    record = find_foundation_encoder(name).record
    assert (record.feature_dim, record.licence) == (3072, "MIT")
    assert record.mean == record.std == (0.5, 0.5, 0.5)


def test_an_unknown_name_is_told_with_those_there_are():
    with pytest.raises(ModelNotFoundError, match="uni2-h, virchow"):
        find_foundation_encoder("nothing")
