"""Several readers: how far they agree among themselves, and the model beside that range.

Each reader stays on their own. A consensus would hide that pathologists differ, and a model can agree with it
better than any of them does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.agreement import cohen_kappa, dice_of, fleiss_kappa, krippendorff_alpha
from napari_histcode.comparison.ranking import auroc
from napari_histcode.comparison.reference import TileReference
from napari_histcode.comparison.thresholds import Threshold
from napari_histcode.statistics.estimate import NAN


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two raters of the same tiles."""

    first: str
    """Name of one: a reader, or a map."""
    second: str
    """Name of the other: a reader."""
    kappa: float
    """Cohen's kappa over the tiles that both call positive or negative."""
    dice: float
    """Dice over the same tiles."""
    auroc: float
    """Of a map against the reader; NaN between readers."""
    n_tiles: int
    """Tiles that both call positive or negative."""


@dataclass(frozen=True, kw_only=True)
class MapAmongReaders:
    """A thresholded map beside every reader."""

    map: str
    """Name of the map."""
    threshold: Threshold
    """Where it is cut."""
    pairs: tuple[Pair, ...]
    """The map with each reader."""
    mean_kappa: float
    """Mean over readers."""
    mean_dice: float
    """Mean over readers."""
    is_within_kappa: bool
    """Whether the mean kappa reaches the least kappa between two readers."""
    is_within_dice: bool
    """Whether the mean Dice reaches the least Dice between two readers."""


@dataclass(frozen=True, kw_only=True)
class ReaderAgreement:
    """Readers among themselves, and the maps beside them."""

    readers: tuple[str, ...]
    """Their names."""
    pairs: tuple[Pair, ...]
    """Every two of them."""
    kappa_range: tuple[float, float]
    """Least and greatest kappa between two readers."""
    dice_range: tuple[float, float]
    """Least and greatest Dice between two readers."""
    fleiss: float
    """Fleiss' kappa over the tiles that all call positive or negative; NaN where undefined."""
    krippendorff: float
    """Krippendorff's alpha, with tiles that some leave out; NaN where undefined."""
    maps: tuple[MapAmongReaders, ...] = ()
    """The maps beside them."""


def compare_readers(
    references: Mapping[str, TileReference],
    maps: Mapping[str, tuple[NDArray[np.float64], Threshold]],
) -> ReaderAgreement:
    """Compare readers with each other, and maps with each of them.

    Parameters
    ----------
    references : mapping of str to TileReference
        Two or more readers on the same tiles.
    maps : mapping of str to (ndarray (n_tiles,), Threshold)
        Maps by name, with the threshold that cuts them.

    Raises
    ------
    ValueError
        With fewer than two readers.
    """
    if len(references) < 2:
        raise ValueError(f"Agreement of readers needs two or more, not {len(references)}.")
    ratings = {name: _rating(reference) for name, reference in references.items()}
    pairs = tuple(
        _pair(first, second, ratings[first], ratings[second]) for first, second in combinations(ratings, 2)
    )
    kappa_range = _range([pair.kappa for pair in pairs])
    dice_range = _range([pair.dice for pair in pairs])
    table = np.stack(list(ratings.values()), axis=1)
    return ReaderAgreement(
        readers=tuple(ratings),
        pairs=pairs,
        kappa_range=kappa_range,
        dice_range=dice_range,
        fleiss=fleiss_kappa(table),
        krippendorff=krippendorff_alpha(table),
        maps=tuple(
            _among(name, values, threshold, ratings, kappa_range, dice_range)
            for name, (values, threshold) in maps.items()
        ),
    )


def _rating(reference: TileReference) -> NDArray[np.int8]:
    """1 positive, 0 negative, -1 neither."""
    return np.where(reference.counts, reference.is_positive, -1).astype(np.int8)


def _pair(
    first: str,
    second: str,
    a: NDArray[np.int8],
    b: NDArray[np.int8],
    values: NDArray[np.float64] | None = None,
) -> Pair:
    both = (a >= 0) & (b >= 0)
    return Pair(
        first=first,
        second=second,
        kappa=cohen_kappa(a[both], b[both]),
        dice=dice_of(a[both] == 1, b[both] == 1),
        auroc=auroc(values[both], b[both] == 1) if values is not None else NAN,
        n_tiles=int(both.sum()),
    )


def _among(
    name: str,
    values: NDArray[np.float64],
    threshold: Threshold,
    ratings: Mapping[str, NDArray[np.int8]],
    kappa_range: tuple[float, float],
    dice_range: tuple[float, float],
) -> MapAmongReaders:
    is_rated = np.isfinite(values) & np.isfinite(threshold.value)
    rating = np.where(is_rated, np.where(is_rated, values, 0) >= threshold.value, -1).astype(np.int8)
    pairs = tuple(_pair(name, reader, rating, other, values) for reader, other in ratings.items())
    kappa, dice = _mean([pair.kappa for pair in pairs]), _mean([pair.dice for pair in pairs])
    return MapAmongReaders(
        map=name,
        threshold=threshold,
        pairs=pairs,
        mean_kappa=kappa,
        mean_dice=dice,
        is_within_kappa=kappa >= kappa_range[0],
        is_within_dice=dice >= dice_range[0],
    )


def _range(values: list[float]) -> tuple[float, float]:
    defined = [value for value in values if np.isfinite(value)]
    return (min(defined), max(defined)) if defined else (NAN, NAN)


def _mean(values: list[float]) -> float:
    defined = [value for value in values if np.isfinite(value)]
    return float(np.mean(defined)) if defined else NAN
