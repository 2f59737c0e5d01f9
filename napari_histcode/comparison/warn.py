"""What somebody who reads the numbers must know, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from napari_histcode.comparison.comparison import MapComparison
from napari_histcode.comparison.config import ComparisonConfig, is_of_another_class
from napari_histcode.comparison.measure import Setting
from napari_histcode.comparison.reference import TileReference
from napari_histcode.comparison.shift_null import FEWEST_SHIFTS
from napari_histcode.comparison.tile_labels import TileLabel

FEW_BLOCKS = 10
"""With fewer blocks of tiles, intervals are rough."""

MUCH_MISSED = 0.05
"""Share of the annotated area off the tiles that is worth a word."""


def warnings_of(reference: TileReference, maps: Sequence[MapComparison], setting: Setting) -> tuple[str, ...]:
    """Gather the warnings of a comparison.

    Parameters
    ----------
    reference : TileReference
        The reference.
    maps : sequence of MapComparison
        What was compared.
    setting : Setting
        Draws and shifts.
    """
    return (
        *_about_reference(reference),
        *_about_statistics(setting, maps),
        *_about_maps(maps, setting.config),
    )


def _about_reference(reference: TileReference) -> Iterator[str]:
    positive = ", ".join(reference.positive)
    if not reference.n_regions:
        there = ", ".join(reference.class_names) or "no regions at all"
        yield f"No region is of class {positive}; there are: {there}."
    elif not reference.is_positive.any():
        yield f"No tile is covered by {positive} to {100 * reference.least_share:g} %: nothing is positive."
    if not (reference.labels == TileLabel.NEGATIVE).any():
        yield "No tile is negative: annotate other classes too, or say that the annotation is exhaustive."
    total = reference.area_mm2
    if total > 0:
        grid = reference.grid
        cell = grid.stride_px0[0] * grid.mpp.x * grid.stride_px0[1] * grid.mpp.y / 1e6
        missed = 1 - float(reference.cell_fraction.sum()) * cell / total
        if missed > MUCH_MISSED:
            yield f"{missed:.0%} of the annotated area lies on no tile, and no map can find it."
    n_border = reference.n_labelled(TileLabel.BORDER)
    n_positive = reference.n_labelled(TileLabel.POSITIVE)
    if n_border > n_positive > 0:
        yield (
            f"There are more border tiles ({n_border}) than positive ones ({n_positive}): "
            "see how the numbers change with the cut-off."
        )


def _about_statistics(setting: Setting, maps: Sequence[MapComparison]) -> Iterator[str]:
    config, n_blocks = setting.config, setting.draws.n_blocks
    if config.n_resamples and 0 < n_blocks < FEW_BLOCKS:
        yield (
            f"The tiles fill only {n_blocks} blocks of {config.block_um:g} um: "
            "intervals of this slide alone are rough."
        )
    if config.n_shifts and setting.shifts.reason and setting.reference.is_positive.any():
        yield f"There are no p-values: {setting.shifts.reason}."
    n_tests = sum(np.isfinite(test.p) for compared in maps for test in compared.tests)
    least = 1 / (1 + max(len(setting.shifts), 1))
    if len(setting.shifts) >= FEWEST_SHIFTS and n_tests * least > 0.05:
        yield (
            f"With {n_tests} tests and {len(setting.shifts)} shifts no adjusted p-value can be below "
            f"{min(n_tests * least, 1):.2g}: compare fewer maps or ask for more shifts."
        )


def _about_maps(maps: Sequence[MapComparison], config: ComparisonConfig) -> Iterator[str]:
    for compared in maps:
        if compared.is_inverted and not is_of_another_class(compared.output, config):
            yield (
                f"{compared.label}: AUROC {compared.ranking.auroc.value:.3f} is below 0.5; the map may be "
                f"inverted (the other way round it would be {1 - compared.ranking.auroc.value:.3f})."
            )
        if compared.n_undefined:
            yield f"{compared.label}: {compared.n_undefined} tiles have no value and do not count."
