"""Fold change of tumour over normal tissue, against the patient's own normal sample where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from histcode_training.errors import ExpressionError
from histcode_training.targets.tables import ExpressionTable
from napari_histcode.resources.gene_sets import match_genes, present_symbol

Scale = Literal["log2", "histcode"]
"""log2 of the fold change, or the published log10(1 + fold change)."""

QUANTITIES: dict[Scale, str] = {"log2": "log2 fold change", "histcode": "log10(1 + fold change)"}

MATCHED, MEDIAN = "matched", "cohort median"


@dataclass(frozen=True, kw_only=True, eq=False)
class GeneTargets:
    """Fold changes of genes in patients' tumours."""

    genes: tuple[str, ...]
    """Present symbols."""
    samples: tuple[str, ...]
    """Tumour samples."""
    values: NDArray[np.float64]
    """(n_samples, n_genes); NaN where nobody knows."""
    normal: tuple[str, ...]
    """What each sample is compared with: "matched", or "cohort median"."""
    absent: tuple[str, ...]
    """Genes that were asked for and are in one of both tables only, or in none."""
    scale: Scale
    """Of the values."""
    pseudocount: float
    """Added to tumour and normal."""


def fold_change(
    tumour: NDArray[np.floating], normal: NDArray[np.floating], *, pseudocount: float, scale: Scale = "log2"
) -> NDArray[np.float64]:
    """Compute ``log2((tumour + eps) / (normal + eps))``, or ``log10(1 + (tumour + eps) / (normal + eps))``.

    Parameters
    ----------
    tumour, normal : ndarray
        Linear expression, at least 0; of shapes that go together.
    pseudocount : float
        eps, above 0 where a normal value may be 0. HistCode's authors had none.
    scale : {"log2", "histcode"}
        See `Scale`.

    Raises
    ------
    ExpressionError
        If the pseudocount is negative.
    """
    if pseudocount < 0 or not np.isfinite(pseudocount):
        raise ExpressionError(f"The pseudocount is {pseudocount}, and has to be at least 0.")
    above = np.asarray(tumour, np.float64) + pseudocount
    below = np.asarray(normal, np.float64) + pseudocount
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = above / below
        values = np.log2(ratio) if scale == "log2" else np.log10(1 + ratio)
    return np.where(np.isfinite(values), values, np.nan)


def build_targets(
    tumour: ExpressionTable,
    normal: ExpressionTable,
    *,
    pseudocount: float,
    scale: Scale = "log2",
    genes: Sequence[str] | None = None,
) -> GeneTargets:
    """Compute fold changes for every tumour sample.

    Parameters
    ----------
    tumour, normal : ExpressionTable
        A normal sample with the name of a tumour sample is that patient's own. Other tumours are compared
        with the median of all normal samples, gene by gene.
    pseudocount, scale
        As in `fold_change`.
    genes : sequence of str, optional
        Genes under any name; all that both tables have by default.

    Returns
    -------
    GeneTargets
        In the order in which genes were asked for.

    Raises
    ------
    ExpressionError
        If there is no normal sample, or none of the genes is in both tables.
    """
    if not normal.samples:
        raise ExpressionError("There is no normal sample.", advice="Fold changes need at least one.")
    wanted = list(dict.fromkeys(present_symbol(gene) for gene in genes or tumour.genes))
    in_tumour, in_normal = match_genes(wanted, tumour.genes), match_genes(wanted, normal.genes)
    common = [gene for gene in wanted if gene in in_tumour and gene in in_normal]
    if not common:
        raise ExpressionError(
            f"None of the {len(wanted)} genes is in both tables.",
            advice="Map identifiers to symbols with --symbols.",
        )
    place_t = {gene: k for k, gene in enumerate(tumour.genes)}
    place_n = {gene: k for k, gene in enumerate(normal.genes)}
    above = tumour.values[[place_t[in_tumour[gene]] for gene in common]]
    below = normal.values[[place_n[in_normal[gene]] for gene in common]]
    known = np.isfinite(below)
    median = np.array([np.median(row[k]) if k.any() else np.nan for row, k in zip(below, known, strict=True)])
    own = {name: k for k, name in enumerate(normal.samples)}
    rows = [
        fold_change(
            above[:, k], below[:, own[name]] if name in own else median, pseudocount=pseudocount, scale=scale
        )
        for k, name in enumerate(tumour.samples)
    ]
    return GeneTargets(
        genes=tuple(common),
        samples=tumour.samples,
        values=np.stack(rows),
        normal=tuple(MATCHED if name in own else MEDIAN for name in tumour.samples),
        absent=tuple(gene for gene in wanted if gene not in set(common)),
        scale=scale,
        pseudocount=pseudocount,
    )
