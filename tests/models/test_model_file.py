from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_histcode.errors import (
    DeviceError,
    ModelFileError,
    ModelNotFoundError,
    OutputError,
)
from napari_histcode.models import library, model_file
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import load_model, save_model
from tests.models.synthetic import (
    make_encoder,
    make_features,
    make_head,
    make_model,
    make_network,
    make_record,
    make_tiles,
)


@pytest.fixture(scope="module")
def model():
    return make_model()


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "small"
    save_model(model, folder)
    return folder


@pytest.fixture
def folder(saved, tmp_path):
    """A copy of the saved model to damage."""
    return shutil.copytree(saved, tmp_path / "small")


def edit_card(folder, **changes):
    data = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    for path, value in changes.items():
        place = data
        *parents, key = path.split("__")
        for parent in parents:
            place = place[parent]
        place[key] = value
    (folder / "card.json").write_text(json.dumps(data), encoding="utf-8")


def edit_weights(folder, change):
    """Change tensors, and let the card know the new file's digest."""
    path = folder / "weights.safetensors"
    tensors = {name: value.clone() for name, value in load_file(path).items()}
    change(tensors)
    save_file(tensors, path)
    edit_card(folder, weights_digest=hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_model_survives_the_file_exactly(model, saved):
    loaded = load_model(saved, precision="float32")
    assert replace(loaded.card, weights_digest="") == model.card
    tiles, features = make_tiles(3), make_features(20)
    np.testing.assert_array_equal(loaded.encoder.encode(tiles), model.encoder.encode(tiles))
    for before, after in zip(model.heads, loaded.heads, strict=True):
        np.testing.assert_array_equal(after.explain(features).outputs, before.explain(features).outputs)


def test_the_returned_card_is_the_written_one(model, tmp_path):
    card = save_model(model, tmp_path / "m")
    assert load_model(tmp_path / "m").card == card
    content = (tmp_path / "m" / "weights.safetensors").read_bytes()
    assert card.weights_digest == hashlib.sha256(content).hexdigest()
    assert load_model(tmp_path / "m").digest == card.weights_digest
    assert sorted(path.name for path in (tmp_path / "m").iterdir()) == ["card.json", "weights.safetensors"]


def test_saving_what_was_loaded_gives_the_same_files(saved, tmp_path):
    save_model(load_model(saved), tmp_path)
    for name in ("card.json", "weights.safetensors"):
        assert (tmp_path / name).read_bytes() == (saved / name).read_bytes()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_halves_the_file_and_has_its_own_digest(model, saved, tmp_path, dtype):
    card = save_model(model, tmp_path, dtype=dtype)
    size = (tmp_path / "weights.safetensors").stat().st_size
    assert size < 0.52 * (saved / "weights.safetensors").stat().st_size
    assert card.encoder.dtype == dtype
    assert card.encoder.digest != model.encoder.record.digest
    loaded = load_model(tmp_path, precision="float32")
    tiles = make_tiles(2)
    np.testing.assert_allclose(loaded.encoder.encode(tiles), model.encoder.encode(tiles), rtol=0.1, atol=0.05)
    assert next(loaded.encoder.network.parameters()).dtype == torch.float32
    assert save_model(loaded, tmp_path / "again") == card  # rounding once is rounding for good


def test_statistics_and_heads_stay_in_float32(model, tmp_path):
    save_model(model, tmp_path, dtype="float16")
    for name, value in load_file(tmp_path / "weights.safetensors").items():
        is_matrix_of_encoder = name.startswith("encoder.") and value.ndim > 1
        assert value.dtype == (torch.float16 if is_matrix_of_encoder else torch.float32), name


def test_an_encoder_without_heads_is_a_model(tmp_path):
    save_model(build_model(make_encoder(), name="bare"), tmp_path)
    assert load_model(tmp_path).heads == ()


def test_loading_by_name_and_bundled(saved, monkeypatch):
    monkeypatch.setenv("HISTCODE_MODELS", str(saved.parent))
    monkeypatch.setattr(library, "bundled_folder", lambda: saved)
    assert load_model("small-model").name == "small-model"
    assert load_model().name == "small-model"
    assert [card.name for card in model_file.list_models()] == ["small-model", "small-model"]


def test_missing_model(tmp_path):
    with pytest.raises(ModelNotFoundError):
        load_model(tmp_path / "nowhere")


def test_absent_device_is_told_before_anything_is_read(saved, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError):
        load_model(saved, device="cuda")


@pytest.mark.parametrize("name", ["card.json", "weights.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelFileError, match=f"has no {name}"):
        load_model(folder)


def test_a_card_that_is_not_text_is_refused(folder):
    (folder / "card.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_model(folder)


def test_damaged_weights_show_by_their_digest(folder):
    path = folder / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="digest differs"):
        load_model(folder)


def test_truncated_weights_without_digest_are_refused(folder):
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    edit_card(folder, weights_digest="")
    with pytest.raises(ModelFileError, match="not a readable safetensors file"):
        load_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop("encoder.conv1.weight"), r"missing: conv1\.weight"),
        (lambda t: t.pop("heads.tissue.output.bias"), r"head 'tissue'.*missing: output\.bias"),
        (lambda t: t.update({"encoder.extra": torch.ones(1)}), "unexpected: extra"),
        (lambda t: t.update({"heads.nerves.output.bias": torch.ones(1)}), r"heads\.nerves\.output\.bias"),
        (lambda t: t.update({"something": torch.ones(1)}), "does not name: something"),
        (lambda t: t.update({"heads.tissue.output.bias": torch.ones(3)}), r"\(3,\) instead of \(2,\)"),
        (lambda t: [t.pop(k) for k in list(t) if k.startswith("encoder.")], "missing: bn1"),
        (lambda t: t["encoder.conv1.weight"].mul_(2), "not those that model 'small' was made with"),
    ],
)
def test_tensors_that_do_not_fit_are_named(folder, change, message):
    edit_weights(folder, change)
    with pytest.raises(ModelFileError, match=message):
        load_model(folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder__architecture": "vgg"}, "'vgg' is unknown"),
        ({"encoder__architecture": "resnet18"}, r"missing: layer4"),
        ({"encoder__feature_dim": 100}, "gives 256"),
        ({"encoder__digest": "00"}, "not those that model"),
        ({"card_version": 99}, "pip install -U napari-histcode"),
        ({"surprise": 1}, "unknown keys: surprise"),
    ],
)
def test_cards_that_do_not_fit_are_refused(folder, changes, message):
    edit_card(folder, **changes)
    with pytest.raises(ModelFileError, match=message):
        load_model(folder)


def test_a_folder_that_cannot_be_made_is_told(model, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        save_model(model, tmp_path / "file" / "model")


def test_a_failed_save_leaves_the_old_model_whole(model, folder, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def full(path, *given, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.write_text", full)
    with pytest.raises(OutputError):
        save_model(build_model(make_encoder(seed=7), name="other"), folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_weights_beyond_half_precision_are_refused(tmp_path):
    network = make_network()
    with torch.no_grad():
        network.conv1.weight[0, 0, 0, 0] = 1e6
    model = build_model(Encoder(network, make_record(), precision="float32"), name="m")
    with pytest.raises(ModelFileError, match=r"conv1\.weight.*do not fit into float16"):
        save_model(model, tmp_path, dtype="float16")
    assert not list(tmp_path.iterdir())
    save_model(model, tmp_path, dtype="bfloat16")


def test_broken_training_is_not_saved(tmp_path):
    head = make_head()
    with torch.no_grad():
        head.module.output.bias[0] = torch.nan
    with pytest.raises(ModelFileError, match="not finite"):
        save_model(build_model(make_encoder(), (head,), name="m"), tmp_path)


def test_unknown_type_is_refused(model, tmp_path):
    with pytest.raises(ModelFileError, match="int8"):
        save_model(model, tmp_path, dtype="int8")
