from __future__ import annotations

import argparse

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from napari_histcode.errors import ModelFileError, ModelNotFoundError
from napari_histcode.models.weights import (
    digest_weights,
    load_weights,
    network_weights,
    read_checkpoint,
)


class Payload:
    """What a hostile checkpoint would hold."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (open, (self.target, "w"))


def make_module():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def test_digest_depends_on_names_shapes_and_values_alone():
    weights = {"a": torch.arange(6.0).view(2, 3), "b": torch.ones(2)}
    digest = digest_weights(weights)
    assert len(digest) == 64
    assert digest_weights(dict(reversed(weights.items()))) == digest
    assert digest_weights({k: v.half() for k, v in weights.items()}) == digest  # the same values
    assert digest_weights(weights | {"a": weights["a"].view(3, 2)}) != digest
    assert digest_weights(weights | {"b": torch.tensor([1.0, 1.0001])}) != digest
    assert digest_weights({"a": weights["a"], "c": weights["b"]}) != digest
    assert digest_weights({"a": weights["a"].t().contiguous().t(), "b": weights["b"]}) == digest


def test_training_counters_are_no_weights():
    module = make_module()
    before = digest_weights(network_weights(module))
    module[1].num_batches_tracked += 5
    assert digest_weights(network_weights(module)) == before


@pytest.mark.parametrize("nesting", [None, "state_dict", "model"])
def test_tensors_are_found_where_training_code_puts_them(tmp_path, nesting):
    weights = {"a": torch.ones(2)}
    content = weights if nesting is None else {"epoch": 3, nesting: weights, "optimizer": {"lr": 0.1}}
    torch.save(content, tmp_path / "checkpoint.pth")
    assert torch.equal(read_checkpoint(tmp_path / "checkpoint.pth")["a"], weights["a"])


def test_safetensors_are_read(tmp_path):
    save_file({"a": torch.ones(2)}, tmp_path / "weights.safetensors")
    assert read_checkpoint(tmp_path / "weights.safetensors")["a"].tolist() == [1, 1]


def test_code_in_a_checkpoint_never_runs(tmp_path):
    planted = tmp_path / "planted"
    torch.save({"state_dict": {"a": torch.ones(1)}, "x": Payload(str(planted))}, tmp_path / "evil.pth")
    with pytest.raises(ModelFileError, match="more than weights"):
        read_checkpoint(tmp_path / "evil.pth")
    assert not planted.exists()


def test_harmless_objects_are_refused_with_advice(tmp_path):
    torch.save({"args": argparse.Namespace(lr=1), "state_dict": {"a": torch.ones(1)}}, tmp_path / "a.pth")
    with pytest.raises(ModelFileError, match="state dict alone"):
        read_checkpoint(tmp_path / "a.pth")


@pytest.mark.parametrize("name", ["a.pth", "a.pt", "a.safetensors"])
@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 broken zip", b"\x80\x02broken"])
def test_damaged_files_are_refused(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelFileError):
        read_checkpoint(tmp_path / name)


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, [1, 2], torch.ones(2)])
def test_files_without_named_weights_are_refused(tmp_path, content):
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(ModelFileError, match="no named weights"):
        read_checkpoint(tmp_path / "a.pth")


def test_missing_file(tmp_path):
    with pytest.raises(ModelNotFoundError):
        read_checkpoint(tmp_path / "nowhere.pth")


def test_weights_fit_and_become_float32():
    source, target = make_module(), make_module()
    nn.init.ones_(source[0].weight)
    load_weights(target, {k: v.half() for k, v in network_weights(source).items()}, source="x")
    assert target[0].weight.dtype == torch.float32
    assert torch.equal(target[0].weight, source[0].weight)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("0.bias"), r"missing: 0\.bias"),
        (lambda w: w.update({"2.weight": torch.ones(1)}), r"unexpected: 2\.weight"),
        (lambda w: w.update({"0.bias": torch.ones(7)}), r"0\.bias \(7,\) instead of \(2,\)"),
    ],
)
def test_weights_that_do_not_fit_are_listed(change, message):
    weights = network_weights(make_module())
    change(weights)
    with pytest.raises(ModelFileError, match=message):
        load_weights(make_module(), weights, source="x")


def test_all_faults_are_told_at_once_and_long_lists_are_cut():
    weights = {f"extra{i}": torch.ones(1) for i in range(9)}
    with pytest.raises(ModelFileError, match=r"missing: .*; unexpected: extra0.* and 3 more") as caught:
        load_weights(make_module(), weights, source="x")
    assert "extra8" not in str(caught.value)
