from __future__ import annotations

import pytest
import torch
from torch import nn

from napari_histcode.models.factory import OWN_ARCHITECTURES
from napari_histcode.models.fuse import fold_batch_norm
from tests.models.synthetic import make_network


@pytest.mark.parametrize("architecture", OWN_ARCHITECTURES)
def test_folding_changes_nothing_but_rounding(architecture):
    network = make_network(architecture)
    x = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    folded = fold_batch_norm(network)
    with torch.inference_mode():
        expected = network(x)
        error = (folded(x) - expected).abs().max() / expected.abs().max()
    assert error < 1e-5


def test_no_batch_norm_is_left_and_the_original_keeps_its_own():
    network = make_network("resnet18")
    names = set(network.state_dict())
    folded = fold_batch_norm(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert set(network.state_dict()) == names
