"""Free-response ROC: how many lesions are found at how many false alarms.

A lesion is a connected component of the annotation. A candidate is a local maximum of the map over its eight
neighbours, with its value; a plateau that nothing around exceeds is one candidate. A lesion is found when a
candidate falls inside: its tile's centre lies in the lesion, or the tile holds at least half of the lesion's
area. A candidate on a tile without any positive area is a false alarm; one on a tile that a lesion touches is
neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import center_of_mass, label
from shapely import STRtree, area, get_parts, intersection, points

from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.reference import TileReference
from napari_histcode.comparison.resampling import CHUNK_VALUES
from napari_histcode.statistics.estimate import NAN

FALSE_ALARMS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""Mean false alarms a slide at which the sensitivity is read; the score is its mean (CAMELYON16)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LesionTiles:
    """Which tiles a candidate must have to fall inside which lesion."""

    lesion: NDArray[np.intp]
    """(n_pairs,) number of a lesion, 0 to n_lesions - 1."""
    tile: NDArray[np.intp]
    """(n_pairs,) a tile inside it where somebody looked."""
    area_mm2: NDArray[np.float64]
    """(n_lesions,) area of each lesion in square millimetres."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LesionCandidates:
    """Candidates and lesions of one slide: what FROC curves of one or many slides are made of."""

    lesion_value: NDArray[np.float64]
    """(n_lesions,) highest candidate inside each lesion; -inf for one that no candidate falls into."""
    false_alarm_value: NDArray[np.float64]
    """(n_false_alarms,) candidates on tissue without any lesion."""
    n_reachable: int
    """Lesions that some tile could find; small ones across a corner of four tiles cannot be found."""
    lesion_mm2: NDArray[np.float64]
    """(n_lesions,) area of each lesion in square millimetres."""


@dataclass(frozen=True, kw_only=True)
class Froc:
    """Sensitivity for lesions at given rates of false alarms."""

    false_alarms: tuple[float, ...]
    """Mean false alarms a slide."""
    sensitivity: tuple[float, ...]
    """Share of lesions found at each; NaN without lesions."""
    score: float
    """Their mean."""
    curve_false_alarms: tuple[float, ...]
    """Mean false alarms a slide along the whole curve."""
    curve_sensitivity: tuple[float, ...]
    """Sensitivity along the whole curve."""
    n_lesions: int
    """Lesions."""
    n_found: int
    """Lesions that some candidate falls into, at whatever value."""
    n_reachable: int
    """Lesions that some tile could find."""
    n_slides: int
    """Slides."""
    reason: str = ""
    """Why there is no number."""


def match_lesions(reference: TileReference, lattice: TileLattice) -> LesionTiles:
    """Find the tiles of every lesion, once for all maps.

    Parameters
    ----------
    reference : TileReference
        The reference.
    lattice : TileLattice
        Cells of the tiles.
    """
    grid = reference.grid
    lesions = get_parts(reference.geometry)
    of_lesion, tile = STRtree(points(grid.centre_px0)).query(lesions, predicate="contains")
    # a lesion of more than two cells cannot have half of its area in one
    small = np.flatnonzero(area(lesions) <= 2 * grid.stride_px0[0] * grid.stride_px0[1])
    cells = lattice.cells_px0()
    of_small, small_tile = STRtree(cells).query(lesions[small])
    common = area(intersection(lesions[small[of_small]], cells[small_tile]))
    holds = common >= area(lesions[small[of_small]]) / 2
    pairs = np.unique(
        np.stack(
            [
                np.concatenate([of_lesion, small[of_small[holds]]]),
                np.concatenate([tile, small_tile[holds]]),
            ],
            axis=1,
        ),
        axis=0,
    )
    pairs = pairs[reference.assessed[pairs[:, 1]]]
    return LesionTiles(
        lesion=pairs[:, 0],
        tile=pairs[:, 1],
        area_mm2=np.asarray(area(lesions), np.float64) * grid.mpp.x * grid.mpp.y / 1e6,
    )


def find_candidates(
    values: NDArray[np.float64], lesions: LesionTiles, reference: TileReference, lattice: TileLattice
) -> LesionCandidates:
    """Find the candidates of a map and match them with the lesions.

    Parameters
    ----------
    values : ndarray, (n_tiles,)
        The map.
    lesions : LesionTiles
        From `match_lesions`.
    reference : TileReference
        The reference; candidates are sought where somebody looked.
    lattice : TileLattice
        Neighbourhood of the tiles.
    """
    tiles = local_maxima(np.where(reference.assessed, values, np.nan), lattice)
    peak = np.full(len(values), -np.inf)
    peak[tiles] = values[tiles]
    lesion_value = np.full(len(lesions.area_mm2), -np.inf)
    np.maximum.at(lesion_value, lesions.lesion, peak[lesions.tile])
    return LesionCandidates(
        lesion_value=lesion_value,
        false_alarm_value=values[tiles][reference.fraction[tiles] == 0],
        n_reachable=len(np.unique(lesions.lesion)),
        lesion_mm2=lesions.area_mm2,
    )


def froc_scores(
    slides: Sequence[LesionCandidates],
    times: NDArray[np.float64],
    *,
    false_alarms: Sequence[float] = FALSE_ALARMS,
) -> NDArray[np.float64]:
    """Compute the FROC score of many draws of slides, without pooling them again for each.

    Parameters
    ----------
    slides : sequence of LesionCandidates
        One a slide.
    times : ndarray, (n_draws, n_slides)
        How often each draw holds each slide.
    false_alarms : sequence of float
        Mean false alarms a slide at which the sensitivity is read.

    Returns
    -------
    ndarray of float64, (n_draws,)
        What `froc` gives as the score of the drawn slides; NaN for a draw without lesions.
    """
    n_slides = np.arange(len(slides))
    lesions = np.concatenate([np.empty(0), *[slide.lesion_value for slide in slides]])
    lesion_slide = np.repeat(n_slides, [len(slide.lesion_value) for slide in slides])
    alarms = np.concatenate([np.empty(0), *[slide.false_alarm_value for slide in slides]])
    alarm_slide = np.repeat(n_slides, [len(slide.false_alarm_value) for slide in slides])
    order = np.argsort(-alarms, kind="stable")
    alarms, alarm_slide = np.append(alarms[order], -np.inf), alarm_slide[order]
    scores = np.full(len(times), np.nan)
    step = max(1, CHUNK_VALUES // max(len(alarms), len(lesions), 1))
    for start in range(0, len(times), step):
        part = times[start : start + step]
        n_alarms = np.cumsum(part[:, alarm_slide], axis=1)
        weight = part[:, lesion_slide]
        sensitivity = []
        for rate in false_alarms:
            too_many = n_alarms > (rate * part.sum(axis=1))[:, None] + 1e-9
            first = np.where(too_many.any(axis=1), too_many.argmax(axis=1), alarms.size - 1)
            # every threshold above this value is allowed
            found = lesions[None] > alarms[first][:, None]
            with np.errstate(invalid="ignore"):
                sensitivity.append((weight * found).sum(axis=1) / weight.sum(axis=1))
        scores[start : start + step] = np.mean(sensitivity, axis=0)
    return scores


def local_maxima(values: NDArray[np.float64], lattice: TileLattice) -> NDArray[np.intp]:
    """Find tiles that no neighbour exceeds; of a plateau the one nearest its middle.

    Parameters
    ----------
    values : ndarray, (n_tiles,)
        NaN where there is no value.
    lattice : TileLattice
        Neighbourhood of the tiles.

    Returns
    -------
    ndarray of int
        Positions of the tiles.
    """
    from skimage.morphology import local_maxima as find_maxima

    raster = lattice.raster(np.where(np.isfinite(values), values, -np.inf), fill=-np.inf)
    padded = np.pad(raster, 1, constant_values=-np.inf)  # so that the slide's edge is no higher neighbour
    is_peak = find_maxima(padded, connectivity=2)[1:-1, 1:-1] & np.isfinite(raster)
    plateaus, n = label(is_peak, structure=np.ones((3, 3)))
    if not n:
        return np.empty(0, np.intp)
    middle = np.asarray(center_of_mass(is_peak, plateaus, np.arange(1, n + 1)))
    of_tile = plateaus[lattice.row, lattice.column]
    tiles = np.flatnonzero(of_tile)
    place = np.stack([lattice.row[tiles], lattice.column[tiles]], axis=-1)
    distance = np.square(place - middle[of_tile[tiles] - 1]).sum(axis=1)
    order = np.lexsort((distance, of_tile[tiles]))
    _, first = np.unique(of_tile[tiles][order], return_index=True)
    return np.asarray(tiles[order][first])


def froc(slides: Sequence[LesionCandidates], *, false_alarms: Sequence[float] = FALSE_ALARMS) -> Froc:
    """Compute the FROC curve of one or many slides with thresholds in common.

    Parameters
    ----------
    slides : sequence of LesionCandidates
        One a slide. A slide without lesions gives only false alarms, as it should.
    false_alarms : sequence of float
        Mean false alarms a slide at which to read the sensitivity: the greatest that any threshold reaches
        without more of them.
    """
    lesions = np.concatenate([np.empty(0), *[slide.lesion_value for slide in slides]])
    alarms = np.concatenate([np.empty(0), *[slide.false_alarm_value for slide in slides]])
    if len(lesions):
        thresholds = np.unique(np.concatenate([lesions[np.isfinite(lesions)], alarms]))[::-1]
        found = len(lesions) - np.searchsorted(np.sort(lesions), thresholds)
        false = len(alarms) - np.searchsorted(np.sort(alarms), thresholds)
        sensitivity = np.concatenate([[0.0], found / len(lesions)])
        per_slide = np.concatenate([[0.0], false / len(slides)])
        at = tuple(float(sensitivity[per_slide <= rate].max()) for rate in false_alarms)
    else:
        sensitivity = per_slide = np.empty(0)
        at = (NAN,) * len(false_alarms)
    return Froc(
        false_alarms=tuple(false_alarms),
        sensitivity=at,
        score=float(np.mean(at)),
        curve_false_alarms=tuple(per_slide.tolist()),
        curve_sensitivity=tuple(sensitivity.tolist()),
        n_lesions=len(lesions),
        n_found=int(np.isfinite(lesions).sum()),
        n_reachable=sum(slide.n_reachable for slide in slides),
        n_slides=len(slides),
        reason="" if len(lesions) else "there is no lesion",
    )
