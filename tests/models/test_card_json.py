from __future__ import annotations

import json
from dataclasses import replace

import pytest

from napari_histcode.errors import ModelFileError
from napari_histcode.models.card import CARD_VERSION, DomainRecord, ModelCard, OutputRecord
from napari_histcode.models.card_json import card_from_json, card_text, card_to_json
from tests.models.synthetic import make_head_record, make_record


def make_card(**changes):
    evidence = OutputRecord(
        name="CD3E",
        label="CD3 ε",
        quantity="log2 fold change",
        unit="log2",
        evidence={"pearson": 0.31, "interval": [0.2, 0.4], "by_fold": {"1": None}},
    )
    values = {
        "name": "small",
        "version": "1.2",
        "description": "Für Tests.",
        "encoder": make_record(hub_id="x/y", revision="abc", dtype="float16", digest="ab" * 32),
        "heads": (make_head_record(), make_head_record("genes", outputs=(), pooling="mean")),
        "training_data": ("osteosarcoma, CC BY 3.0",),
        "results": {"auroc": 0.97, "n": 12},
        "weights_digest": "cd" * 32,
    }
    values["heads"] = (values["heads"][0], replace(values["heads"][1], outputs=(evidence,)))
    return ModelCard(**(values | changes))


def edited(path, value):
    """The JSON of a card with one value changed; None in the path's place removes the key."""
    data = card_to_json(make_card())
    *parents, key = path
    place = data
    for parent in parents:
        place = place[parent]
    if value is ...:
        del place[key]
    else:
        place[key] = value
    return json.dumps(data)


def test_a_card_survives_the_file():
    card = make_card()
    assert card_from_json(card_text(card), source="card.json") == card


def test_a_domain_and_an_ensemble_survive_the_file():
    domain = DomainRecord(organs=("bone", "lung"), stains=("H&E",), mpp_range=(0.25, 1.0))
    heads = (make_head_record(trained_on=domain, ensemble="tissue"), make_head_record("b", ensemble="tissue"))
    card = make_card(heads=heads, statistics_digest="ef" * 32)
    assert card_from_json(card_text(card), source="card.json") == card


def test_a_card_of_the_first_version_still_loads():
    data = card_to_json(make_card()) | {"card_version": 1}
    del data["statistics_digest"]
    for head in data["heads"]:
        del head["trained_on"], head["ensemble"]
    assert card_from_json(json.dumps(data), source="card.json") == make_card(card_version=1)


@pytest.mark.parametrize("mpp_range", [[1.0, 0.5], [1.0], [0, 1.0], "1"])
def test_a_range_of_resolutions_that_is_none_is_refused(mpp_range):
    domain = {"organs": [], "stains": [], "mpp_range": mpp_range}
    with pytest.raises(ModelFileError, match="mpp_range"):
        card_from_json(edited(("heads", 0, "trained_on"), domain), source="card.json")


def test_the_file_is_plain_json_with_the_version_first():
    text = card_text(make_card())
    assert next(iter(json.loads(text))) == "card_version"
    assert "Für Tests." in text
    assert text.endswith("}\n")


def test_optional_keys_may_be_missing():
    data = card_to_json(make_card())
    for key in (
        "licence",
        "training_data",
        "results",
        "intended_use",
        "limits",
        "weights_digest",
        "card_version",
    ):
        del data[key]
    for key in ("pooling", "hub_id", "revision", "dtype", "licence", "is_gated", "digest"):
        del data["encoder"][key]
    card = card_from_json(json.dumps(data), source="card.json")
    assert card.encoder.dtype == "float32"
    assert card.training_data == ()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("name",), ..., "'name' is missing"),
        (("encoder", "mpp"), ..., "encoder: 'mpp' is missing"),
        (("heads", 1, "outputs", 0, "label"), ..., r"heads\[1\]\.outputs\[0\]: 'label' is missing"),
        (("colour",), "red", "unknown keys: colour"),
        (("encoder", "colour"), "red", "encoder has unknown keys: colour"),
        (("heads", 0, "colour"), "red", r"heads\[0\] has unknown keys: colour"),
        (("encoder", "feature_dim"), "256", "'feature_dim' is '256', not a positive whole number"),
        (("encoder", "feature_dim"), True, "feature_dim"),
        (("encoder", "tile_px"), 0, "tile_px"),
        (("encoder", "mpp"), -1, "'mpp' is -1, not a positive number"),
        (("encoder", "mpp"), None, "mpp"),
        (("encoder", "mean"), [0.1, 0.2], "three numbers"),
        (("encoder", "std"), [0.1, 0.2, 0], "'std' is 0, not a positive number"),
        (("encoder", "mean"), "abc", "mean"),
        (("encoder", "dtype"), "int3", "not one of float32, float16, bfloat16"),
        (("encoder", "is_gated"), "no", "true or false"),
        (("encoder",), [], "not a JSON object"),
        (("heads",), {}, "not a list"),
        (("heads", 0, "pooling"), "max", "not one of gated_attention, mean"),
        (("heads", 0, "activation"), "relu", "not one of sigmoid, softmax, identity"),
        (("heads", 0, "outputs"), [], "'outputs' is empty"),
        (("heads", 0, "outputs", 1, "name"), "tumour", "names an output twice"),
        (("training_data",), [1], "not a list of texts"),
        (("results",), [1], "not a JSON object"),
        (("card_version",), "1", "card_version"),
    ],
)
def test_faults_are_named(path, value, message):
    with pytest.raises(ModelFileError, match=message):
        card_from_json(edited(path, value), source="card.json")


def test_a_newer_card_is_refused_for_that_reason_and_not_for_its_keys():
    data = card_to_json(make_card()) | {"card_version": CARD_VERSION + 1, "new_key": 1}
    with pytest.raises(ModelFileError, match="pip install -U napari-histcode"):
        card_from_json(json.dumps(data), source="card.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", '"card"'])
def test_what_is_no_card_is_refused(text):
    with pytest.raises(ModelFileError, match=r"card\.json"):
        card_from_json(text, source="card.json")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}])
def test_results_without_a_place_in_json_are_refused(value):
    with pytest.raises(ModelFileError, match="cannot be written as JSON"):
        card_text(make_card(results={"auroc": value}))
