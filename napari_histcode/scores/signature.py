r"""The score of a gene signature, tile by tile, from a model that predicts its genes.

A gene's single-tile map :math:`x_{ig}` becomes a z-score, and the score is the mean over the genes that the
model predicts:

.. math:: s_i = \frac{1}{|G|} \sum_{g \in G} \frac{x_{ig} - \mu_g}{\sigma_g}

Mean and standard deviation are those of the training cohort where the model's card knows them for every gene
that is used; values then mean the same on every slide. Otherwise they are those of this slide's tiles, and a
value only says how a tile compares with the others here. The score says which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import SignatureError
from napari_histcode.models.card import HeadRecord
from napari_histcode.resources.gene_sets import FEWEST_GENES, GeneSet, match_genes
from napari_histcode.scores.scores import SlideScores, TileMap

HEAD = "signatures"
"""Stands for the head in the names of signatures' maps."""

Standard = Literal["training", "slide"]
"""What z-scores refer to: the training cohort, or this slide's tiles."""

OutputKey = tuple[str, str]
"""Name of a head and of one of its outputs."""


@dataclass(frozen=True, kw_only=True)
class GeneSpread:
    """How a gene's values are distributed in the training cohort."""

    mean: float
    """Mean."""
    sd: float
    """Standard deviation, above 0."""
    what: str = ""
    """The cohort: "600 training regions"."""


@dataclass(frozen=True, kw_only=True)
class Members:
    """Which genes of a signature a head predicts."""

    head: str
    """Name of the head; empty if no head predicts any of them."""
    present: Mapping[str, str]
    """Gene to the output that predicts it, in the order of the signature."""
    missing: tuple[str, ...]
    """Genes that are not predicted."""

    @property
    def is_enough(self) -> bool:
        """Whether they suffice for a score."""
        return len(self.present) >= FEWEST_GENES


@dataclass(frozen=True, kw_only=True, eq=False)
class SignatureScore:
    """The score of a signature on one slide."""

    signature: GeneSet
    """The signature."""
    members: Members
    """Its genes in the model."""
    standard: Standard
    """What its z-scores refer to."""
    tile_map: TileMap
    """The score of every tile, signed."""


def find_members(signature: GeneSet, outputs: Iterable[OutputKey]) -> Members:
    """Find the genes of a signature among the outputs of a model.

    Parameters
    ----------
    signature : GeneSet
        Genes; former names count as the present ones.
    outputs : iterable of (head, output)
        What the model predicts.

    Returns
    -------
    Members
        Of the one head that predicts the most of them, the first of several: heads may differ in quantity.
    """
    by_head: dict[str, list[str]] = {}
    for head, output in outputs:
        by_head.setdefault(head, []).append(output)
    found = {head: match_genes(signature.genes, names) for head, names in by_head.items()}
    best = max(found, key=lambda head: len(found[head]), default="")
    present = found.get(best, {})
    known = match_genes(signature.genes, signature.genes)
    missing = tuple(gene for gene in known if gene not in present)
    return Members(head=best if present else "", present=present, missing=missing)


def gene_outputs(scores: SlideScores) -> tuple[OutputKey, ...]:
    """List the outputs that are quantities, not classes, and have a single-tile map."""
    mapped = {(one.head, one.output) for one in scores.maps if one.kind == "single_tile"}
    return tuple(
        (one.head, one.output)
        for one in scores.predictions
        if one.quantity != "probability" and (one.head, one.output) in mapped
    )


def check_members(signature: GeneSet, members: Members) -> None:
    """Insist on at least `FEWEST_GENES` genes.

    Raises
    ------
    SignatureError
        If there are fewer; the message names those that are missing.
    """
    if members.is_enough:
        return
    has = ", ".join(members.present) or "none"
    raise SignatureError(
        f"Signature {signature.label!r}: the model predicts {len(members.present)} of its "
        f"{len(members.present) + len(members.missing)} genes ({has}), and a score needs {FEWEST_GENES}.",
        advice=f"Missing: {', '.join(members.missing)}. Choose a model that predicts more of them.",
    )


def signature_score(
    signature: GeneSet, scores: SlideScores, *, spreads: Mapping[OutputKey, GeneSpread] | None = None
) -> SignatureScore:
    """Compute the score of a signature for every tile.

    Parameters
    ----------
    signature : GeneSet
        The genes, all of one weight.
    scores : SlideScores
        A result with single-tile maps of genes.
    spreads : mapping, optional
        Mean and standard deviation of outputs in the training cohort, as far as the card knows them.

    Returns
    -------
    SignatureScore
        One value a tile. Where z-scores refer to this slide's tiles, a gene that is the same in all of them
        is 0 everywhere. A tile without a value for any gene is NaN.

    Raises
    ------
    SignatureError
        If the model predicts fewer than `FEWEST_GENES` of the genes.
    """
    members = find_members(signature, gene_outputs(scores))
    check_members(signature, members)
    keys = [(members.head, output) for output in members.present.values()]
    single_tile = {(one.head, one.output): one for one in scores.maps if one.kind == "single_tile"}
    values = np.stack([single_tile[key].values.astype(np.float64) for key in keys])  # (n_genes, n_tiles)
    known = spreads or {}
    is_training = all(key in known for key in keys)
    if is_training:
        mean = np.array([[known[key].mean] for key in keys])
        sd = np.array([[known[key].sd] for key in keys])
        against = known[keys[0]].what or "the training cohort"
    else:
        mean, sd = _spread_over_tiles(values)
        against = "this slide's tiles"
    score = _mean_over_genes((values - mean) / sd)
    return SignatureScore(
        signature=signature,
        members=members,
        standard="training" if is_training else "slide",
        tile_map=TileMap(
            name=signature_map_name(signature),
            label=f"{signature.label} signature",
            head=HEAD,
            output=signature.name,
            kind="signature",
            values=score.astype(np.float32),
            quantity=f"mean z-score of {len(keys)} genes against {against}",
            unit="",
            is_signed=True,
        ),
    )


def signature_map_name(signature: GeneSet) -> str:
    """Return the name of a signature's map."""
    return f"{HEAD}.{signature.name}.signature"


def with_signatures(
    scores: SlideScores,
    signatures: Sequence[GeneSet],
    *,
    spreads: Mapping[OutputKey, GeneSpread] | None = None,
) -> SlideScores:
    """Add the maps of signatures to a result.

    Raises
    ------
    SignatureError
        If the model predicts too few genes of one of them.
    """
    made = [signature_score(one, scores, spreads=spreads).tile_map for one in signatures]
    return scores.with_maps(made) if made else scores


def spreads_of(heads: Iterable[HeadRecord]) -> dict[OutputKey, GeneSpread]:
    """Collect what the card of a model says of its outputs in the training cohort.

    Parameters
    ----------
    heads : iterable of HeadRecord
        The heads.

    Returns
    -------
    dict
        Of the outputs whose evidence has ``training`` with a mean and a standard deviation above 0.
    """
    found: dict[OutputKey, GeneSpread] = {}
    for head in heads:
        for output in head.outputs:
            training = (output.evidence or {}).get("training")
            spread = _spread(training) if isinstance(training, Mapping) else None
            if spread is not None:
                found[head.name, output.name] = spread
    return found


def signature_identifier(label: str) -> str:
    """Turn a name as shown into one without blanks: "My T cells" becomes "My_T_cells"."""
    return re.sub(r"[^A-Za-z0-9-]+", "_", label).strip("_") or "signature"


def _spread(training: Mapping[str, object]) -> GeneSpread | None:
    mean, sd, what = training.get("mean"), training.get("sd"), training.get("what")
    if not isinstance(mean, int | float) or not isinstance(sd, int | float) or not sd > 0:
        return None
    return GeneSpread(mean=float(mean), sd=float(sd), what=what if isinstance(what, str) else "")


def _spread_over_tiles(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n_genes, 1) mean and standard deviation over the tiles; the latter infinite for a constant gene."""
    known = np.isfinite(values)
    n = np.maximum(known.sum(axis=1, keepdims=True), 1)
    mean = np.where(known, values, 0).sum(axis=1, keepdims=True) / n
    sd = np.sqrt((np.where(known, values - mean, 0) ** 2).sum(axis=1, keepdims=True) / n)
    least = 1e-6 * np.maximum(np.abs(mean), 1e-6)  # single precision cannot tell less
    return mean, np.where(sd > least, sd, np.inf)


def _mean_over_genes(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n_tiles,) mean of the genes that a tile has a value of."""
    known = np.isfinite(z)
    n = known.sum(axis=0)
    total = np.where(known, z, 0).sum(axis=0)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)
