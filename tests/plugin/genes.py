"""A result of a model that predicts four genes of a signature, one of them under a former name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from napari_histcode.scores.scores import Prediction, SlideScores
from tests.builders import make_map, make_scores

GENES = ("CD3D", "CD3E", "CD3G", "IGJ")
QUANTITY = "log1p of counts"


def gene_scores(base: SlideScores | None = None, genes: Sequence[str] = GENES) -> SlideScores:
    """Put the maps of genes beside those of a result, or of a planted one."""
    base = base or make_scores()
    random = np.random.default_rng(0)
    maps = tuple(
        replace(
            make_map(
                f"rna.{gene}.single_tile",
                random.normal(size=len(base.grid)),
                is_signed=True,
                quantity=QUANTITY,
            ),
            label=f"{gene}, single-tile",
        )
        for gene in genes
    )
    predictions = tuple(
        Prediction(head="rna", output=gene, label=gene, value=0.1, raw=0.1, quantity=QUANTITY)
        for gene in genes
    )
    return replace(base, maps=base.maps + maps, predictions=base.predictions + predictions)
