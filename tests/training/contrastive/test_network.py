from __future__ import annotations

import pytest
import torch
from torch import nn

from histcode_training.contrastive.config import NetworkConfig, OptimisationConfig
from histcode_training.contrastive.learner import Learner
from histcode_training.contrastive.negatives import NoBank
from histcode_training.contrastive.network import ContrastiveNetwork, frozen_modules, make_network
from histcode_training.contrastive.settle import settle_statistics
from histcode_training.errors import RecipeError
from napari_histcode.models.efficientnet_lite import EfficientNetLite0
from napari_histcode.models.resnet import resnet18


def test_what_is_frozen_stays_as_it_is() -> None:
    config = NetworkConfig(hidden_dim=8, projection_dim=4, frozen_stages=5)
    network = make_network(config, seed=0)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    cpu, training = torch.device("cpu"), OptimisationConfig(weight_decay=0.1)
    learner = Learner(network, NoBank(4, cpu), training, device=cpu)
    views = torch.randn(2, 4, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    learner.step(views[0], views[1], learning_rate=0.1)
    frozen = ("encoder.stem_", "encoder.blocks.0.", "encoder.blocks.4.", "encoder.blocks.7.")
    for name, value in network.state_dict().items():
        if name.startswith(frozen):
            assert torch.equal(value, before[name]), name
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert "encoder.blocks.8.project_conv.weight" in changed
    assert "encoder.blocks.8.project_bn.running_mean" in changed


def test_stages_of_the_networks() -> None:
    lite, resnet = EfficientNetLite0(), resnet18()
    assert len(list(frozen_modules(lite, 8))) == 2 + 16
    assert len(list(frozen_modules(resnet, 4))) == 2 + 3
    assert not list(frozen_modules(nn.Identity(), 0))
    with pytest.raises(RecipeError, match="frozen_stages is 9, and the network has 9"):
        list(frozen_modules(lite, 9))


def test_a_start_follows_from_its_seed() -> None:
    config = NetworkConfig(architecture="resnet18_layer3", start="random", hidden_dim=8, projection_dim=4)
    one, same, other = (make_network(config, seed=seed) for seed in (1, 1, 2))
    for name, value in one.state_dict().items():
        assert torch.equal(value, same.state_dict()[name])
    assert not torch.equal(one.encoder.conv1.weight, other.encoder.conv1.weight)


@pytest.mark.parametrize(
    "wrong",
    [
        {"architecture": "resnet50"},
        {"start": "random", "frozen_stages": 2},
        {"hidden_dim": 0},
    ],
)
def test_impossible_networks_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="network"):
        NetworkConfig(**wrong)


def test_unknown_architectures_are_refused() -> None:
    with pytest.raises(RecipeError, match="no architecture 'vit'"):
        make_network(NetworkConfig(architecture="vit", start="random"), seed=0)


class OneNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)
        self.feature_dim = 3

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x).mean(dim=(2, 3))


@pytest.mark.parametrize("statistics", ["batch", "frozen"])
def test_settled_statistics_are_the_average_over_batches(statistics: str) -> None:
    config = NetworkConfig(hidden_dim=4, projection_dim=2, statistics=statistics)
    encoder = OneNorm()
    encoder.norm.running_mean = torch.full((3,), 7.0)
    network = ContrastiveNetwork(encoder, config)
    batches = torch.randn(5, 4, 3, 6, 6)
    settle_statistics(network, network, batches)
    settled = batches.mean(dim=(1, 3, 4)).mean(dim=0) if statistics == "batch" else torch.full((3,), 7.0)
    torch.testing.assert_close(encoder.norm.running_mean, settled)
    assert encoder.norm.momentum == 0.1
