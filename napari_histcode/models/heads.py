"""Heads: from a bag of tile features to a slide's outputs, and to what each tile had to do with them.

    h_i = relu(W1 x_i),   a = attention over the bag,   z = sum_i a_i h_i,   y = C z + b

Because the layer after the attention is linear, y = sum_i a_i (C h_i + b): the outputs are the
attention-weighted mean of what the head says of each tile alone. `AttentionHead.explain` gives these
parts; contribution and leave-one-out maps follow from them in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_histcode.errors import ModelMismatchError, NoTilesError
from napari_histcode.models.activation import activate as activate
from napari_histcode.models.attention import GatedAttention, attention_weights
from napari_histcode.models.card import HeadRecord, Pooling
from napari_histcode.models.explanation import HeadExplanation as HeadExplanation
from napari_histcode.models.explanation import pool_tiles
from napari_histcode.models.workers import map_over_cores

CHUNK_TILES = 2048
"""Tiles that go through a head at once when explaining; bounds the memory whatever the slide."""


class BagOutput(NamedTuple):
    """What a forward pass gives; the leading axis b is there for a padded batch only."""

    outputs: Tensor
    """(b, n_outputs) before the activation."""
    attention_logits: Tensor
    """(b, n_tiles) before the softmax; meaningless on padding."""
    embedding: Tensor
    """(b, n_tiles, hidden_dim); zero on padding."""


class AttentionHead(nn.Module):
    """Embed each tile, pool the bag, and read the outputs off with one linear layer.

    Parameters
    ----------
    feature_dim : int
        Length of the encoder's features.
    n_outputs : int
        Classes or genes.
    hidden_dim : int
        Length of the tile embedding.
    attention_dim : int
        Width of the gate; not used with mean pooling.
    pooling : {"gated_attention", "mean"}
        How tiles become a slide.
    dropout : float
        Share dropped after the embedding and in the gate, in training.
    feature_dropout : float
        Share of the input features dropped in training.
    """

    def __init__(
        self,
        feature_dim: int,
        n_outputs: int,
        *,
        hidden_dim: int = 256,
        attention_dim: int = 128,
        pooling: Pooling = "gated_attention",
        dropout: float = 0.0,
        feature_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.feature_dim = feature_dim
        self.n_outputs = n_outputs
        self.feature_dropout = nn.Dropout(feature_dropout)
        self.embed = nn.Linear(feature_dim, hidden_dim)  # W1
        self.dropout = nn.Dropout(dropout)
        is_gated = pooling == "gated_attention"
        self.attention = GatedAttention(hidden_dim, attention_dim, dropout=dropout) if is_gated else None
        self.output = nn.Linear(hidden_dim, n_outputs)  # C, b

    def forward(self, features: Tensor, mask: Tensor | None = None) -> BagOutput:
        """Score one bag, or a padded batch of bags.

        Parameters
        ----------
        features : Tensor
            (n_tiles, feature_dim), or (b, n_tiles, feature_dim).
        mask : Tensor, optional
            (n_tiles,) or (b, n_tiles) bool, True on tiles and False on padding.

        Raises
        ------
        NoTilesError
            If a bag has no tile.
        ModelMismatchError
            If the features are of another length.
        """
        self._check(features.shape)
        if mask is not None:
            if mask.shape != features.shape[:-1]:
                raise ModelMismatchError(
                    f"A mask of shape {tuple(mask.shape)} does not fit features of {tuple(features.shape)}."
                )
            if not bool(mask.any(dim=-1).all()):
                raise NoTilesError("A bag has no tile outside its padding.")
            # padding may hold anything, and 0 times infinity is not 0
            features = features.masked_fill(~mask[..., None], 0)
        embedding = self.dropout(self._embed(self.feature_dropout(features)))  # (b, n, hidden_dim)
        if mask is not None:
            embedding = embedding * mask[..., None]
        logits = self._attention_logits(embedding)  # (b, n)
        weights = attention_weights(logits, mask).to(embedding.dtype)  # (b, n)
        slide = (weights[..., None, :] @ embedding).squeeze(-2)  # (b, hidden_dim)
        return BagOutput(outputs=self.output(slide), attention_logits=logits, embedding=embedding)

    def explain(self, features: NDArray[np.floating]) -> HeadExplanation:
        """Take a head's answer about one bag apart.

        Parameters
        ----------
        features : ndarray
            (n_tiles, feature_dim) of any float type.

        Raises
        ------
        NoTilesError
            If the bag is empty.
        ModelMismatchError
            If the features are of another length, or are not finite.
        """
        if features.ndim != 2:
            raise ModelMismatchError(
                f"A bag is (n_tiles, {self.feature_dim}), not an array of shape {features.shape}."
            )
        self._check(features.shape)
        was_training = self.training
        self.eval()
        try:
            chunks = [features[i : i + CHUNK_TILES] for i in range(0, len(features), CHUNK_TILES)]
            parts = map_over_cores(self._explain_chunk, chunks)
        finally:
            self.train(was_training)
        logits = np.concatenate([logits for logits, _ in parts])
        single = np.concatenate([single for _, single in parts])
        if not (np.isfinite(logits).all() and np.isfinite(single).all()):
            raise ModelMismatchError(
                "The features of this bag hold values that are not finite.", advice="Encode the slide again."
            )
        return pool_tiles(logits, single, self.output.bias.detach().float().cpu().numpy().copy())

    @torch.inference_mode()
    def _explain_chunk(
        self, features: NDArray[np.floating]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        device = self.embed.weight.device
        x = torch.tensor(np.ascontiguousarray(features, np.float32), device=device)  # (n, feature_dim)
        embedding = self._embed(x)  # (n, hidden_dim)
        return self._attention_logits(embedding).cpu().numpy(), self.output(embedding).cpu().numpy()

    def _embed(self, features: Tensor) -> Tensor:
        return torch.relu(self.embed(features))

    def _attention_logits(self, embedding: Tensor) -> Tensor:
        """Return (..., n_tiles) logits; equal ones give the mean."""
        if self.attention is None:
            return embedding.new_zeros(embedding.shape[:-1])
        logits: Tensor = self.attention(embedding)
        return logits

    def _check(self, shape: tuple[int, ...]) -> None:
        if len(shape) not in (2, 3) or shape[-1] != self.feature_dim:
            raise ModelMismatchError(
                f"This head takes features of length {self.feature_dim}, not an array {tuple(shape)}.",
                advice="Encode the slide with the model's own encoder.",
            )
        if 0 in shape:
            raise NoTilesError("The bag has no tiles.", advice="Check the tissue mask.")


@dataclass(frozen=True, kw_only=True, eq=False)
class Head:
    """A head's record and its network."""

    record: HeadRecord
    """What it predicts."""
    module: AttentionHead
    """The network; in evaluation."""

    def __post_init__(self) -> None:
        if len(self.record.outputs) != self.module.n_outputs:
            raise ModelMismatchError(
                f"Head {self.record.name!r} names {len(self.record.outputs)} outputs, "
                f"and its network has {self.module.n_outputs}."
            )
        self.module.eval()

    @property
    def name(self) -> str:
        """Identifier of the head."""
        return self.record.name

    @property
    def feature_dim(self) -> int:
        """Length of the features it takes."""
        return self.module.feature_dim

    def explain(self, features: NDArray[np.floating]) -> HeadExplanation:
        """Take the head's answer about one bag apart; see `AttentionHead.explain`."""
        return self.module.explain(features)


def build_head(record: HeadRecord, feature_dim: int, *, dropout: float = 0.0) -> Head:
    """Return a head with random weights that fits the record and the encoder's features."""
    module = AttentionHead(
        feature_dim,
        len(record.outputs),
        hidden_dim=record.hidden_dim,
        attention_dim=record.attention_dim,
        pooling=record.pooling,
        dropout=dropout,
    )
    return Head(record=record, module=module)
