"""The tiles with the highest and lowest values of each map, as pictures for a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import CorruptTileError
from napari_histcode.export.page import embedded
from napari_histcode.export.png import jpeg_bytes
from napari_histcode.progress import CancelToken
from napari_histcode.scores.scores import SlideScores, TileMap
from napari_histcode.slide import Slide
from napari_histcode.tiling.read import read_tile

WITHOUT_SLIDE = "Tiles are not shown: this page was written without the slide at hand."
"""Stands in the place of the tiles where they could not be read."""

_QUALITY = 85
_KEPT = 256


@dataclass(frozen=True, kw_only=True)
class ExtremeTiles:
    """Positions of tiles in their grid."""

    highest: tuple[int, ...]
    """The highest value first."""
    lowest: tuple[int, ...]
    """The lowest value first; none of those that are among the highest."""


def extreme_tiles(values: NDArray[np.floating], n: int) -> ExtremeTiles:
    """Find the tiles with the highest and the lowest finite values.

    Parameters
    ----------
    values : ndarray, (n_tiles,)
        A map; of equal values the first tile counts as higher, so that the answer is always the same.
    n : int
        How many of each, at most.
    """
    known = np.flatnonzero(np.isfinite(values))
    order = known[np.argsort(-values[known], kind="stable")].tolist()
    highest = order[:n]
    return ExtremeTiles(highest=tuple(highest), lowest=tuple(order[len(highest) :][::-1][:n]))


def gallery(
    scores: SlideScores, names: Sequence[str], slide: Slide, *, n: int, cancel: CancelToken | None = None
) -> Iterator[str]:
    """Give the tiles of several maps with position and value, each read at the encoder's resolution.

    Parameters
    ----------
    scores : SlideScores
        Scores of the slide.
    names : sequence of str
        The maps.
    slide : Slide
        The slide.
    n : int
        Highest and lowest tiles of each map.
    cancel : CancelToken, optional
        Looked at before every tile.
    """

    @lru_cache(maxsize=_KEPT)
    def picture(i: int) -> str:
        if cancel is not None:
            cancel.raise_if_cancelled()
        try:
            rgb = read_tile(slide, scores.grid, i)
        except CorruptTileError:
            return '<div class="none">cannot be decoded</div>'
        return embedded(jpeg_bytes(rgb, quality=_QUALITY), f"tile {i}")

    for name in names:
        tile_map = scores.map(name)
        found = extreme_tiles(tile_map.values, n)
        if not found.highest:
            continue
        yield f"<h3>{escape(tile_map.label)}</h3>"
        for title, places in (("Highest", found.highest), ("Lowest", found.lowest)):
            if places:
                yield f'<p class="lead">{title}, {escape(_quantity(tile_map))}</p><div class="tiles">'
                for i in places:
                    caption = _caption(scores, tile_map, i)
                    yield f"<figure>{picture(i)}<figcaption>{caption}</figcaption></figure>"
                yield "</div>"


def _quantity(tile_map: TileMap) -> str:
    return f"{tile_map.quantity} ({tile_map.unit})" if tile_map.unit else tile_map.quantity


def _caption(scores: SlideScores, tile_map: TileMap, i: int) -> str:
    """Say value and top-left corner in level-0 pixels."""
    x, y = scores.grid.xy_px0[i]
    value = f"{float(tile_map.values[i]):.4g}".replace("-", "\N{MINUS SIGN}")
    return f"<b>{value}</b><br>x {x:,.0f}, y {y:,.0f} px"
