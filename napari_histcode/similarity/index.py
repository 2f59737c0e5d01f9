"""An index of the tiles of many slides, mapped from disk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import IndexFileError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.similarity.basis import Basis, read_basis
from napari_histcode.similarity.hit import Hit
from napari_histcode.similarity.manifest import IndexedSlide, Manifest, read_manifest, slide_files
from napari_histcode.similarity.query import query_vector
from napari_histcode.similarity.sources import encoder_of
from napari_histcode.tiling.lookup import positions_of

Floats = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True, eq=False)
class SlideTiles:
    """The tiles of one slide in an index; all arrays are mapped, none is loaded."""

    slide: IndexedSlide
    """The slide."""
    vectors: NDArray[np.float16]
    """(n_tiles, feature_dim) unit vectors, seen from the index's centre."""
    prefixes: Floats
    """(n_tiles, n_axes + 1) the vectors along the index's axes, then the length of what is left of them."""
    places: NDArray[np.int32]
    """(n_tiles, 2) column and row on the slide's lattice."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TileIndex:
    """The tiles of many slides by one encoder. Made by `open_index`."""

    manifest: Manifest
    """What it holds."""
    basis: Basis
    """Its centre and axes."""
    parts: tuple[SlideTiles, ...]
    """Its slides, in the order of the manifest."""

    def __len__(self) -> int:
        return self.manifest.n_tiles

    @cached_property
    def starts(self) -> NDArray[np.intp]:
        """(n_slides + 1,) position of each slide's first tile, and at the end the number of tiles."""
        return np.concatenate([[0], np.cumsum([len(part.places) for part in self.parts])]).astype(np.intp)

    def query(self, bag: FeatureBag, tiles: NDArray[np.intp]) -> Floats:
        """Make a query of tiles of a slide, whether or not the slide is in the index.

        Parameters
        ----------
        bag : FeatureBag
            The slide's features.
        tiles : ndarray of int, (k,)
            Positions in its grid.

        Returns
        -------
        ndarray, (feature_dim,)
            Unit vector, seen from the index's centre.

        Raises
        ------
        ModelMismatchError
            If another encoder made the features.
        QueryError
            If the tiles have nothing in common.
        """
        self.manifest.encoder.check(encoder_of(bag.encoder), where=bag.grid.slide.alias)
        return query_vector(bag.features[np.unique(tiles)], self.basis.centre)

    def positions(self, bag: FeatureBag, tiles: NDArray[np.intp]) -> NDArray[np.intp]:
        """Find tiles of a slide in the index, to leave them out of a search; those not in it are left out."""
        found = [np.empty(0, np.intp)]
        for part, start in zip(self.parts, self.starts, strict=False):
            is_same = part.slide.digest == bag.grid.slide.digest
            if is_same and part.slide.stride_px0 == tuple(bag.grid.stride_px0):
                rows = positions_of(bag.grid, np.asarray(part.places))
                found.append(start + np.flatnonzero(np.isin(rows, tiles)))
        return np.concatenate(found)

    def hit(self, position: int, *, rank: int, similarity: float) -> Hit:
        """Describe the tile at a position."""
        number = int(np.searchsorted(self.starts, position, side="right")) - 1
        part = self.parts[number]
        column, row = (int(place) for place in part.places[position - self.starts[number]])
        stride = part.slide.stride_px0
        return Hit(
            rank=rank,
            similarity=similarity,
            alias=part.slide.alias,
            slide_digest=part.slide.digest,
            place=(column, row),
            xy_px0=(column * stride[0], row * stride[1]),
            size_px0=part.slide.size_px0,
        )


def open_index(folder: str | Path) -> TileIndex:
    """Open an index; only the manifest and the basis are read.

    Parameters
    ----------
    folder : str or Path
        The index, a folder with ``manifest.json``.

    Raises
    ------
    IndexFileError
        If it is missing, damaged or from a newer version.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    basis = read_basis(folder, manifest.basis)
    parts = tuple(open_slide_tiles(folder, slide, basis) for slide in manifest.slides)
    return TileIndex(manifest=manifest, basis=basis, parts=parts)


def open_slide_tiles(folder: Path, slide: IndexedSlide, basis: Basis) -> SlideTiles:
    """Map the files of one slide.

    Raises
    ------
    IndexFileError
        If one is missing, damaged or of another shape than the manifest says.
    """
    try:
        vectors, prefixes, places = (
            np.load(folder / name, mmap_mode="r", allow_pickle=False)
            for name in slide_files(slide, basis.name)
        )
    except (OSError, ValueError) as error:
        raise IndexFileError(
            f"The files of {slide.alias} in the index cannot be read: {error}.",
            advice="Build the index again: histcode similar index FOLDER.",
        ) from error
    n, feature_dim = slide.n_tiles, len(basis.centre)
    expected = (
        ((n, feature_dim), np.float16),
        ((n, basis.n_axes + 1), np.float32),
        ((n, 2), np.int32),
    )
    for array, (shape, kind) in zip((vectors, prefixes, places), expected, strict=True):
        if array.shape != shape or array.dtype != kind:
            raise IndexFileError(
                f"A file of {slide.alias} in the index holds {array.shape} {array.dtype}, not {shape} "
                f"{np.dtype(kind)}.",
                advice="Delete the index and build it again.",
            )
    return SlideTiles(slide=slide, vectors=vectors, prefixes=prefixes, places=places)
