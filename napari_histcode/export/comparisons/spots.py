"""Part of the page of a comparison: spatial transcriptomics."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from napari_histcode.comparison.spots import SpotComparison
from napari_histcode.export.html_table import data_table, p_text


def spot_parts(spots: SpotComparison) -> Iterator[str]:
    """Give the parts of a page about maps and spots, without its frame."""
    yield "<h2>Spatial transcriptomics</h2>"
    yield (
        f"<p>{spots.n_covered:,} of {spots.n_spots:,} spots lie on a tile; a spot is compared with the tile "
        f"that contains its centre. Values: {escape(spots.quantity)}. Intervals draw blocks of "
        f"{spots.config.block_um:g} µm; p-values come from shifts of the map, adjusted for all maps.</p>"
    )
    if not spots.results:
        yield "<p>No map has a partner in the table of values.</p>"
        return
    yield from data_table(
        ["map", "compared with", "spots", "Pearson", "p, adjusted", "Spearman", "p, adjusted"],
        [
            [
                one.label,
                " + ".join(one.columns),
                f"{one.n_spots:,}",
                one.pearson,
                p_text(one.tests[0].p_holm),
                one.spearman,
                p_text(one.tests[1].p_holm),
            ]
            for one in spots.results
        ],
    )
