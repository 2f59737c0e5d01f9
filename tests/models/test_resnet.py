from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from napari_histcode.models.resnet import BasicBlock, Bottleneck, resnet18, resnet50
from tests.models.synthetic import make_network


def n_parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def torchvision_names(n_blocks, n_convolutions, stages_with_shortcut):
    """The state-dict names of torchvision's ResNet, written down from its structure."""
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = {"conv1.weight", *(f"bn1.{kind}" for kind in norm)}
    for stage, n in enumerate(n_blocks, start=1):
        for block in range(n):
            stem = f"layer{stage}.{block}"
            for i in range(1, n_convolutions + 1):
                names |= {f"{stem}.conv{i}.weight", *(f"{stem}.bn{i}.{kind}" for kind in norm)}
            if block == 0 and stage in stages_with_shortcut:
                names |= {f"{stem}.downsample.0.weight", *(f"{stem}.downsample.1.{k}" for k in norm)}
    return names


@pytest.mark.parametrize(
    ("network", "count"),
    [
        (resnet18(n_classes=1000), 11_689_512),
        (resnet18(), 11_689_512 - 513_000),
        (resnet50(n_classes=1000), 25_557_032),
        (resnet50(), 25_557_032 - 2_049_000),
        (resnet50(n_stages=3), 8_543_296),
    ],
)
def test_parameters_are_as_many_as_published(network, count):
    assert n_parameters(network) == count


def test_names_are_those_of_torchvision():
    classifier = {"fc.weight", "fc.bias"}
    expected18 = torchvision_names((2, 2, 2, 2), 2, {2, 3, 4})
    expected50 = torchvision_names((3, 4, 6, 3), 3, {1, 2, 3, 4})
    assert set(resnet18(n_classes=1000).state_dict()) == expected18 | classifier
    assert set(resnet50(n_classes=1000).state_dict()) == expected50 | classifier
    assert set(resnet50().state_dict()) == expected50
    assert set(resnet50(n_stages=3).state_dict()) == {n for n in expected50 if not n.startswith("layer4")}


def test_the_stride_of_a_bottleneck_is_at_its_3x3_as_in_torchvision():
    block = resnet50().layer2[0]
    assert block.conv1.stride == (1, 1)
    assert block.conv2.stride == (2, 2)


@pytest.mark.parametrize(
    ("architecture", "feature_dim"),
    [("resnet18", 512), ("resnet18_layer3", 256), ("resnet50", 2048), ("resnet50_layer3", 1024)],
)
def test_features_have_the_promised_length(architecture, feature_dim):
    network = make_network(architecture)
    assert network.feature_dim == feature_dim
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, 64, 64)).shape == (2, feature_dim)


def test_the_cut_gives_the_averaged_third_stage():
    full = make_network("resnet18")
    cut = resnet18(n_stages=3).eval()
    cut.load_state_dict({k: v for k, v in full.state_dict().items() if not k.startswith("layer4")})
    seen = []
    full.layer3.register_forward_hook(lambda module, given, out: seen.append(out))
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        full(x)
        torch.testing.assert_close(cut(x), seen[0].mean(dim=(2, 3)))


def normalise(x, bn):
    shape = (1, -1, 1, 1)
    scale = bn.weight / (bn.running_var + bn.eps).sqrt()
    return (x - bn.running_mean.view(shape)) * scale.view(shape) + bn.bias.view(shape)


def test_basic_block_by_hand():
    torch.manual_seed(0)
    block = BasicBlock(4, 8, stride=2).eval()
    x = torch.randn(2, 4, 10, 10)
    y = functional.conv2d(x, block.conv1.weight, stride=2, padding=1)
    y = normalise(y, block.bn1).clamp(min=0)
    y = normalise(functional.conv2d(y, block.conv2.weight, padding=1), block.bn2)
    way_around = normalise(functional.conv2d(x, block.downsample[0].weight, stride=2), block.downsample[1])
    torch.testing.assert_close(block(x), (y + way_around).clamp(min=0))


def test_bottleneck_without_change_of_shape_adds_its_input():
    torch.manual_seed(0)
    block = Bottleneck(16, 4).eval()
    assert block.downsample is None
    torch.nn.init.zeros_(block.bn3.weight)
    x = torch.randn(1, 16, 6, 6)
    torch.testing.assert_close(block(x), x.clamp(min=0))
