"""From the name of an architecture to a network."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import nn

from napari_histcode.errors import ModelFileError
from napari_histcode.models.efficientnet_lite import EfficientNetLite0
from napari_histcode.models.external import build_timm_network, build_transformers_network
from napari_histcode.models.resnet import resnet18, resnet50

_OWN: dict[str, Callable[[], nn.Module]] = {
    "efficientnet_lite0": EfficientNetLite0,
    "resnet18": resnet18,
    "resnet18_layer3": partial(resnet18, n_stages=3),
    "resnet50": resnet50,
    "resnet50_layer3": partial(resnet50, n_stages=3),
}
_TIMM, _TRANSFORMERS = "timm:", "transformers:"

OWN_ARCHITECTURES = tuple(_OWN)
"""Networks that this package brings along in plain torch."""


def is_own_architecture(architecture: str) -> bool:
    """Return whether the package itself has this network."""
    return architecture in _OWN


def is_hub_architecture(architecture: str) -> bool:
    """Return whether the network comes with its weights from a model hub."""
    return architecture.startswith((_TIMM, _TRANSFORMERS)) and "/" in architecture


def build_encoder_network(
    architecture: str,
    *,
    pooling: str = "average",
    revision: str | None = None,
    allow_download: bool = False,
    allow_remote_code: bool = False,
) -> nn.Module:
    """Return a network that maps (n, 3, h, w) normalised RGB to (n, feature_dim).

    Parameters
    ----------
    architecture : str
        One of `OWN_ARCHITECTURES` or "timm:<timm name>", with random weights; or, with the hub's
        weights, "timm:<hub id>" or "transformers:<hub id>" (an id has a slash; a local folder does
        as well).
    pooling : str
        For networks that give tokens: "class_token", "class_token+mean", "average", "pooler" or
        "encode_image".
    revision : str, optional
        Revision at the hub.
    allow_download : bool
        Whether missing files may be fetched from the hub; without it nothing leaves the machine.
    allow_remote_code : bool
        Whether Python code that the hub's author wrote may run, which some encoders need.

    Raises
    ------
    MissingExtraError
        If the optional packages are not installed.
    ModelNotFoundError
        If the weights are not on this machine, or could not be fetched.
    ModelFileError
        If the architecture is unknown or its files do not fit.
    """
    if architecture in _OWN:
        return _OWN[architecture]()
    if architecture.startswith(_TIMM):
        return build_timm_network(
            architecture.removeprefix(_TIMM),
            pooling=pooling,
            revision=revision,
            allow_download=allow_download,
        )
    if architecture.startswith(_TRANSFORMERS):
        return build_transformers_network(
            architecture.removeprefix(_TRANSFORMERS),
            pooling=pooling,
            revision=revision,
            allow_download=allow_download,
            allow_remote_code=allow_remote_code,
        )
    raise ModelFileError(
        f"The architecture {architecture!r} is unknown.",
        advice=f"Known are {', '.join(OWN_ARCHITECTURES)}, timm:<name> and transformers:<hub id>.",
    )
