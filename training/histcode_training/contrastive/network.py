"""The network that learns: an encoder whose first stages may be frozen, and a projector.

Batch normalisation can betray which keys belong to which queries: where a batch is normalised in parts, a
query and its key share the statistics of their part (He et al., 2020, shuffle keys against it). Here
statistics are those of the whole batch, over all GPUs, so that there are no parts, and the keys of the batch
are negatives as well, so that statistics of the batch do not tell the positive from them.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from histcode_training.contrastive.config import NetworkConfig
from histcode_training.errors import RecipeError
from napari_histcode.models.efficientnet_lite import EfficientNetLite0, imagenet_efficientnet_lite0
from napari_histcode.models.factory import OWN_ARCHITECTURES, build_encoder_network
from napari_histcode.models.resnet import ResNet

_LITE_STAGES = (1, 2, 2, 3, 3, 4, 1)
"""Blocks of each stage of EfficientNet-Lite0."""


class ContrastiveNetwork(nn.Module):
    """Encoder and projector: normalised RGB (n, 3, h, w) to projections (n, C).

    Parameters
    ----------
    encoder : nn.Module
        Gives features (n, feature_dim) and has that attribute.
    config : NetworkConfig
        Projector, frozen stages and statistics.

    Raises
    ------
    RecipeError
        If the encoder has fewer stages than shall be frozen.
    """

    def __init__(self, encoder: nn.Module, config: NetworkConfig) -> None:
        super().__init__()
        self.encoder = encoder
        feature_dim = int(getattr(encoder, "feature_dim"))  # noqa: B009 - typed loosely by nn.Module
        self.projector = nn.Sequential(
            nn.Linear(feature_dim, config.hidden_dim),
            nn.ReLU(inplace=True),
            nn.Linear(config.hidden_dim, config.projection_dim),
        )
        self._has_frozen_statistics = config.statistics == "frozen"
        self._frozen = list(frozen_modules(encoder, config.frozen_stages))
        for module in self._frozen:
            module.requires_grad_(requires_grad=False)
        self.train()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return features (n, feature_dim) and projections (n, C), both float32 and of any length."""
        features = self.encoder(x)
        with torch.autocast(x.device.type, enabled=False):
            features = features.float()
            return features, self.projector(features)

    def train(self, mode: bool = True) -> ContrastiveNetwork:  # noqa: FBT001, FBT002 - as torch has it
        """Set the mode; what is frozen stays in evaluation."""
        super().train(mode)
        for module in self._frozen:
            module.eval()
        if self._has_frozen_statistics:
            for module in self.encoder.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    def learning(self) -> Iterator[nn.Parameter]:
        """Parameters that are trained."""
        return (parameter for parameter in self.parameters() if parameter.requires_grad)


def make_network(config: NetworkConfig, *, seed: int) -> ContrastiveNetwork:
    """Make the network with its start.

    Parameters
    ----------
    config : NetworkConfig
        Shape and start.
    seed : int
        Decides what starts at random.

    Raises
    ------
    RecipeError
        If the architecture is unknown or has too few stages to freeze.
    MissingExtraError
        If the package with the ImageNet weights is not installed.
    """
    if config.architecture not in OWN_ARCHITECTURES:
        raise RecipeError(
            f"network: there is no architecture {config.architecture!r} that could be trained here.",
            advice=f"Known are {', '.join(OWN_ARCHITECTURES)}.",
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        encoder = (
            imagenet_efficientnet_lite0()
            if config.start == "imagenet"
            else build_encoder_network(config.architecture)
        )
        return ContrastiveNetwork(encoder, config)


def frozen_modules(encoder: nn.Module, n_stages: int) -> Iterator[nn.Module]:
    """Give the modules with weights of the first stages, the stem being the first.

    Raises
    ------
    RecipeError
        If there are not so many stages, or nothing would be left to learn.
    """
    stages = _stages(encoder)
    if n_stages >= len(stages):
        raise RecipeError(
            f"network: frozen_stages is {n_stages}, and the network has {len(stages)} stages.",
            advice=f"Freeze at most {len(stages) - 1}.",
        )
    for stage in stages[:n_stages]:
        yield from stage


def _stages(encoder: nn.Module) -> list[list[nn.Module]]:
    if isinstance(encoder, EfficientNetLite0):
        ends = [sum(_LITE_STAGES[: k + 1]) for k in range(len(_LITE_STAGES))]
        blocks = list(encoder.blocks)
        parts = [blocks[end - n : end] for end, n in zip(ends, _LITE_STAGES, strict=True)]
        return [[encoder.stem_conv, encoder.stem_bn], *parts, [encoder.head_conv, encoder.head_bn]]
    if isinstance(encoder, ResNet):
        layers = [[encoder.get_submodule(f"layer{k + 1}")] for k in range(encoder.n_stages)]
        return [[encoder.conv1, encoder.bn1], *layers]
    return [[encoder]]
