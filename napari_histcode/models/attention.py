"""Gated attention over the tiles of a bag.

For tile embeddings h_i the attention logit is

    s_i = w . [tanh(V h_i) * sigmoid(U h_i)] + c

and the weights are a = softmax(s) over the bag (Ilse, Tomczak and Welling, "Attention-based deep
multiple instance learning", ICML 2018, arXiv 1802.04712). The constant c, which CLAM has, moves
every logit alike and leaves the weights as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class GatedAttention(nn.Module):
    """The attention logit of each tile.

    Parameters
    ----------
    hidden_dim : int
        Length of a tile embedding.
    attention_dim : int
        Width of the gate.
    dropout : float
        Share of each branch that is dropped in training.
    """

    def __init__(self, hidden_dim: int, attention_dim: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.content = nn.Linear(hidden_dim, attention_dim)  # V
        self.gate = nn.Linear(hidden_dim, attention_dim)  # U
        self.score = nn.Linear(attention_dim, 1)  # w
        self.dropout = nn.Dropout(dropout)

    def forward(self, embedding: Tensor) -> Tensor:
        """Map embeddings (..., n_tiles, hidden_dim) to logits (..., n_tiles)."""
        content = self.dropout(torch.tanh(self.content(embedding)))  # (..., n_tiles, attention_dim)
        gate = self.dropout(torch.sigmoid(self.gate(embedding)))  # (..., n_tiles, attention_dim)
        logits: Tensor = self.score(content * gate).squeeze(-1)  # (..., n_tiles)
        return logits


def attention_weights(logits: Tensor, mask: Tensor | None = None) -> Tensor:
    """Return the softmax over the tiles of each bag.

    Parameters
    ----------
    logits : Tensor
        (..., n_tiles) attention logits.
    mask : Tensor, optional
        (..., n_tiles) bool, True on tiles and False on padding, at least one True a bag.

    Returns
    -------
    Tensor
        (..., n_tiles) weights that sum to 1 over the tiles; exactly 0 on padding.
    """
    if mask is not None:
        logits = logits.masked_fill(~mask, -torch.inf)
    return torch.softmax(logits.float(), dim=-1)
