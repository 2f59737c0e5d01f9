"""ResNet-18 and ResNet-50 in plain torch, with the parameter names of torchvision.

He et al., "Deep residual learning for image recognition", CVPR 2016 (arXiv 1512.03385). The names
are those of ``torchvision.models.resnet``, so that published weights load without renaming; as
there, the 3 x 3 convolution of a bottleneck carries the stride. `n_stages` = 3 cuts the network
after ``layer3``, as HistCode and CLAM do.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

BlockKind = Literal["basic", "bottleneck"]


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions and the way around them."""

    expansion = 1

    def __init__(self, in_channels: int, channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = _shortcut(in_channels, channels, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, h, w) to (n, channels, h / stride, w / stride)."""
        identity = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.bn2(self.conv2(x))
        out: Tensor = self.relu(x + identity)
        return out


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolutions and the way around them."""

    expansion = 4

    def __init__(self, in_channels: int, channels: int, *, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, channels * self.expansion, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(channels * self.expansion)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = _shortcut(in_channels, channels * self.expansion, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, h, w) to (n, 4 channels, h / stride, w / stride)."""
        identity = x if self.downsample is None else self.downsample(x)
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.relu(self.bn2(self.conv2(x)))
        x = self.bn3(self.conv3(x))
        out: Tensor = self.relu(x + identity)
        return out


class ResNet(nn.Module):
    """A residual network that gives average-pooled features.

    Parameters
    ----------
    block : {"basic", "bottleneck"}
        Kind of residual block.
    n_blocks : tuple of int
        Blocks in each stage; three stages give the cut after ``layer3``.
    n_classes : int, optional
        With it, a classifier ``fc`` follows the pooling and the network gives logits.
    """

    def __init__(self, block: BlockKind, n_blocks: tuple[int, ...], *, n_classes: int | None = None) -> None:
        super().__init__()
        kind: type[BasicBlock | Bottleneck] = BasicBlock if block == "basic" else Bottleneck
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.n_stages = len(n_blocks)
        in_channels = 64
        for stage, n in enumerate(n_blocks):
            channels = 64 * 2**stage
            blocks = []
            for position in range(n):
                stride = 2 if stage > 0 and position == 0 else 1
                blocks.append(kind(in_channels, channels, stride=stride))
                in_channels = channels * kind.expansion
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.feature_dim = in_channels
        self.fc = None if n_classes is None else nn.Linear(in_channels, n_classes)
        self._initialise()

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised RGB (n, 3, h, w) to features (n, feature_dim), or to logits with a classifier."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))  # (n, 64, h/4, w/4)
        for stage in range(self.n_stages):
            x = self.get_submodule(f"layer{stage + 1}")(x)
        x = x.float().mean(dim=(2, 3))  # (n, feature_dim), in float32 whatever the convolutions ran in
        return x if self.fc is None else self.fc(x)

    def _initialise(self) -> None:
        """Start as He et al. do for networks of rectifiers."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def resnet18(*, n_stages: int = 4, n_classes: int | None = None) -> ResNet:
    """Return a ResNet-18 with random weights: 512 features, or 256 after three stages."""
    return ResNet("basic", (2, 2, 2, 2)[:n_stages], n_classes=n_classes)


def resnet50(*, n_stages: int = 4, n_classes: int | None = None) -> ResNet:
    """Return a ResNet-50 with random weights: 2,048 features, or 1,024 after three stages."""
    return ResNet("bottleneck", (3, 4, 6, 3)[:n_stages], n_classes=n_classes)


def _shortcut(in_channels: int, out_channels: int, *, stride: int) -> nn.Sequential | None:
    """Return the projection that the way around needs where the shape changes."""
    if stride == 1 and in_channels == out_channels:
        return None
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False),
        nn.BatchNorm2d(out_channels),
    )
