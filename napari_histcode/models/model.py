"""A model: one encoder, any number of heads on it, and the card that says what they are."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import torch

from napari_histcode.errors import ModelMismatchError, UnknownMapError
from napari_histcode.models.card import EncoderRecord, ModelCard
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.heads import Head
from napari_histcode.models.statistics import FeatureStatistics
from napari_histcode.models.weights import digest_weights, network_weights


@dataclass(frozen=True, kw_only=True, eq=False)
class Model:
    """An encoder with heads. Made by `build_model` or `load_model`."""

    card: ModelCard
    """The record of the whole."""
    encoder: Encoder
    """Turns tiles into features."""
    heads: tuple[Head, ...]
    """Turn features into predictions."""
    statistics: FeatureStatistics | None = None
    """What the training tiles' features look like; None where nobody measured it."""

    def __post_init__(self) -> None:
        if self.card.encoder != self.encoder.record:
            raise ModelMismatchError(f"The card of {self.card.name!r} describes another encoder.")
        if self.card.heads != tuple(head.record for head in self.heads):
            raise ModelMismatchError(f"The card of {self.card.name!r} describes other heads.")
        names = [head.name for head in self.heads]
        if len(set(names)) != len(names):
            raise ModelMismatchError(f"Two heads have one name: {', '.join(names)}.")
        for head in self.heads:
            if head.feature_dim != self.encoder.feature_dim:
                raise ModelMismatchError(
                    f"Head {head.name!r} takes features of length {head.feature_dim}, and encoder "
                    f"{self.encoder.record.name} gives {self.encoder.feature_dim}."
                )
        if self.statistics is not None and self.statistics.feature_dim != self.encoder.feature_dim:
            raise ModelMismatchError(
                f"The statistics are of {self.statistics.feature_dim} features, and encoder "
                f"{self.encoder.record.name} gives {self.encoder.feature_dim}."
            )

    @property
    def name(self) -> str:
        """Identifier of the model."""
        return self.card.name

    @property
    def digest(self) -> str:
        """SHA-256 of the weights file, or, before there is a file, over the weights themselves."""
        return self.card.weights_digest or digest_weights(self.weights())

    def head(self, name: str) -> Head:
        """Return the head of that name.

        Raises
        ------
        UnknownMapError
            If there is none; the advice lists those there are.
        """
        for head in self.heads:
            if head.name == name:
                return head
        raise UnknownMapError(
            f"Model {self.name!r} has no head {name!r}.",
            advice=f"There are: {', '.join(head.name for head in self.heads) or 'none'}.",
        )

    def to(self, device: str | torch.device) -> Model:
        """Return this model on another device: itself where it is there already, else a copy."""
        encoder = self.encoder.to(device)
        if encoder is self.encoder:
            return self
        heads = tuple(
            replace(head, module=copy.deepcopy(head.module).to(encoder.device)) for head in self.heads
        )
        return replace(self, encoder=encoder, heads=heads)

    def check_features(self, encoder: EncoderRecord) -> None:
        """Refuse features of another encoder.

        Parameters
        ----------
        encoder : EncoderRecord
            The record that the features carry.

        Raises
        ------
        ModelMismatchError
            If the encoder, its weights, or the size or resolution of its tiles differ.
        """
        mine = self.encoder.record
        for what in ("digest", "feature_dim", "tile_px", "mpp"):
            have, want = getattr(encoder, what), getattr(mine, what)
            if have != want:
                raise ModelMismatchError(
                    f"These features are of encoder {encoder.name}, whose {what} is {have}; model "
                    f"{self.name!r} wants encoder {mine.name} with {want}.",
                    advice="Encode the slide again with this model.",
                )

    def weights(self) -> dict[str, torch.Tensor]:
        """Return all weights on the CPU: ``encoder.<name>`` and ``heads.<head>.<name>``."""
        named = {f"encoder.{k}": v for k, v in network_weights(self.encoder.network).items()}
        for head in self.heads:
            named |= {f"heads.{head.name}.{k}": v for k, v in network_weights(head.module).items()}
        return named


def build_model(
    encoder: Encoder,
    heads: tuple[Head, ...] = (),
    *,
    name: str,
    version: str = "1",
    description: str = "",
    licence: str = "unknown",
    training_data: tuple[str, ...] = (),
    results: dict[str, Any] | None = None,
    intended_use: str = "Research use only.",
    limits: str = "Not for diagnosis.",
    statistics: FeatureStatistics | None = None,
) -> Model:
    """Put an encoder and heads together under a card.

    Parameters
    ----------
    encoder : Encoder
        The one encoder.
    heads : tuple of Head
        Heads that take its features.
    name, version, description, licence, training_data, results, intended_use, limits
        As in `ModelCard`.
    statistics : FeatureStatistics, optional
        What the training tiles' features look like.

    Raises
    ------
    ModelMismatchError
        If heads and encoder do not fit, or two heads have one name.
    """
    card = ModelCard(
        name=name,
        version=version,
        description=description,
        encoder=encoder.record,
        heads=tuple(head.record for head in heads),
        licence=licence,
        training_data=training_data,
        results=results,
        intended_use=intended_use,
        limits=limits,
    )
    on_device = tuple(replace(head, module=head.module.to(encoder.device)) for head in heads)
    return Model(card=card, encoder=encoder, heads=on_device, statistics=statistics)
