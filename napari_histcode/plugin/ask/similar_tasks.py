"""What the search does off the GUI thread: the functions that ``histcode similar`` calls too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from napari_histcode.errors import FeatureFileError
from napari_histcode.export.layout import ANALYSIS_FILE
from napari_histcode.features.bag import FeatureBag
from napari_histcode.progress import CancelToken, ProgressCallback
from napari_histcode.scores.scores import TileMap
from napari_histcode.similarity.feature_space import Centring, FeatureSpace, make_space
from napari_histcode.similarity.hit import Hit
from napari_histcode.similarity.index import TileIndex
from napari_histcode.similarity.index_build import IndexUpdate, update_index
from napari_histcode.similarity.manifest import INDEX_FOLDER
from napari_histcode.similarity.query import TileQuery, query_tiles, tiles_of_region
from napari_histcode.similarity.search import search
from napari_histcode.similarity.sources import encoder_of, find_feature_files, read_source
from napari_histcode.similarity.within import rank_within, similarity_map
from napari_histcode.tiling.lookup import positions_of


@dataclass(frozen=True, kw_only=True, eq=False)
class SimilarRequest:
    """What is searched for within a slide."""

    bag: FeatureBag
    """Features of the slide."""
    tiles: tuple[int, ...]
    """Tiles to search for; those of the regions if empty."""
    regions: tuple[BaseGeometry, ...] = ()
    """Regions in level-0 pixels."""
    is_centred: bool = True
    """Whether similarity is seen from the mean of the slide."""
    is_apart: bool = True
    """Whether neighbours of tiles that are listed are left out."""
    n_shown: int = 20
    """How many tiles are listed, at most."""
    space: FeatureSpace | None = None
    """The features made ready with that origin, if that has been done before."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Similar:
    """What was found within a slide."""

    request: SimilarRequest
    """What was asked."""
    space: FeatureSpace
    """The features made ready: to be kept for the next question."""
    query: TileQuery
    """What was searched for."""
    map: TileMap
    """Similarity of every tile."""
    hits: tuple[Hit, ...]
    """The most similar tiles."""
    positions: tuple[int, ...]
    """Their positions in the grid."""


def find_similar(request: SimilarRequest, progress: ProgressCallback, cancel: CancelToken) -> Similar:
    """Compare every tile of the slide with those that were chosen.

    Raises
    ------
    QueryError
        If the regions hold no tile, or the tiles have nothing in common.
    ModelMismatchError
        If features are not finite.
    """
    bag = request.bag
    space = request.space
    if space is None:
        centring: Centring = "slide" if request.is_centred else "none"
        space = make_space(bag, centring=centring, progress=progress, cancel=cancel)
    tiles: NDArray[np.intp] = np.asarray(request.tiles, np.intp)
    if not len(tiles):
        tiles = tiles_of_region(bag.grid, request.regions)
    query = query_tiles(space, tiles)
    found = similarity_map(space, query)
    hits = rank_within(space, query, found.values, top=request.n_shown, is_apart=request.is_apart)
    places = np.array([hit.place for hit in hits], np.int32).reshape(-1, 2)
    positions = tuple(int(tile) for tile in positions_of(bag.grid, places))
    return Similar(request=request, space=space, query=query, map=found, hits=hits, positions=positions)


def bring_up_to_date(
    folder: Path, bag: FeatureBag, progress: ProgressCallback, cancel: CancelToken
) -> IndexUpdate:
    """Build or update the index of a folder of results, as ``histcode similar index`` does.

    A new index is of the encoder of the slide that is open.

    Raises
    ------
    NoTilesError
        If there is no result with features of that encoder.
    IndexFileError, OutputError
        If the index cannot be read or written.
    """
    return update_index(
        folder / INDEX_FOLDER,
        find_feature_files(folder),
        encoder=encoder_of(bag.encoder),
        progress=progress,
        cancel=cancel,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class OthersRequest:
    """What is searched for in other slides."""

    index: TileIndex
    """Where."""
    bag: FeatureBag
    """Features of the slide that the query comes from."""
    tiles: tuple[int, ...]
    """Positions of its tiles."""
    is_apart: bool = True
    """Whether neighbours of tiles that are listed are left out."""
    n_shown: int = 20
    """How many tiles are listed, at most."""


def search_others(
    request: OthersRequest, _progress: ProgressCallback, cancel: CancelToken
) -> tuple[Hit, ...]:
    """Search all slides of an index but the one that the query comes from.

    Raises
    ------
    ModelMismatchError
        If the index is of another encoder.
    QueryError
        If the tiles have nothing in common.
    """
    index, bag = request.index, request.bag
    return search(
        index,
        index.query(bag, np.asarray(request.tiles, np.intp)),
        top=request.n_shown,
        leave_out=positions_of_slide(index, bag.grid.slide.digest),
        is_apart=request.is_apart,
        cancel=cancel,
    )


def positions_of_slide(index: TileIndex, digest: str) -> NDArray[np.intp]:
    """Positions in an index of all tiles of a slide."""
    own: Sequence[NDArray[np.intp]] = [
        np.arange(start, end, dtype=np.intp)
        for part, start, end in zip(index.parts, index.starts, index.starts[1:], strict=False)
        if part.slide.digest == digest
    ]
    return np.concatenate([np.empty(0, np.intp), *own])


def result_of_slide(folder: Path, digest: str) -> Path | None:
    """Find the finished result of a slide in a folder of results; None if there is none."""
    for path in find_feature_files(folder):
        try:
            source = read_source(path)
        except FeatureFileError:
            continue  # said when the index was built
        if source.slide_digest == digest and (path.parent / ANALYSIS_FILE).is_file():
            return path.parent
    return None
