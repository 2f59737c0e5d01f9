"""A check of targets as a page of Markdown."""

from __future__ import annotations

from collections import Counter

from histcode_training.targets.check import TargetCheck
from histcode_training.targets.fold_change import QUANTITIES, GeneTargets


def check_page(targets: GeneTargets, check: TargetCheck, *, published: str, command: str = "") -> str:
    """Write how targets agree with published fold changes.

    Parameters
    ----------
    targets : GeneTargets
        Ours.
    check : TargetCheck
        The comparison.
    published : str
        Name of the published table.
    command : str
        The command line that made it.
    """
    compared = ", ".join(f"{n} against the {what} normal" for what, n in Counter(targets.normal).items())
    rows = [
        ("Pearson correlation", check.pearson),
        ("Spearman correlation", check.spearman),
        ("share of genes with the same sign", check.sign_agreement),
        ("mean difference, ours less published", check.mean_difference),
    ]
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    made_by = f"Made by\n\n    {command}\n\n" if command else ""
    return f"""# Gene targets beside published fold changes

{made_by}{len(targets.samples)} tumours ({compared}), {QUANTITIES[targets.scale]} with pseudocount
{targets.pseudocount:g}; the median over patients of each gene beside {published}.
{check.n_genes} genes are in both; {len(check.without_partner)} of ours have no published value.

| | value [95 %] |
| --- | --- |
{table}

Intervals are from drawing patients and genes with replacement. Where both tables were made from the same
patients, as those of TCGA are, this checks how targets are built and not what is true of the disease.
"""
