"""Compare the maps of a slide with a pathologist's regions; the window and the command line both call it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.baselines import Baseline, make_baselines
from napari_histcode.comparison.boundary import (
    boundary_distances,
    outline_of_regions,
    outline_of_tiles,
    tolerance_of,
)
from napari_histcode.comparison.ceiling import Ceiling, dice_ceiling
from napari_histcode.comparison.class_table import tabulate_classes
from napari_histcode.comparison.comparison import Comparison, MapComparison
from napari_histcode.comparison.config import ComparisonConfig, is_of_another_class
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.lesions import match_lesions
from napari_histcode.comparison.measure import Candidate, Measured, Setting, measure_map
from napari_histcode.comparison.probabilities import tile_probabilities
from napari_histcode.comparison.readers import ReaderAgreement, compare_readers
from napari_histcode.comparison.reference import TileReference, make_reference
from napari_histcode.comparison.resampling import BlockDraws, draw_blocks
from napari_histcode.comparison.shift_null import holm, shifts_of_labels
from napari_histcode.comparison.thresholds import fixed_threshold
from napari_histcode.comparison.warn import warnings_of
from napari_histcode.errors import ModelMismatchError, NoTilesError
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from napari_histcode.scores.scores import SlideScores, TileMap

STAGE = "comparing maps"
"""What progress calls it."""

FIRST_READER = "reader 1"
"""Name of the reader whose annotations are the reference."""


def compare(
    scores: SlideScores,
    annotations: Sequence[Annotation],
    config: ComparisonConfig,
    *,
    overview: NDArray[np.uint8] | None = None,
    features: NDArray[np.floating] | None = None,
    readers: Mapping[str, Sequence[Annotation]] | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Comparison:
    """Compare maps with regions.

    Parameters
    ----------
    scores : SlideScores
        The slide's scores.
    annotations : sequence of Annotation
        Regions of the reader who is the reference, in level-0 pixels.
    config : ComparisonConfig
        How to compare.
    overview : ndarray of uint8, (height, width, 3), optional
        The whole slide as a small picture, for the baseline of nuclear density.
    features : ndarray, (n_tiles, feature_dim), optional
        Features of the tiles, for the baseline of feature distance.
    readers : mapping of str to sequence of Annotation, optional
        Further readers of the same slide by name.
    progress : callable
        Called after each map.
    cancel : CancelToken, optional
        Looked at before each map.

    Returns
    -------
    Comparison
        The same for the same input, to the last digit. What cannot be computed is NaN with a reason.

    Raises
    ------
    NoTilesError
        If there are no tiles.
    UnknownMapError
        If a map is asked for that there is not.
    ModelMismatchError
        If there are not as many features or values as tiles.
    AnalysisCancelledError
        If it was cancelled.
    """
    grid = scores.grid
    if not len(grid):
        raise NoTilesError(f"{grid.slide.alias} has no tiles to compare.", advice="Analyse the slide again.")
    chosen = [scores.map(name) for name in config.maps or scores.map_names]
    _check_lengths(chosen, features, len(grid))
    if FIRST_READER in (readers or {}):
        raise ValueError(f"{FIRST_READER!r} is the reader whose annotations are the reference.")
    cancel = cancel or CancelToken()
    cancel.raise_if_cancelled()
    reference = _reference(scores, annotations, config)
    setting = _setting(reference, config)
    simple = make_baselines(grid, overview=overview, features=features, seed=config.seed)
    total = len(simple) + len(chosen)

    def report(done: int) -> None:
        progress(Progress(stage=STAGE, done=done, total=total, unit="maps"))
        cancel.raise_if_cancelled()

    baselines: dict[str, Measured] = {}
    for baseline in simple:
        report(len(baselines))
        baselines[baseline.name] = measure_map(_baseline_candidate(baseline), setting)
    maps: list[MapComparison] = []
    for tile_map in chosen:
        report(len(baselines) + len(maps))
        maps.append(measure_map(_candidate(scores, tile_map, config), setting, baselines).comparison)
    report(total)
    adjusted = _adjust(maps)
    others = {name: _reference(scores, regions, config) for name, regions in (readers or {}).items()}
    return Comparison(
        reference=reference,
        config=config,
        ceiling=_ceiling(setting),
        maps=adjusted,
        baselines=tuple(measured.comparison for measured in baselines.values()),
        readers=_readers({FIRST_READER: reference, **others}, adjusted, scores) if others else None,
        classes=tabulate_classes(scores, annotations, config) if config.class_of_output else None,
        model_name=scores.model_name,
        model_version=scores.model_version,
        model_digest=scores.model_digest,
        warnings=warnings_of(reference, adjusted, setting),
    )


def _check_lengths(maps: Sequence[TileMap], features: NDArray[np.floating] | None, n_tiles: int) -> None:
    for tile_map in maps:
        if len(tile_map.values) != n_tiles:
            raise ModelMismatchError(
                f"Map {tile_map.name!r} has {len(tile_map.values)} values for {n_tiles} tiles."
            )
    if features is not None and len(features) != n_tiles:
        raise ModelMismatchError(f"There are {len(features)} features for {n_tiles} tiles.")


def _reference(
    scores: SlideScores, annotations: Sequence[Annotation], config: ComparisonConfig
) -> TileReference:
    return make_reference(
        scores.grid,
        annotations,
        config.positive,
        least_share=config.least_share,
        is_exhaustive=config.is_exhaustive,
    )


def _setting(reference: TileReference, config: ComparisonConfig) -> Setting:
    lattice = TileLattice(grid=reference.grid)
    tolerance_of(lattice, config.tolerance_um)  # fail before the work

    def draws(chosen: NDArray[np.bool_]) -> BlockDraws:
        return draw_blocks(
            reference.grid,
            chosen,
            block_um=config.block_um,
            n_resamples=config.n_resamples,
            seed=config.seed,
        )

    return Setting(
        reference=reference,
        config=config,
        lattice=lattice,
        draws=draws(reference.counts),
        assessed_draws=draws(reference.assessed),
        outline=outline_of_regions(reference.geometry, lattice),
        lesions=match_lesions(reference, lattice),
        shifts=shifts_of_labels(lattice, reference.labels, n_shifts=config.n_shifts, seed=config.seed),
    )


def _candidate(scores: SlideScores, tile_map: TileMap, config: ComparisonConfig) -> Candidate:
    values = tile_map.values.astype(np.float64)
    values[~np.isfinite(values)] = np.nan
    is_unsigned = not tile_map.is_signed and not (values < 0).any()
    if config.threshold is not None:
        fixed = fixed_threshold(config.threshold)
    elif tile_map.is_signed:
        fixed = fixed_threshold(0.0)
    elif tile_map.kind == "attention":
        fixed = fixed_threshold(1 / len(values))
    else:
        fixed = fixed_threshold(None)
    return Candidate(
        name=tile_map.name,
        label=tile_map.label,
        quantity=tile_map.quantity,
        values=values,
        fixed=fixed,
        has_mass=is_unsigned and "percentile" not in tile_map.quantity,
        output=tile_map.output,
        is_quantity=is_quantity(tile_map),
        probabilities=None
        if is_of_another_class(tile_map.output, config)
        else tile_probabilities(scores, tile_map),
    )


def is_quantity(tile_map: TileMap) -> bool:
    """Whether a map is of a measurable amount (a gene's expression, a share of cells), not of a class."""
    says_nothing = ("log-odds", "probability", "attention weight", "attention")
    return tile_map.output is not None and tile_map.quantity not in says_nothing


def _baseline_candidate(baseline: Baseline) -> Candidate:
    return Candidate(
        name=baseline.name,
        label=baseline.label,
        quantity="baseline",
        values=baseline.values,
        fixed=fixed_threshold(None, reason="baselines have no fixed threshold"),
        has_mass=False,
        is_baseline=True,
    )


def _ceiling(setting: Setting) -> Ceiling:
    boundary = boundary_distances(
        outline_of_tiles(setting.reference.is_positive, setting.lattice),
        setting.outline,
        tolerance_um=tolerance_of(setting.lattice, setting.config.tolerance_um),
    )
    return dice_ceiling(setting.reference, setting.lattice, boundary=boundary)


def _adjust(maps: Sequence[MapComparison]) -> tuple[MapComparison, ...]:
    """Adjust the p-values of all tests of all maps together."""
    p = [test.p for compared in maps for test in compared.tests]
    adjusted = iter(holm(np.asarray(p, np.float64)).tolist())
    return tuple(
        replace(compared, tests=tuple(replace(test, p_holm=next(adjusted)) for test in compared.tests))
        for compared in maps
    )


def _readers(
    references: Mapping[str, TileReference], maps: Sequence[MapComparison], scores: SlideScores
) -> ReaderAgreement:
    cut = {
        compared.name: (scores.map(compared.name).values.astype(np.float64), compared.shown_threshold)
        for compared in maps
    }
    return compare_readers(references, cut)
