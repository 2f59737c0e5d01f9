"""The model file: a folder with ``card.json`` and ``weights.safetensors``.

Weights are named ``encoder.<name>`` and ``heads.<head>.<name>``. Matrices of the encoder may be
stored in half precision (`EncoderRecord.dtype`); vectors, such as the statistics of batch
normalisation, and heads stay in float32. They are computed with in float32 (or bfloat16) again.
A model whose encoder comes from a hub keeps only its heads: gigabytes and licences stay there.
``statistics.safetensors``, where there is one, says what the training tiles' features look like.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from napari_histcode.errors import ModelFileError
from napari_histcode.files import staging
from napari_histcode.models.card import CARD_VERSION, EncoderRecord, HeadRecord, ModelCard
from napari_histcode.models.card_json import STORED_DTYPES, card_text, read_card_file
from napari_histcode.models.devices import choose_device
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.factory import build_encoder_network, is_hub_architecture
from napari_histcode.models.heads import Head, build_head
from napari_histcode.models.library import (
    CARD_NAME,
    STATISTICS_NAME,
    WEIGHTS_NAME,
    find_model,
    list_models,
    read_card,
)
from napari_histcode.models.model import Model
from napari_histcode.models.precision import PrecisionChoice
from napari_histcode.models.statistics import (
    FeatureStatistics,
    digest_of,
    read_statistics,
    statistics_bytes,
)
from napari_histcode.models.weights import (
    digest_weights,
    load_weights,
    network_weights,
    read_safetensors,
)

__all__ = ["add_statistics", "list_models", "load_model", "read_card", "save_model"]

_ENCODER = "encoder."
_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}


def save_model(
    model: Model,
    folder: str | os.PathLike[str],
    *,
    dtype: str | None = None,
    with_encoder: bool | None = None,
) -> ModelCard:
    """Write a model folder; what was there before stays whole until the new files are.

    Parameters
    ----------
    model : Model
        The model.
    folder : path
        Its folder; made if it is not there.
    dtype : {"float32", "float16", "bfloat16"}, optional
        How to store the encoder's matrices; by default as its record says.
    with_encoder : bool, optional
        Whether to store the encoder's weights; by default unless they come from a hub.

    Returns
    -------
    ModelCard
        As written, with the digests of what was written: stored in half precision, the encoder is
        another one, with a digest of its own.

    Raises
    ------
    ModelFileError
        If the weights do not fit into the type, or the card has no place in JSON.
    OutputError
        If the files cannot be written.
    """
    record = model.encoder.record
    dtype = dtype or record.dtype
    if dtype not in STORED_DTYPES:
        raise ModelFileError(
            f"{dtype!r} is no type to store weights in.", advice=f"Take one of {STORED_DTYPES}."
        )
    if with_encoder is None:
        with_encoder = not is_hub_architecture(record.architecture)
    tensors: dict[str, Tensor] = {}
    if with_encoder:
        stored = {k: _stored(v, dtype, k) for k, v in network_weights(model.encoder.network).items()}
        record = replace(record, dtype=dtype, digest=digest_weights(stored))
        tensors |= {_ENCODER + k: v for k, v in stored.items()}
    for head in model.heads:
        for name, value in network_weights(head.module).items():
            tensors[_head_prefix(head.record) + name] = _stored(value, "float32", name)
    content = save(tensors)
    described = statistics_bytes(model.statistics) if model.statistics is not None else None
    card = replace(
        model.card,
        encoder=record,
        weights_digest=hashlib.sha256(content).hexdigest(),
        statistics_digest=digest_of(described) if described is not None else "",
        card_version=CARD_VERSION,
    )
    text = card_text(card)
    with staging(Path(folder), last=CARD_NAME) as stage:
        (stage / WEIGHTS_NAME).write_bytes(content)
        if described is not None:
            (stage / STATISTICS_NAME).write_bytes(described)
        (stage / CARD_NAME).write_text(text, encoding="utf-8")
    return card


def add_statistics(
    folder: str | os.PathLike[str],
    statistics: FeatureStatistics,
    *,
    heads: tuple[HeadRecord, ...] | None = None,
) -> ModelCard:
    """Put feature statistics into a model folder; the weights stay as they are, byte for byte.

    Parameters
    ----------
    folder : path
        A model folder.
    statistics : FeatureStatistics
        Of the tiles that its heads learned from.
    heads : tuple of HeadRecord, optional
        Records to take the place of those on the card, for what is said of the domain; names, shapes and
        outputs have to be the same.

    Returns
    -------
    ModelCard
        As written.

    Raises
    ------
    ModelFileError
        If the folder holds no model, or the statistics or records are of another one.
    OutputError
        If the files cannot be written.
    """
    folder = Path(folder)
    card = read_card_file(folder / CARD_NAME)
    if statistics.feature_dim != card.encoder.feature_dim:
        raise ModelFileError(
            f"The statistics are of {statistics.feature_dim} features, and the encoder of {card.name!r} "
            f"gives {card.encoder.feature_dim}.",
            advice="Fit them on features of this model's encoder.",
        )
    if heads is not None and [_shape_of(head) for head in heads] != [_shape_of(head) for head in card.heads]:
        raise ModelFileError(f"These records are not of the heads of {card.name!r}.")
    content = statistics_bytes(statistics)
    card = replace(
        card,
        heads=heads if heads is not None else card.heads,
        statistics_digest=digest_of(content),
        card_version=CARD_VERSION,
    )
    text = card_text(card)
    with staging(folder, last=CARD_NAME) as stage:
        (stage / STATISTICS_NAME).write_bytes(content)
        (stage / CARD_NAME).write_text(text, encoding="utf-8")
    return card


def _shape_of(head: HeadRecord) -> HeadRecord:
    """Return a head's record without what is said of its domain."""
    return replace(head, domain="", trained_on=None, ensemble="")


def load_model(
    name_or_path: str | os.PathLike[str] = "bundled",
    *,
    device: str | torch.device = "cpu",
    precision: PrecisionChoice = "auto",
    allow_download: bool = False,
    allow_remote_code: bool = False,
) -> Model:
    """Load a model and make sure that it is whole.

    Parameters
    ----------
    name_or_path : str or path
        "bundled", the name of a model in the user's folder, or a model folder or file.
    device : str or torch.device
        See `choose_device`.
    precision : {"auto", "float32", "bfloat16"}
        See `Encoder`.
    allow_download, allow_remote_code : bool
        For an encoder that comes from a hub; see `build_encoder_network`.

    Raises
    ------
    ModelNotFoundError
        If there is no such model, or its hub encoder is not on this machine.
    ModelFileError
        If a file is missing or damaged, does not fit the card, or is of a newer version.
    ModelMismatchError
        If encoder, heads and card do not belong together.
    DeviceError
        If the device is not there.
    """
    target = choose_device(device)
    folder = find_model(name_or_path)
    card = read_card_file(folder / CARD_NAME)
    weights = _read_weights(folder, card)
    source = f"{folder.name}/{WEIGHTS_NAME}"
    encoder_weights = _take(weights, _ENCODER)
    head_weights = [_take(weights, _head_prefix(record)) for record in card.heads]
    if weights:
        raise ModelFileError(
            f"{source} holds tensors that the card does not name: {', '.join(sorted(weights)[:6])}.",
            advice="Card and weights are of two models; download or write the model again.",
        )
    network = build_encoder_network(
        card.encoder.architecture,
        pooling=card.encoder.pooling,
        revision=card.encoder.revision,
        allow_download=allow_download,
        allow_remote_code=allow_remote_code,
    )
    if encoder_weights or not is_hub_architecture(card.encoder.architecture):
        load_weights(network, encoder_weights, source=f"the encoder in {source}")
    _check_encoder(network, card.encoder, folder.name)
    encoder = Encoder(network, card.encoder, device=target, precision=precision)
    heads = tuple(
        _load_head(record, named, encoder, source)
        for record, named in zip(card.heads, head_weights, strict=True)
    )
    statistics = None
    if card.statistics_digest:
        statistics = read_statistics(
            folder / STATISTICS_NAME, digest=card.statistics_digest, feature_dim=encoder.feature_dim
        )
    card = replace(card, encoder=encoder.record)
    return Model(card=card, encoder=encoder, heads=heads, statistics=statistics)


def _read_weights(folder: Path, card: ModelCard) -> dict[str, Tensor]:
    path = folder / WEIGHTS_NAME
    if not path.is_file():
        raise ModelFileError(
            f"The model folder {folder.name!r} has no {WEIGHTS_NAME}.",
            advice="A model is card.json and weights.safetensors in one folder.",
        )
    if card.weights_digest and _digest_file(path) != card.weights_digest:
        raise ModelFileError(
            f"{folder.name}/{WEIGHTS_NAME} is not the file that the card describes (its digest differs).",
            advice="It is damaged, or of another version; download or write the model again.",
        )
    return read_safetensors(path)


def _load_head(record: HeadRecord, weights: dict[str, Tensor], encoder: Encoder, source: str) -> Head:
    head = build_head(record, encoder.feature_dim)
    load_weights(head.module, weights, source=f"head {record.name!r} in {source}")
    head.module.to(encoder.device)
    return head


def _check_encoder(network: nn.Module, record: EncoderRecord, model: str) -> None:
    feature_dim = getattr(network, "feature_dim", record.feature_dim)
    if feature_dim != record.feature_dim:
        raise ModelFileError(
            f"The card of {model!r} says {record.feature_dim} features, and {record.architecture} "
            f"gives {feature_dim}.",
            advice="Correct the card.",
        )
    if record.digest and digest_weights(network_weights(network)) != record.digest:
        raise ModelFileError(
            f"The weights of encoder {record.name} are not those that model {model!r} was made with.",
            advice="Use the revision that the card names.",
        )


def _head_prefix(record: HeadRecord) -> str:
    return f"heads.{record.name}."


def _take(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Take the tensors with the prefix out of the weights."""
    names = [name for name in weights if name.startswith(prefix)]
    return {name.removeprefix(prefix): weights.pop(name) for name in names}


def _stored(value: Tensor, dtype: str, name: str) -> Tensor:
    """Return the tensor as it is stored: matrices in the type, vectors in float32."""
    if not value.is_floating_point():
        return value.contiguous().clone()
    kind = _DTYPES[dtype] if value.ndim > 1 else torch.float32
    stored = value.to(kind).contiguous().clone()
    if not bool(torch.isfinite(stored).all()):
        raise ModelFileError(
            f"The weights {name!r} do not fit into {dtype}: some are not finite.",
            advice="Store them in bfloat16 or float32, and check the training.",
        )
    return stored


def _digest_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
