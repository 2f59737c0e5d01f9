"""``histcode-train targets``: fold changes of genes from expression of tumours and normal tissue."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from histcode_training.commands import Commands


def add(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "targets", help="build gene targets from expression of tumours and normal tissue"
    )
    parser.add_argument(
        "--tumour", type=Path, required=True, metavar="FILE", help="expression: a row a gene, linear"
    )
    parser.add_argument(
        "--normal", type=Path, required=True, metavar="FILE", help="the same of normal samples"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where the targets go")
    parser.add_argument("--symbols", type=Path, metavar="FILE", help="table of identifiers and symbols")
    parser.add_argument(
        "--pseudocount",
        type=float,
        default=1.0,
        help="added to tumour and normal, in their units (default: 1)",
    )
    parser.add_argument(
        "--scale", choices=("log2", "histcode"), default="log2",
        help="log2 of the fold change, or the published log10(1 + fold change) (default: log2)",
    )  # fmt: skip
    parser.add_argument(
        "--genes", default="all", metavar="NAMES",
        help='"all", "drivers", "signatures", or symbols with commas (default: all)',
    )  # fmt: skip
    parser.add_argument("--transposed", action="store_true", help="tables have a row a sample")
    parser.add_argument(
        "--check", type=Path, metavar="FILE", help="published log2 fold changes to compare with"
    )
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the comparison as Markdown")
    parser.add_argument("--verbose", action="store_true", help="say what is being done")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from histcode_training.targets.check import check_targets
    from histcode_training.targets.fold_change import build_targets
    from histcode_training.targets.page import check_page
    from histcode_training.targets.tables import read_expression, read_fold_changes
    from histcode_training.targets.write import TABLE, write_targets
    from napari_histcode.files import replacing

    tumour, unknown = read_expression(
        options.tumour, symbols=options.symbols, is_transposed=options.transposed
    )
    normal, _ = read_expression(options.normal, symbols=options.symbols, is_transposed=options.transposed)
    targets = build_targets(
        tumour, normal, pseudocount=options.pseudocount, scale=options.scale, genes=_genes(options.genes)
    )
    write_targets(targets, options.out)
    compared = ", ".join(f"{n} against {what}" for what, n in Counter(targets.normal).items())
    print(f"{options.out / TABLE}: {len(targets.samples)} samples ({compared}), {len(targets.genes)} genes")
    if unknown:
        print(f"{len(unknown)} identifiers have no symbol: {', '.join(unknown[:5])} ...")
    if targets.absent:
        print(f"{len(targets.absent)} genes are not in both tables: {', '.join(targets.absent)}")
    if options.check:
        check = check_targets(targets, read_fold_changes(options.check))
        command = (
            f"histcode-train targets --tumour {options.tumour.name} --normal {options.normal.name}"
            + (f" --symbols {options.symbols.name}" if options.symbols else "")
            + f" --pseudocount {options.pseudocount:g} --check {options.check.name} --out OUT"
        )
        text = check_page(targets, check, published=options.check.name, command=command)
        print(text)
        if options.page:
            with replacing(options.page) as temporary:
                temporary.write_text(text, encoding="utf-8", newline="\n")
    return 0


def _genes(text: str) -> tuple[str, ...] | None:
    from napari_histcode.resources.gene_sets import driver_genes, signatures

    if text == "all":
        return None
    if text == "drivers":
        return driver_genes().genes
    if text == "signatures":
        return tuple(dict.fromkeys(gene for one in signatures() for gene in one.genes))
    return tuple(name.strip() for name in text.split(",") if name.strip())
