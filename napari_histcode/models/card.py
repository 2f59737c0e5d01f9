"""The model card: what a model is, what it learned from, what it was measured to do.

Training writes the card, the viewer reads it; it is the whole contract between the two. On disk it
is ``card.json`` beside ``weights.safetensors``, and these dataclasses are its schema.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

CARD_VERSION = 2
"""Version of the layout of the model folder that this package writes."""

Activation = Literal["sigmoid", "softmax", "identity"]
Pooling = Literal["gated_attention", "mean"]


@dataclass(frozen=True, kw_only=True)
class EncoderRecord:
    """Everything that decides what a tile's feature means. Features carry it; heads insist on it."""

    name: str
    """Short name, such as "efficientnet_lite0-imagenet"; part of the TRIDENT folder name."""
    architecture: str
    """"efficientnet_lite0", "resnet18", "resnet50", "resnet50_layer3", or "timm:<model name>"."""
    feature_dim: int
    """Length of a feature vector."""
    tile_px: int
    """Width and height of the input in pixels."""
    mpp: float
    """Resolution of the input in micrometres per pixel."""
    mean: tuple[float, float, float]
    """Subtracted from RGB scaled to 0..1."""
    std: tuple[float, float, float]
    """RGB is divided by this after the mean is subtracted."""
    pooling: str = "average"
    """How the last feature map becomes a vector: "average", "class_token" ..."""
    hub_id: str | None = None
    """Where the weights can be found, such as a hub name."""
    revision: str | None = None
    """Revision at the hub."""
    dtype: str = "float32"
    """Type of the stored weights; computing may use bfloat16 where that agrees."""
    licence: str = "unknown"
    """Licence of the weights."""
    is_gated: bool = False
    """Whether the hub asks users to register."""
    digest: str = ""
    """SHA-256 over the encoder's weights, in hex."""

    @property
    def tile_um(self) -> float:
        """Width and height of a tile on the slide in micrometres."""
        return self.tile_px * self.mpp


@dataclass(frozen=True, kw_only=True)
class OutputRecord:
    """One class or gene that a head predicts."""

    name: str
    """Identifier without blanks: "viable_tumour", "CD3E"."""
    label: str
    """The name as shown: "viable tumour"."""
    quantity: str = "log-odds"
    """What the head's raw output is: "log-odds", "log2 fold change", "log1p expression"."""
    unit: str = ""
    """Unit of the quantity; empty where it has none."""
    is_signed: bool = False
    """Whether zero is the middle of what a head without activation predicts, as of fold changes and z-scores;
    log-odds always are."""
    evidence: dict[str, Any] | None = None
    """Measured on held-out data, with intervals; None where nothing was measured. ``what`` says what was
    compared with what; of a gene or signature, ``r`` is the correlation, ``low`` and ``high`` its interval
    and ``n`` the number of slides or spots; of a class there are ``auroc`` or ``tile_auroc``, each with
    value, low and high. Beside what was measured, a gene may have ``training``, the ``mean`` and ``sd`` of
    its values in the training cohort and ``what`` that is, and ``fold_change``, the ``log2`` fold change of
    tumour over normal tissue with ``low``, ``high`` and the ``cohort``; a signature has its ``genes`` and
    ``genes_missing``."""


@dataclass(frozen=True, kw_only=True)
class DomainRecord:
    """What a head learned from, in words that a slide can be compared with."""

    organs: tuple[str, ...] = ()
    """Organs or tissues in lower case: "bone"; empty where nobody said."""
    stains: tuple[str, ...] = ()
    """Stains: "H&E"; empty where nobody said."""
    mpp_range: tuple[float, float] | None = None
    """Finest and coarsest scan that it learned from, micrometres per pixel; None where nobody said."""

    def __post_init__(self) -> None:
        if self.mpp_range is not None and not 0 < self.mpp_range[0] <= self.mpp_range[1]:
            raise ValueError(f"mpp_range is the finest and the coarsest scan, not {self.mpp_range}.")


@dataclass(frozen=True, kw_only=True)
class HeadRecord:
    """A pooling and a linear layer on top of one encoder's features."""

    name: str
    """Identifier without blanks: "tissue"."""
    label: str
    """The name as shown: "osteosarcoma tissue"."""
    pooling: Pooling
    """How tiles become a slide."""
    hidden_dim: int
    """Length of the tile embedding h."""
    attention_dim: int
    """Width of the gate."""
    activation: Activation
    """From raw outputs to predictions: "sigmoid" for classes that may occur together."""
    outputs: tuple[OutputRecord, ...]
    """Classes or genes, in the order of the head's rows."""
    domain: str = ""
    """Organ, stain and resolution it was trained on, for the warning on other slides."""
    trained_on: DomainRecord | None = None
    """The same, for programs to compare; None where nobody said."""
    ensemble: str = ""
    """Heads of one such name were trained alike and differ by seed or fold: their spread is doubt."""

    def __post_init__(self) -> None:
        names = [output.name for output in self.outputs]
        if len(set(names)) != len(names):
            raise ValueError(f"Head {self.name!r} names an output twice: {names}.")


@dataclass(frozen=True, kw_only=True)
class ModelCard:
    """The whole record of a model."""

    name: str
    """Identifier of the model."""
    version: str
    """Version of this model."""
    description: str
    """One sentence for the list of models."""
    encoder: EncoderRecord
    """The one encoder."""
    heads: tuple[HeadRecord, ...]
    """Any number of heads on it."""
    licence: str = "unknown"
    """Licence of the heads' weights; the encoder has its own."""
    training_data: tuple[str, ...] = ()
    """Sources with their licences."""
    results: dict[str, Any] | None = None
    """Measured figures as the evaluation wrote them."""
    intended_use: str = ""
    """What it is for."""
    limits: str = ""
    """What it may not be used for."""
    weights_digest: str = ""
    """SHA-256 of the weights file, in hex."""
    statistics_digest: str = ""
    """SHA-256 of the file of feature statistics, in hex; empty where there is none."""
    card_version: int = CARD_VERSION
    """Layout of the model folder."""
