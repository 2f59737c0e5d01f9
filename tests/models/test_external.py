"""Foreign encoders against stand-ins of their libraries: what is asked of them, and with what consent."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from napari_histcode.errors import MissingExtraError, ModelFileError, ModelNotFoundError
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.external import TokenPooling, find_snapshot, pool_tokens
from napari_histcode.models.factory import (
    build_encoder_network,
    is_hub_architecture,
    is_own_architecture,
)
from napari_histcode.models.heads import build_head
from napari_histcode.models.importers import load_foundation_encoder
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import load_model, save_model
from tests.models.synthetic import make_head_record, make_record, make_tiles

DIM, N_PREFIX, N_TOKENS = 6, 3, 7


class Tokens(nn.Module):
    """Stands for a vision transformer: (n, 3, h, w) -> (n, N_TOKENS, DIM)."""

    num_prefix_tokens = N_PREFIX

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(3, N_TOKENS * DIM)

    def forward(self, x):
        return self.project(x.mean(dim=(2, 3))).view(-1, N_TOKENS, DIM)


class HubModel(nn.Module):
    """Stands for a model of transformers."""

    def __init__(self):
        super().__init__()
        self.tokens = Tokens()
        self.config = SimpleNamespace(num_register_tokens=N_PREFIX - 1)

    def forward(self, x):
        tokens = self.tokens(x)
        return SimpleNamespace(last_hidden_state=tokens, pooler_output=-tokens[:, 0])

    def encode_image(self, x):
        return 2 * self.tokens(x)[:, 0]


class Libraries(SimpleNamespace):
    """The stand-ins and what was asked of them."""


@pytest.fixture
def libraries(monkeypatch, tmp_path):
    torch.manual_seed(0)
    hub, weights = tmp_path / "hub", Tokens().state_dict()
    hub.mkdir()
    save_file(weights | {"head.weight": torch.ones(2, 2)}, hub / "model.safetensors")
    asked = Libraries(
        timm=[], transformers=[], hub=[], folder=hub, is_cached=True, missing=[], weights=weights
    )

    def create_model(name, **options):
        asked.timm.append((name, options))
        return Tokens()

    def from_pretrained(folder, **options):
        asked.transformers.append((folder, options))
        model = HubModel()
        model.tokens.load_state_dict(weights)
        return model, {"missing_keys": asked.missing}

    def snapshot_download(name, **options):
        asked.hub.append((name, options))
        if options["local_files_only"] and not asked.is_cached:
            raise FileNotFoundError("not in the cache")
        return str(hub)

    layers = SimpleNamespace(SwiGLUPacked="the layer")
    monkeypatch.setitem(sys.modules, "timm", SimpleNamespace(create_model=create_model, layers=layers))
    auto = SimpleNamespace(from_pretrained=from_pretrained)
    monkeypatch.setitem(sys.modules, "transformers", SimpleNamespace(AutoModel=auto))
    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(snapshot_download=snapshot_download))
    return asked


def expected_tokens(libraries, x):
    network = Tokens()
    network.load_state_dict(libraries.weights)
    return network(x)


def test_kinds_of_architecture():
    assert is_own_architecture("resnet18")
    assert not is_own_architecture("timm:resnet18")
    assert is_hub_architecture("timm:MahmoodLab/UNI")
    assert not is_hub_architecture("timm:resnet18")
    assert not is_hub_architecture("resnet18")


def test_pooling_of_tokens():
    tokens = torch.randn(2, N_TOKENS, DIM)
    first, places = tokens[:, 0], tokens[:, N_PREFIX:].mean(dim=1)
    assert torch.equal(pool_tokens(tokens, "class_token", N_PREFIX), first)
    assert torch.equal(pool_tokens(tokens, "average", N_PREFIX), places)
    assert torch.equal(pool_tokens(tokens, "class_token+mean", N_PREFIX), torch.cat([first, places], 1))


def test_unknown_pooling_is_refused():
    with pytest.raises(ModelFileError, match="'max'"):
        TokenPooling(Tokens(), pooling="max")


def test_pooled_features_pass_unchanged():
    x = torch.randn(2, 3, 4, 4)
    assert torch.equal(TokenPooling(nn.Flatten(), pooling="average")(x), x.flatten(1))


@pytest.mark.parametrize(
    ("module", "architecture"), [("timm", "timm:resnet18"), ("transformers", "transformers:a/b")]
)
def test_a_missing_library_is_told_with_the_command_that_helps(monkeypatch, module, architecture):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r'pip install "napari-histcode\[timm\]"'):
        build_encoder_network(architecture)


@pytest.mark.parametrize("architecture", ["vgg", "", "onnx:x"])
def test_unknown_architectures_are_refused(architecture):
    with pytest.raises(ModelFileError, match="resnet18"):
        build_encoder_network(architecture)


def test_a_plain_timm_name_starts_at_random_and_asks_no_hub(libraries):
    build_encoder_network("timm:vit_tiny", pooling="class_token")
    assert libraries.timm == [("vit_tiny", {"pretrained": False, "num_classes": 0})]
    assert libraries.hub == []


def test_a_timm_encoder_of_the_hub_gets_its_weights(libraries):
    network = build_encoder_network("timm:somebody/encoder", pooling="class_token+mean", revision="abc")
    x = torch.randn(2, 3, 4, 4)
    tokens = expected_tokens(libraries, x)
    torch.testing.assert_close(network(x), pool_tokens(tokens, "class_token+mean", N_PREFIX))
    assert libraries.timm == [(f"local-dir:{libraries.folder}", {"pretrained": False, "num_classes": 0})]
    (name, options), *_ = libraries.hub
    assert name == "somebody/encoder"
    assert options["local_files_only"] is True
    assert options["revision"] == "abc"


def test_options_of_known_encoders_are_given(libraries):
    build_encoder_network("timm:MahmoodLab/UNI2-h", pooling="class_token")
    options = libraries.timm[0][1]
    assert options["embed_dim"] == 1536
    assert options["mlp_layer"] == "the layer"
    assert options["act_layer"] == "silu"


@pytest.mark.parametrize(
    ("pooling", "pick"),
    [
        ("class_token", lambda tokens: tokens[:, 0]),
        ("average", lambda tokens: tokens[:, N_PREFIX:].mean(dim=1)),
        ("pooler", lambda tokens: -tokens[:, 0]),
        ("encode_image", lambda tokens: 2 * tokens[:, 0]),
    ],
)
def test_transformers_encoders(libraries, pooling, pick):
    network = build_encoder_network("transformers:somebody/encoder", pooling=pooling)
    x = torch.randn(2, 3, 4, 4)
    torch.testing.assert_close(network(x), pick(expected_tokens(libraries, x)))
    folder, options = libraries.transformers[0]
    assert folder == str(libraries.folder)
    assert options["local_files_only"] is True
    assert options["trust_remote_code"] is False


def test_weights_that_the_files_lack_are_not_made_up(libraries):
    libraries.missing = ["layer.0.weight"]
    with pytest.raises(ModelFileError, match=r"lack weights: layer\.0\.weight"):
        build_encoder_network("transformers:somebody/encoder", pooling="class_token")


def test_nothing_is_fetched_without_leave(libraries):
    libraries.is_cached = False
    with pytest.raises(
        ModelNotFoundError, match=r"is not on this machine.*https://huggingface\.co/MahmoodLab/UNI"
    ):
        load_foundation_encoder("uni")
    assert all(options["local_files_only"] for _, options in libraries.hub)


def test_with_leave_it_is(libraries):
    libraries.is_cached = False
    load_foundation_encoder("phikon", allow_download=True)
    assert libraries.hub[0][1]["local_files_only"] is False


def test_code_from_the_hub_needs_leave(libraries):
    with pytest.raises(ModelFileError, match="allow_remote_code"):
        load_foundation_encoder("keep")
    assert libraries.transformers == []
    load_foundation_encoder("keep", allow_remote_code=True)
    assert libraries.transformers[0][1]["trust_remote_code"] is True
    assert "*.py" in libraries.hub[0][1]["allow_patterns"]


def test_a_local_folder_asks_no_hub(libraries):
    assert find_snapshot(str(libraries.folder)) == libraries.folder
    assert libraries.hub == []


def test_a_snapshot_without_weights_is_told(libraries):
    (libraries.folder / "model.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match="hold no weights"):
        build_encoder_network("timm:somebody/encoder", pooling="class_token")
    assert "*.bin" in libraries.hub[-1][1]["allow_patterns"]


def test_a_model_on_a_hub_encoder_keeps_its_heads_alone(libraries, tmp_path):
    architecture = "timm:somebody/encoder"
    record = make_record(architecture, DIM, pooling="class_token", hub_id="somebody/encoder")
    encoder = Encoder(build_encoder_network(architecture, pooling="class_token"), record, precision="float32")
    model = build_model(encoder, (build_head(make_head_record(), DIM),), name="on-hub")
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model", precision="float32")
    tiles = make_tiles(3)
    np.testing.assert_array_equal(loaded.encoder.encode(tiles), encoder.encode(tiles))
    assert loaded.encoder.record == encoder.record
    assert (tmp_path / "model" / "weights.safetensors").stat().st_size < 4000

    save_file({k: v + 1 for k, v in libraries.weights.items()}, libraries.folder / "model.safetensors")
    with pytest.raises(ModelFileError, match="not those that model"):
        load_model(tmp_path / "model")
