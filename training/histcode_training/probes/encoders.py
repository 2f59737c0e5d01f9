"""The encoders that are judged, and the baselines that any encoder has to beat."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from histcode_training.encoders import half_imagenet_encoder
from histcode_training.errors import RecipeError
from histcode_training.recipe import TileGeometry
from histcode_training.teaching_study import untrained_twin
from napari_histcode.errors import ModelMismatchError, ModelNotFoundError
from napari_histcode.models.card import EncoderRecord
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.library import CARD_NAME
from napari_histcode.models.model_file import load_model

IMAGENET, UNTRAINED, COLOUR = "ImageNet", "untrained twin", "mean colour"
"""The reference that differences are taken to, and the two baselines."""

RUN_ENCODER = "encoder"
"""Model folder inside the folder of a contrastive training."""

_WHAT_COLOUR_IS = "mean and standard deviation of red, green and blue over the tile"


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgedEncoder:
    """An encoder with the name that tables give it."""

    name: str
    """As tables show it."""
    encoder: Encoder
    """The encoder."""


class MeanColour(nn.Module):
    """Mean and standard deviation of each colour over the tile: what no encoder should fall behind."""

    def forward(self, x: Tensor) -> Tensor:
        """Map RGB (n, 3, h, w) to (n, 6)."""
        flat = x.float().flatten(2)  # (n, 3, h * w)
        return torch.cat([flat.mean(dim=2), flat.std(dim=2, correction=0)], dim=1)


def judged_encoders(
    given: Mapping[str, Path], geometry: TileGeometry, *, device: str = "cpu", seed: int = 0
) -> tuple[JudgedEncoder, ...]:
    """Make the reference and the baselines, and read the encoders that were given.

    Parameters
    ----------
    given : mapping
        Name to a model folder, or a folder that the contrastive training wrote.
    geometry : TileGeometry
        Tiles of all of them.
    device : str
        Where they compute.
    seed : int
        Of the untrained twin's weights.

    Returns
    -------
    tuple of JudgedEncoder
        The reference first, then those given, then the baselines.

    Raises
    ------
    ModelNotFoundError
        If a folder is missing.
    ModelMismatchError
        If an encoder was made for other tiles.
    RecipeError
        If a name is that of a baseline.
    """
    for name in given:
        if name in (IMAGENET, UNTRAINED, COLOUR):
            raise RecipeError(f"{name!r} is the name of a baseline.", advice="Give the encoder another name.")
    imagenet = half_imagenet_encoder(geometry, device=device)
    pairs = [(IMAGENET, imagenet)]
    pairs += [(name, read_judged(folder, geometry, device=device)) for name, folder in given.items()]
    pairs += [
        (UNTRAINED, untrained_twin(imagenet, seed=seed).to(device)),
        (COLOUR, colour_encoder(geometry)),
    ]
    return tuple(JudgedEncoder(name=name, encoder=encoder) for name, encoder in pairs)


def read_judged(folder: Path, geometry: TileGeometry, *, device: str = "cpu") -> Encoder:
    """Read the encoder of a model folder, or of the folder of a contrastive training.

    Raises
    ------
    ModelNotFoundError
        If there is no such folder.
    ModelMismatchError
        If the encoder was made for other tiles.
    HistCodeError
        If the folder holds no encoder.
    """
    if not folder.is_dir():
        raise ModelNotFoundError(
            f"There is no folder {folder}.", advice="Give a model folder, or what `encoder` wrote."
        )
    is_run = not (folder / CARD_NAME).is_file() and (folder / RUN_ENCODER / CARD_NAME).is_file()
    encoder = load_model(folder / RUN_ENCODER if is_run else folder, device=device).encoder
    record = encoder.record
    found = TileGeometry(tile_px=record.tile_px, mpp=record.mpp)
    if found != geometry:
        raise ModelMismatchError(
            f"The encoder {record.name!r} in {folder.name} takes tiles of {found.label}; the probes have "
            f"{geometry.label}.",
            advice="Compare encoders of one geometry, or change [tiles] of the recipe.",
        )
    return encoder


def colour_encoder(geometry: TileGeometry) -> Encoder:
    """Return the trivial encoder: `MeanColour` as an encoder like any other."""
    record = EncoderRecord(
        name="mean-colour",
        architecture="mean_colour",
        feature_dim=6,
        tile_px=geometry.tile_px,
        mpp=geometry.mpp,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        licence="none: no weights",
        digest=hashlib.sha256(_WHAT_COLOUR_IS.encode()).hexdigest(),
    )
    return Encoder(MeanColour(), record, precision="float32")
