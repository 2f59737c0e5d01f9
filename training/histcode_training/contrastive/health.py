"""Signals of whether contrastive training goes well, from the tensors of one step."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from histcode_training.contrastive.loss import contrast_logits


@dataclass(frozen=True, kw_only=True)
class Health:
    """Signals of one step."""

    negative_mass: float
    """Mean of sum_j p_ij: the share of the softmax that the bank or queue takes; 0 without one."""
    hardest_negative: float
    """Mean over queries of max_j q.d_j; without a bank or queue over the other keys of the batch."""
    ranked_first: float
    """Share of the queries that lie nearest their own key."""
    bank_rank: float
    """Effective rank of the bank, 1 to C; 0 without one."""
    feature_rank: float
    """Effective rank of the features about their mean."""
    spread: float
    """Spread of the queries: 1 is evenly over the sphere, 0 is one point."""
    purity: float
    """Share of tiles whose nearest neighbour by features is of the same slide; low is good."""
    purity_chance: float
    """The same if neighbours were drawn by chance."""


@torch.no_grad()
def measure_health(
    queries: Tensor, keys: Tensor, columns: Tensor, features: Tensor, slide_of: Tensor, *, temperature: float
) -> Health:
    """Measure all signals on one batch.

    Parameters
    ----------
    queries, keys : Tensor
        (N, C) unit rows.
    columns : Tensor
        (C, K) unit negatives; K may be 0.
    features : Tensor
        (N, feature_dim) of the same tiles.
    slide_of : Tensor
        (N,) number of each tile's slide.
    temperature : float
        tau of the loss.
    """
    n = len(queries)
    logits = contrast_logits(queries, keys, columns, temperature)  # (N, N + K)
    own = torch.arange(n, device=logits.device)
    purity, chance = neighbour_purity(features, slide_of)
    cosines = queries @ (columns if columns.shape[1] else keys.T)  # (N, K or N)
    if not columns.shape[1]:
        cosines = cosines.masked_fill(torch.eye(n, dtype=torch.bool, device=cosines.device), -1.0)
    return Health(
        negative_mass=float(logits.softmax(dim=1)[:, n:].sum(dim=1).mean()),
        hardest_negative=float(cosines.amax(dim=1).mean()),
        ranked_first=float((logits.argmax(dim=1) == own).float().mean()),
        bank_rank=effective_rank(columns.T) if columns.shape[1] else 0.0,
        feature_rank=effective_rank(features - features.mean(dim=0)),
        spread=sphere_spread(queries),
        purity=purity,
        purity_chance=chance,
    )


def effective_rank(rows: Tensor) -> float:
    """Return exp of the entropy of the normalised singular values of (n, C); 0 for zeros, NaN for NaN.

    Roy and Vetterli, EUSIPCO 2007.
    """
    gram = rows.T @ rows if rows.shape[0] > rows.shape[1] else rows @ rows.T
    if not bool(torch.isfinite(gram).all()):
        return float("nan")
    values = torch.linalg.eigvalsh(gram.double().cpu()).clamp(min=0).sqrt()
    total = values.sum()
    if not total > 0:
        return 0.0
    shares = values / total
    return float(torch.special.entr(shares).sum().exp())


def sphere_spread(unit_rows: Tensor) -> float:
    """Return the mean standard deviation of the coordinates of (n, C), in units of 1 / sqrt(C)."""
    return float(unit_rows.std(dim=0).mean() * unit_rows.shape[1] ** 0.5)


def neighbour_purity(features: Tensor, slide_of: Tensor) -> tuple[float, float]:
    """Return how often the nearest other row by cosine is of the same slide, and how often by chance.

    Parameters
    ----------
    features : Tensor
        (n, feature_dim), n at least 2.
    slide_of : Tensor
        (n,) number of each row's slide.
    """
    rows = functional.normalize(features.float(), dim=1)
    cosines = (rows @ rows.T).fill_diagonal_(-2.0)
    slide_of = slide_of.to(features.device)
    same = slide_of[:, None] == slide_of  # (n, n)
    purity = (slide_of[cosines.argmax(dim=1)] == slide_of).float().mean()
    chance = (same.sum(dim=1) - 1).float().mean() / (len(rows) - 1)
    return float(purity), float(chance)
