"""Encoders for tests."""

from __future__ import annotations

from dataclasses import replace

import torch

from histcode_training.encoders import half_imagenet_encoder
from histcode_training.recipe import TileGeometry
from napari_histcode.models.encoder import Encoder


def changed_imagenet_encoder(geometry: TileGeometry) -> Encoder:
    """Return ImageNet's network with one filter changed: another encoder of the same tiles."""
    found = half_imagenet_encoder(geometry)
    with torch.no_grad():
        next(found.network.parameters()).mul_(2)
    return Encoder(found.network, replace(found.record, name="changed", digest=""))
