"""What a head predicts: driver genes and signatures, chosen on the training sections alone.

A gene's value is log1p of its counts per ten thousand. A signature's value is the mean over its genes of
``(value - mean) / std``, with mean and standard deviation of the training regions: a fixed linear function
of the genes, the same for regions and for spots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histcode_training.errors import CohortError
from histcode_training.spatial.recipe import OutputRule
from histcode_training.spatial.section import Section
from napari_histcode.comparison.spots import normalise_counts
from napari_histcode.resources.gene_sets import (
    FEWEST_GENES,
    GeneSet,
    driver_genes,
    match_genes,
    signatures,
)

GENE_QUANTITY = "log1p of counts per 10,000"
SIGNATURE_QUANTITY = "mean z-score of log1p expression"


@dataclass(frozen=True, kw_only=True)
class Output:
    """One gene, or one signature."""

    name: str
    """Identifier: "ERBB2", "t_cells"."""
    label: str
    """The name as shown."""
    members: tuple[str, ...]
    """Genes under their present symbols; one for a gene."""
    mean: tuple[float, ...] = ()
    """Of each member over the training regions; empty for a gene."""
    std: tuple[float, ...] = ()
    """The same."""
    missing: tuple[str, ...] = ()
    """Members of the signature that are absent or hardly detected."""
    source: str = ""
    """Who published the signature."""

    @property
    def is_signature(self) -> bool:
        """Whether it is a mean over several genes."""
        return bool(self.mean)

    @property
    def quantity(self) -> str:
        """What a value is."""
        return SIGNATURE_QUANTITY if self.is_signature else GENE_QUANTITY


@dataclass(frozen=True, kw_only=True, eq=False)
class Expression:
    """Normalised expression of some genes in spots or regions."""

    genes: tuple[str, ...]
    """Present symbols."""
    values: NDArray[np.float64]
    """(n, n_genes) log1p of counts per ten thousand."""

    def of(self, output: Output) -> NDArray[np.float64]:
        """(n,) values of an output."""
        place = {gene: k for k, gene in enumerate(self.genes)}
        values = self.values[:, [place[gene] for gene in output.members]]
        if output.is_signature:
            values = (values - np.array(output.mean)) / np.array(output.std)
        return np.asarray(values.mean(axis=1))

    def matrix(self, outputs: Sequence[Output]) -> NDArray[np.float64]:
        """(n, n_outputs) values of all outputs."""
        return np.stack([self.of(output) for output in outputs], axis=1)


def spot_expression(section: Section, genes: Sequence[str]) -> Expression:
    """Expression of genes in each spot; 0 for a gene that the section's table lacks."""
    return _expression(section, section.counts, genes)


def region_expression(
    section: Section, regions: Sequence[NDArray[np.intp]], genes: Sequence[str]
) -> Expression:
    """Expression of each region as bulk sequencing would see it: counts added up, then normalised."""
    sums = np.stack([section.counts[region].sum(axis=0, dtype=np.float64) for region in regions])
    return _expression(section, sums, genes)


def _expression(section: Section, counts: NDArray[np.floating], genes: Sequence[str]) -> Expression:
    place = {gene: k for k, gene in enumerate(section.genes)}
    found = match_genes(genes, section.genes)
    normalised = normalise_counts(counts)
    columns = [
        normalised[:, place[found[gene]]] if gene in found else np.zeros(len(counts)) for gene in genes
    ]
    return Expression(genes=tuple(genes), values=np.stack(columns, axis=1))


def candidate_genes(rule: OutputRule) -> tuple[str, ...]:
    """All genes that may be looked at: drivers and members of the rule's signatures."""
    members = [gene for one in chosen_signatures(rule) for gene in one.genes]
    return tuple(dict.fromkeys([*driver_genes().genes, *members]))


def chosen_signatures(rule: OutputRule) -> tuple[GeneSet, ...]:
    """Return the rule's signatures.

    Raises
    ------
    CohortError
        If one is unknown.
    """
    known = {one.name: one for one in signatures()}
    unknown = [name for name in rule.signatures if name not in known]
    if unknown:
        raise CohortError(f"There is no signature {unknown[0]!r}.", advice=f"Known are {', '.join(known)}.")
    return tuple(known[name] for name in rule.signatures)


def choose_outputs(training: Sequence[Section], regions: Expression, rule: OutputRule) -> tuple[Output, ...]:
    """Choose genes and signatures by how well the training sections show them.

    Parameters
    ----------
    training : sequence of Section
        Nothing else is looked at.
    regions : Expression
        Candidate genes in the training regions, for means and standard deviations.
    rule : OutputRule
        How to choose.

    Returns
    -------
    tuple of Output
        Driver genes by falling mean expression over the training spots, then signatures.

    Raises
    ------
    CohortError
        If nothing is left.
    """
    genes = regions.genes
    detected = np.min([_detected(section, genes) for section in training], axis=0)
    level = np.concatenate([spot_expression(s, genes).values for s in training]).mean(axis=0)
    spread = regions.values.std(axis=0)
    is_driver = np.isin(genes, driver_genes().genes) & (detected >= rule.min_detected) & (spread > 0)
    order = [k for k in np.argsort(-level, kind="stable") if is_driver[k]][: rule.n_genes]
    outputs = [Output(name=genes[k], label=genes[k], members=(genes[k],)) for k in order]
    is_member = (detected >= rule.min_member_detected) & (spread > 0)
    usable = {gene: k for k, gene in enumerate(genes) if is_member[k]}
    for one in chosen_signatures(rule):
        members = [gene for gene in one.genes if gene in usable]
        if len(members) < FEWEST_GENES:
            continue
        places = [usable[gene] for gene in members]
        outputs.append(
            Output(
                name=one.name,
                label=one.label,
                members=tuple(members),
                mean=tuple(float(v) for v in regions.values[:, places].mean(axis=0)),
                std=tuple(float(v) for v in spread[places]),
                missing=tuple(gene for gene in one.genes if gene not in usable),
                source=one.source,
            )
        )
    if not outputs:
        raise CohortError(
            "No gene and no signature is detected often enough in the training sections.",
            advice="Lower min_detected in the recipe's table [outputs].",
        )
    return tuple(outputs)


def _detected(section: Section, genes: Sequence[str]) -> NDArray[np.float64]:
    """Share of spots with a count of each gene."""
    place = {gene: k for k, gene in enumerate(section.genes)}
    found = match_genes(genes, section.genes)
    return np.array([
        float((section.counts[:, place[found[gene]]] > 0).mean()) if gene in found else 0.0 for gene in genes
    ])  # fmt: skip
