"""Networks of the poolings: `AttentionHead` where a model file can hold it, `TileScoreHead` else.

CLAM's instance clustering (Lu et al., Nat Biomed Eng 2021) is gated attention with a second loss: for the
bag's class, the most attended tiles are taken as examples and the least attended ones as counterexamples.
Its classifiers are thrown away after training.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from histcode_training.mil.config import TrainingConfig
from napari_histcode.models.heads import AttentionHead, BagOutput


class TileScoreHead(nn.Module):
    """Score each tile and pool the scores of each output: their maximum, or the mean of the k best.

    With "top_k" (HE2RNA, Schmauch et al., Nature Communications 2020) a training step draws k from a list,
    and in use the answer is the mean over the list; k is never more than the bag has tiles.

    Parameters
    ----------
    feature_dim : int
        Length of the features.
    n_outputs : int
        Classes or genes.
    hidden_dim : int
        Length of the tile embedding.
    top_k : tuple of int
        Numbers of best tiles; (1,) is the maximum.
    dropout : float
        Share dropped after the embedding, in training.
    """

    def __init__(
        self,
        feature_dim: int,
        n_outputs: int,
        *,
        hidden_dim: int,
        top_k: tuple[int, ...],
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.top_k = top_k
        self.embed = nn.Linear(feature_dim, hidden_dim)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(hidden_dim, n_outputs)

    def forward(self, features: Tensor, mask: Tensor | None = None) -> BagOutput:
        """Score one bag (n_tiles, feature_dim), or a padded batch (b, n_tiles, feature_dim) with its mask."""
        if mask is None:
            mask = torch.ones(features.shape[:-1], dtype=torch.bool, device=features.device)
        features = features.masked_fill(~mask[..., None], 0)
        embedding = self.dropout(torch.relu(self.embed(features)))
        scores = self.output(embedding).masked_fill(~mask[..., None], -torch.inf)  # (..., n, n_outputs)
        ranked = scores.sort(dim=-2, descending=True).values
        counts = [self.top_k[int(torch.randint(len(self.top_k), ()))]] if self.training else list(self.top_k)
        pooled = torch.stack([_mean_of_best(ranked, mask, k) for k in counts]).mean(dim=0)
        return BagOutput(outputs=pooled, attention_logits=torch.zeros_like(mask, dtype=torch.float32),
                         embedding=embedding)  # fmt: skip


def _mean_of_best(ranked: Tensor, mask: Tensor, k: int) -> Tensor:
    """Mean over the first ``min(k, tiles of the bag)`` of scores in falling order, (..., n, n_outputs)."""
    taken = mask.sum(dim=-1, keepdim=True).clamp(max=k)  # (..., 1)
    is_taken = torch.arange(ranked.shape[-2], device=ranked.device) < taken  # (..., n)
    return ranked.masked_fill(~is_taken[..., None], 0).sum(dim=-2) / taken


def new_network(feature_dim: int, n_outputs: int, config: TrainingConfig) -> AttentionHead | TileScoreHead:
    """Return a network with random weights from torch's generator."""
    if config.pooling in ("max", "top_k"):
        return TileScoreHead(
            feature_dim,
            n_outputs,
            hidden_dim=config.hidden_dim,
            top_k=(1,) if config.pooling == "max" else config.top_k,
            dropout=config.dropout,
        )
    return AttentionHead(
        feature_dim,
        n_outputs,
        hidden_dim=config.hidden_dim,
        attention_dim=config.attention_dim,
        pooling="mean" if config.pooling == "mean" else "gated_attention",
        dropout=config.dropout,
    )


class InstanceClassifiers(nn.Module):
    """One classifier of tiles a class, for the instance loss alone.

    Parameters
    ----------
    hidden_dim : int
        Length of the tile embedding.
    n_classes : int
        Classes of the bag.
    n_tiles : int
        Most and least attended tiles that are labelled, each; at most half of the bag.
    """

    def __init__(self, hidden_dim: int, n_classes: int, n_tiles: int) -> None:
        super().__init__()
        self.n_tiles = n_tiles
        self.classifiers = nn.Linear(hidden_dim, n_classes)

    def loss(self, answer: BagOutput, mask: Tensor, target: Tensor) -> Tensor:
        """Mean logistic loss of the labelled tiles.

        Parameters
        ----------
        answer : BagOutput
            Of a padded batch: embedding (b, n, hidden_dim), attention logits (b, n).
        mask : Tensor
            (b, n) True on tiles.
        target : Tensor
            (b, n_classes) 1 for the bag's classes; NaN where nobody knows.

        Returns
        -------
        Tensor
            Zero if no bag has a class and two tiles: there is nothing to set apart in a bag of one.
        """
        terms = []
        for embedding, logits, is_tile, classes in zip(
            answer.embedding, answer.attention_logits, mask, target, strict=True
        ):
            k = min(self.n_tiles, int(is_tile.sum()) // 2)
            if not k:
                continue
            order = logits[is_tile].argsort(descending=True)
            tiles = embedding[is_tile]
            for number in torch.nonzero(classes == 1).flatten():
                scores = self.classifiers(torch.cat([tiles[order[:k]], tiles[order[-k:]]]))[:, number]
                labels = torch.cat([torch.ones(k), torch.zeros(k)]).to(scores)
                terms.append(nn.functional.binary_cross_entropy_with_logits(scores, labels))
        return torch.stack(terms).mean() if terms else answer.outputs.new_zeros(())
