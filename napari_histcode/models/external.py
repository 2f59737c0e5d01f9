"""Networks of timm and transformers, imported only when asked for, from files of this machine.

Files are looked up in the local cache of the hub (or in a folder); the network is only used with
``allow_download``. Code from a repository runs only with ``allow_remote_code``.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from napari_histcode.errors import MissingExtraError, ModelFileError, ModelNotFoundError
from napari_histcode.models.foundation import FOUNDATION_ENCODERS, FoundationEncoder
from napari_histcode.models.weights import load_weights, read_checkpoint

logger = logging.getLogger(__name__)

_CLASSIFIERS = ("head.", "fc.", "classifier.")
_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")


class TokenPooling(nn.Module):
    """A foreign network and the way its tokens become one vector a tile.

    Parameters
    ----------
    network : nn.Module
        Gives features (n, d), tokens (n, n_tokens, d), or an object of transformers with tokens.
    pooling : str
        "class_token", "class_token+mean", "average" (of the tokens that are places in the image),
        "pooler" or "encode_image". Features that come pooled pass unchanged.
    n_prefix : int
        Tokens that are no place in the image: the class token and the registers.
    """

    def __init__(self, network: nn.Module, *, pooling: str, n_prefix: int = 1) -> None:
        super().__init__()
        if pooling not in ("class_token", "class_token+mean", "average", "pooler", "encode_image"):
            raise ModelFileError(f"The pooling {pooling!r} is unknown.", advice="Correct the model card.")
        self.network = network
        self.pooling = pooling
        self.n_prefix = n_prefix

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised RGB (n, 3, h, w) to features (n, feature_dim)."""
        if self.pooling == "encode_image":
            encoded: Tensor = self.network.encode_image(x)  # type: ignore[operator]
            return encoded
        out = self.network(x)
        if self.pooling == "pooler":
            pooled: Tensor = out.pooler_output
            return pooled
        tokens: Tensor = out if isinstance(out, Tensor) else out.last_hidden_state
        return tokens if tokens.ndim == 2 else pool_tokens(tokens, self.pooling, self.n_prefix)


def pool_tokens(tokens: Tensor, pooling: str, n_prefix: int) -> Tensor:
    """Return (n, d), or (n, 2 d) for "class_token+mean", of tokens (n, n_tokens, d)."""
    if pooling == "class_token":
        return tokens[:, 0]
    places = tokens[:, n_prefix:].mean(dim=1)  # (n, d)
    if pooling == "average":
        return places
    return torch.cat([tokens[:, 0], places], dim=-1)


def build_timm_network(
    name: str, *, pooling: str, revision: str | None = None, allow_download: bool = False
) -> nn.Module:
    """Return a timm network without classifier; see `factory.build_encoder_network`."""
    timm = _import_extra("timm")
    if "/" not in name:
        network = timm.create_model(name, pretrained=False, num_classes=0)
        return TokenPooling(network, pooling=pooling, n_prefix=getattr(network, "num_prefix_tokens", 1))
    folder = find_snapshot(name, revision=revision, allow_download=allow_download)
    options = {key: _timm_layer(timm, value) for key, value in _options(name).items()}
    try:
        network = timm.create_model(f"local-dir:{folder}", pretrained=False, num_classes=0, **options)
    except (RuntimeError, ValueError, TypeError, KeyError, OSError) as error:
        raise ModelFileError(
            f"timm cannot build {name} ({error}).", advice="Update it: pip install -U timm"
        ) from error
    load_weights(
        network, _without_classifier(read_checkpoint(_weights_file(folder, name)), network), source=name
    )
    return TokenPooling(network, pooling=pooling, n_prefix=getattr(network, "num_prefix_tokens", 1))


def build_transformers_network(
    name: str,
    *,
    pooling: str,
    revision: str | None = None,
    allow_download: bool = False,
    allow_remote_code: bool = False,
) -> nn.Module:
    """Return a network of transformers; see `factory.build_encoder_network`."""
    transformers = _import_extra("transformers")
    known = _find(name)
    if known is not None and known.needs_remote_code and not allow_remote_code:
        raise ModelFileError(
            f"{name} only runs with Python code that its authors keep at the hub.",
            advice="Read that code, and allow it with allow_remote_code where you trust it.",
        )
    folder = find_snapshot(
        name, revision=revision, allow_download=allow_download, with_code=allow_remote_code
    )
    try:
        network, report = transformers.AutoModel.from_pretrained(
            str(folder),
            local_files_only=True,
            trust_remote_code=allow_remote_code,
            output_loading_info=True,
            **_options(name),
        )
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise ModelFileError(
            f"transformers cannot load {name} ({error}).",
            advice="Check its files and pip install -U transformers",
        ) from error
    if missing := sorted(report.get("missing_keys", ())):
        raise ModelFileError(f"The files of {name} lack weights: {', '.join(missing[:6])}.")
    registers = getattr(network.config, "num_register_tokens", 0) or 0
    return TokenPooling(network.float(), pooling=pooling, n_prefix=1 + registers)


def find_snapshot(
    name: str, *, revision: str | None = None, allow_download: bool = False, with_code: bool = False
) -> Path:
    """Return the folder with a hub repository's files.

    Parameters
    ----------
    name : str
        Hub id, or a folder.
    revision : str, optional
        Revision at the hub.
    allow_download : bool
        Whether missing files may be fetched.
    with_code : bool
        Whether Python files are wanted as well.

    Raises
    ------
    ModelNotFoundError
        If the files are not here and may not or cannot be fetched.
    """
    if Path(name).is_dir():
        return Path(name)
    hub = _import_extra("huggingface_hub")
    patterns = ["*.json", "model*.safetensors", *(["*.py"] if with_code else [])]
    try:
        folder = _snapshot(hub, name, revision, patterns, allow_download=allow_download)
        if not any(folder.glob("model*.safetensors")):
            folder = _snapshot(hub, name, revision, [*patterns, "*.bin"], allow_download=allow_download)
    except (OSError, ValueError) as error:
        reason = "could not be fetched" if allow_download else "is not on this machine"
        raise ModelNotFoundError(
            f"{name} {reason} ({type(error).__name__}).",
            advice=f"Accept its licence at https://huggingface.co/{name}, run `hf auth login` where it asks "
            "users to register, and allow the download.",
        ) from error
    return folder


def _snapshot(
    hub: Any, name: str, revision: str | None, patterns: list[str], *, allow_download: bool
) -> Path:
    return Path(
        hub.snapshot_download(
            name, revision=revision, local_files_only=not allow_download, allow_patterns=patterns
        )
    )


def _weights_file(folder: Path, name: str) -> Path:
    for file_name in _WEIGHT_FILES:
        if (folder / file_name).is_file():
            return folder / file_name
    raise ModelNotFoundError(
        f"The files of {name} hold no weights ({' or '.join(_WEIGHT_FILES)}).", advice="Allow the download."
    )


def _without_classifier(weights: Mapping[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """Leave out the classifier of the file, which a network of features does not have."""
    wanted = network.state_dict().keys()
    return {k: v for k, v in weights.items() if k in wanted or not k.startswith(_CLASSIFIERS)}


def _find(name: str) -> FoundationEncoder | None:
    return next((known for known in FOUNDATION_ENCODERS if known.record.hub_id == name), None)


def _options(name: str) -> dict[str, Any]:
    known = _find(name)
    return dict(known.options) if known is not None else {}


def _timm_layer(timm: Any, value: Any) -> Any:
    """Turn the name of one of timm's layers into the layer."""
    return getattr(timm.layers, value) if isinstance(value, str) and value[:1].isupper() else value


def _import_extra(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"This encoder needs {module}, which cannot be imported ({error}).",
            advice='Run: pip install "napari-histcode[timm]"',
        ) from error
