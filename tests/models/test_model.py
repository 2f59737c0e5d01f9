from __future__ import annotations

from dataclasses import replace

import pytest

from napari_histcode.errors import ModelMismatchError, UnknownMapError
from napari_histcode.models.model import Model, build_model
from napari_histcode.models.weights import digest_weights
from tests.models.synthetic import make_encoder, make_head, make_head_record, make_model


def test_the_card_describes_what_was_put_together():
    encoder, head = make_encoder(), make_head()
    model = build_model(
        encoder, (head,), name="m", version="2", licence="BSD-3-Clause", results={"auroc": 0.9}
    )
    assert model.card.encoder == encoder.record
    assert model.card.heads == (head.record,)
    assert (model.name, model.card.version, model.card.licence) == ("m", "2", "BSD-3-Clause")
    assert model.head("tissue").module is head.module


def test_an_unknown_head_is_told_with_those_there_are():
    with pytest.raises(UnknownMapError, match="There are: tissue, genes"):
        make_model().head("nerves")


def test_digest_before_saving_covers_encoder_and_heads():
    model = make_model()
    assert model.digest == digest_weights(model.weights())
    other = build_model(model.encoder, (make_head(seed=5),), name="m")
    assert other.digest != model.digest


def test_a_saved_model_has_the_digest_of_its_file():
    model = make_model()
    saved = Model(
        card=replace(model.card, weights_digest="ef" * 32), encoder=model.encoder, heads=model.heads
    )
    assert saved.digest == "ef" * 32


def test_heads_that_take_other_features_are_refused():
    with pytest.raises(ModelMismatchError, match="length 100, and encoder small gives 256"):
        build_model(make_encoder(), (make_head(feature_dim=100),), name="m")


def test_two_heads_of_one_name_are_refused():
    with pytest.raises(ModelMismatchError, match="one name"):
        build_model(make_encoder(), (make_head(), make_head(seed=9)), name="m")


def test_a_card_of_something_else_is_refused():
    model = make_model()
    with pytest.raises(ModelMismatchError, match="another encoder"):
        Model(card=model.card, encoder=make_encoder(mpp=0.5), heads=model.heads)
    with pytest.raises(ModelMismatchError, match="other heads"):
        Model(card=model.card, encoder=model.encoder, heads=(make_head(make_head_record("x")),))


def test_features_of_this_encoder_are_accepted():
    model = make_model()
    model.check_features(model.encoder.record)


@pytest.mark.parametrize("change", [{"digest": "00"}, {"feature_dim": 9}, {"tile_px": 64}, {"mpp": 0.25}])
def test_features_of_another_encoder_are_refused(change):
    model = make_model()
    with pytest.raises(ModelMismatchError, match=next(iter(change))):
        model.check_features(replace(model.encoder.record, **change))


def test_moving_to_where_it_is_gives_itself():
    model = make_model()
    assert model.to("cpu") is model
