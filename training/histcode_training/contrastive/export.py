"""The finished encoder: a model folder without heads, which every reader of models reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor

from histcode_training.contrastive.recipe import EncoderRecipe
from histcode_training.encoders import round_to_half
from histcode_training.recipe import TileGeometry
from napari_histcode.models.card import EncoderRecord, ModelCard
from napari_histcode.models.efficientnet_lite import IMAGENET_MEAN as LITE_MEAN
from napari_histcode.models.efficientnet_lite import IMAGENET_STD as LITE_STD
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.factory import build_encoder_network
from napari_histcode.models.foundation import IMAGENET_MEAN, IMAGENET_STD
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import load_model, save_model
from napari_histcode.models.weights import load_weights

Triple = tuple[float, float, float]

START = "Start: ImageNet (weights of EfficientNet-Lite0 by Google, Apache-2.0)."


def normalisation(architecture: str) -> tuple[Triple, Triple]:
    """Return mean and standard deviation of RGB of 0..1 that a network takes."""
    return (LITE_MEAN, LITE_STD) if architecture == "efficientnet_lite0" else (IMAGENET_MEAN, IMAGENET_STD)


def write_encoder(
    weights: dict[str, Tensor], recipe: EncoderRecipe, folder: Path, *, results: dict[str, Any]
) -> ModelCard:
    """Write an encoder with matrices in half precision, as it will be used.

    Parameters
    ----------
    weights : dict of str to Tensor
        State of the encoder's network.
    recipe : EncoderRecipe
        What made it.
    folder : Path
        A model folder.
    results : dict
        What is known of the training, for the card.

    Returns
    -------
    ModelCard
        As written; its encoder record has the digest.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    architecture, words = recipe.network.architecture, recipe.encoder
    network = build_encoder_network(architecture)
    load_weights(network, weights, source="the training")
    round_to_half(network)
    mean, std = normalisation(architecture)
    record = EncoderRecord(
        name=words.name,
        architecture=architecture,
        feature_dim=int(getattr(network, "feature_dim")),  # noqa: B009 - typed loosely
        tile_px=recipe.tiles.tile_px,
        mpp=recipe.tiles.mpp,
        mean=mean,
        std=std,
        revision=words.version,
        dtype="float16",
        licence=words.licence,
    )
    starts = (START,) if recipe.network.start == "imagenet" else ()
    model = build_model(
        Encoder(network, record),
        name=words.name,
        version=words.version,
        description=words.description,
        licence=words.licence,
        training_data=(*starts, *(source.licence for source in recipe.source)),
        results=results,
        intended_use="To turn tiles of stained tissue into features, for research. Not for diagnosis.",
        limits=words.limits,
    )
    return save_model(model, folder)


def read_encoder(folder: Path, geometry: TileGeometry | None = None, *, device: str = "cpu") -> Encoder:
    """Read an encoder that was trained here.

    Parameters
    ----------
    folder : Path
        Its model folder, ``OUT/encoder``.
    geometry : TileGeometry, optional
        Tiles it shall take; those it was trained on by default.
    device : str
        Where it computes.

    Raises
    ------
    ModelNotFoundError, ModelFileError
        If there is none, or it is damaged.
    """
    encoder = load_model(folder, device=device).encoder
    if geometry is None:
        return encoder
    record = replace(encoder.record, tile_px=geometry.tile_px, mpp=geometry.mpp)
    return Encoder(encoder.network, record, device=device)
