"""Build an index, and bring one up to date: new slides are added, vanished ones dropped, the rest is kept.

The centre and the axes come from the slides that are there first, and stay while at least half of the slides
are of those; otherwise everything is made anew, so that many slides never live with a basis of a few.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import (
    FeatureFileError,
    HistCodeError,
    IndexFileError,
    ModelMismatchError,
    NewerIndexError,
    NoTilesError,
)
from napari_histcode.features.feature_file import read_feature_file
from napari_histcode.files import make_folder, replacing
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from napari_histcode.similarity.basis import Basis, make_basis, read_basis, write_basis
from napari_histcode.similarity.feature_space import BLOCK_TILES, directions
from napari_histcode.similarity.index import TileIndex, open_index, open_slide_tiles
from napari_histcode.similarity.manifest import (
    IndexedSlide,
    Manifest,
    read_manifest,
    slide_files,
    write_manifest,
)
from napari_histcode.similarity.sources import FeatureSource, IndexedEncoder, read_source

logger = logging.getLogger(__name__)

STAGE = "indexing tiles"


@dataclass(frozen=True, kw_only=True, eq=False)
class IndexUpdate:
    """An index as it is now, and what was done."""

    index: TileIndex
    """The index."""
    added: tuple[str, ...]
    """Aliases of slides that were written."""
    kept: tuple[str, ...]
    """Aliases of slides that were there already."""
    dropped: tuple[str, ...]
    """Aliases of slides whose features are gone or have changed."""
    refused: tuple[tuple[Path, HistCodeError], ...]
    """Feature files that could not be taken, and why."""


def update_index(
    folder: str | Path,
    feature_files: Sequence[Path],
    *,
    encoder: IndexedEncoder | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> IndexUpdate:
    """Make an index hold exactly the tiles of some feature files.

    Parameters
    ----------
    folder : str or Path
        The index; made if it is not there.
    feature_files : sequence of Path
        All files that shall be in it. Of a slide that occurs several times the file with most tiles is taken.
    encoder : IndexedEncoder, optional
        The encoder of a new index; by default that of most files. An index keeps the one it has.
    progress : callable
        Called once a block of tiles.
    cancel : CancelToken, optional
        Looked at as often; the index is then as it was before.

    Raises
    ------
    NoTilesError
        If no file can be taken.
    NewerIndexError
        If there is an index from a newer version.
    OutputError
        If the index cannot be written.
    AnalysisCancelledError
        If it was cancelled.
    """
    folder = Path(folder)
    cancel = cancel or CancelToken()
    old = _read_old(folder)
    sources, refused = _choose(feature_files, encoder or (old.encoder if old else None))
    if not sources:
        raise _nothing_left(refused)
    make_folder(folder)
    basis, basis_keys = _basis(folder, old, sources, cancel)
    slides = {source.key: _slide_of(source) for source in sources}
    there = {key for key, slide in slides.items() if old is not None and _is_there(folder, old, slide, basis)}
    todo = [source for source in sources if source.key not in there]
    failed = _write_slides(todo, basis, folder, progress, cancel)
    refused += failed.values()
    slides = {key: slide for key, slide in slides.items() if key not in failed}
    if not slides:
        raise _nothing_left(refused)
    manifest = Manifest(
        encoder=sources[0].encoder,
        basis=basis.name,
        n_axes=basis.n_axes,
        basis_keys=basis_keys,
        slides=tuple(slides.values()),
    )
    write_manifest(manifest, folder)
    _clear(folder, manifest)
    before = {slide.key: slide.alias for slide in old.slides} if old else {}
    return IndexUpdate(
        index=open_index(folder),
        added=tuple(source.alias for source in todo if source.key in slides),
        kept=tuple(slides[key].alias for key in slides if key in there),
        dropped=tuple(alias for key, alias in before.items() if key not in slides),
        refused=tuple(refused),
    )


def _nothing_left(refused: Sequence[tuple[Path, HistCodeError]]) -> NoTilesError:
    if not refused:
        return NoTilesError(
            "There are no features to index.", advice="Analyse slides into this folder first."
        )
    return NoTilesError(
        f"There are no features to index. {refused[0][1].message}",
        advice="To index those of another encoder, delete the old index first.",
    )


def _write_slides(
    sources: Sequence[FeatureSource],
    basis: Basis,
    folder: Path,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> dict[str, tuple[Path, HistCodeError]]:
    """Write slide by slide; return key, file and error of those that cannot be taken."""
    failed: dict[str, tuple[Path, HistCodeError]] = {}
    done, total = 0, sum(source.n_tiles for source in sources)
    for source in sources:
        try:
            done = _write_slide(source, _slide_of(source), basis, folder, (progress, cancel, done, total))
        except (FeatureFileError, ModelMismatchError) as error:
            failed[source.key] = (source.path, error)
    return failed


def _read_old(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except NewerIndexError:
        raise
    except IndexFileError as error:
        if folder.exists():
            logger.warning("%s It is built anew.", error.message)
        return None


def _choose(
    paths: Sequence[Path], encoder: IndexedEncoder | None
) -> tuple[list[FeatureSource], list[tuple[Path, HistCodeError]]]:
    """Take the files of one encoder, one a slide."""
    sources: list[FeatureSource] = []
    refused: list[tuple[Path, HistCodeError]] = []
    for path in paths:
        try:
            sources.append(read_source(path))
        except FeatureFileError as error:
            refused.append((path, error))
    if encoder is None and sources:
        most = Counter(source.encoder.identity for source in sources).most_common(1)[0][0]
        encoder = next(source.encoder for source in sources if source.encoder.identity == most)
    chosen: dict[str, FeatureSource] = {}
    for source in sources:
        try:
            if encoder is not None:
                encoder.check(source.encoder, where=source.alias)
        except ModelMismatchError as error:
            refused.append((source.path, error))
            continue
        known = chosen.get(source.slide_digest)
        if source.n_tiles and (known is None or source.n_tiles > known.n_tiles):
            chosen[source.slide_digest] = source
    return sorted(chosen.values(), key=lambda source: (source.alias, source.key)), refused


def _basis(
    folder: Path, old: Manifest | None, sources: list[FeatureSource], cancel: CancelToken
) -> tuple[Basis, tuple[str, ...]]:
    """Keep the old basis while at least half of the slides are of those it comes from."""
    if old is not None:
        n_known = sum(source.key in old.basis_keys for source in sources)
        if 2 * n_known >= len(sources):
            try:
                return read_basis(folder, old.basis), old.basis_keys
            except IndexFileError as error:
                logger.warning("%s It is built anew.", error.message)
    basis = make_basis(tuple(sources), cancel=cancel)
    write_basis(basis, folder)
    return basis, tuple(source.key for source in sources)


def _slide_of(source: FeatureSource) -> IndexedSlide:
    return IndexedSlide(
        alias=source.alias,
        digest=source.slide_digest,
        key=source.key,
        n_tiles=source.n_tiles,
        size_px0=source.size_px0,
        stride_px0=source.stride_px0,
    )


def _is_there(folder: Path, old: Manifest, slide: IndexedSlide, basis: Basis) -> bool:
    if old.basis != basis.name or slide not in old.slides:
        return False
    try:
        open_slide_tiles(folder, slide, basis)
    except IndexFileError as error:
        logger.warning("%s They are made anew.", error.message)
        return False
    return True


def _write_slide(
    source: FeatureSource,
    slide: IndexedSlide,
    basis: Basis,
    folder: Path,
    job: tuple[ProgressCallback, CancelToken, int, int],
) -> int:
    """Write the arrays of a slide, a block of tiles at a time; return how many tiles are done now."""
    progress, cancel, done, total = job
    stored = read_feature_file(source.path)
    n, feature_dim = stored.features.shape
    names = slide_files(slide, basis.name)
    with (
        replacing(folder / names[0]) as vector_path,
        replacing(folder / names[1]) as prefix_path,
        replacing(folder / names[2]) as place_path,
    ):
        vectors = _new_array(vector_path, np.float16, (n, feature_dim))
        prefixes = _new_array(prefix_path, np.float32, (n, basis.n_axes + 1))
        _new_array(place_path, np.int32, (n, 2))[:] = stored.index
        for start in range(0, n, BLOCK_TILES):
            rows = slice(start, min(n, start + BLOCK_TILES))
            vectors[rows], prefixes[rows] = index_vectors(stored.features[rows], basis)
            if not np.isfinite(prefixes[rows]).all():
                raise ModelMismatchError(
                    f"Features of {slide.alias} hold values that are not finite.",
                    advice="Encode the slide again.",
                )
            done += rows.stop - rows.start
            progress(Progress(stage=STAGE, done=done, total=total))
            cancel.raise_if_cancelled()
        vectors.flush()
        prefixes.flush()
    return done


def index_vectors(
    features: NDArray[np.floating], basis: Basis
) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
    """Turn features (k, feature_dim) into what an index holds: unit vectors, and their prefixes.

    Prefixes are of the rounded vectors, so that bounds hold for what is looked at.
    """
    vectors = directions(features, basis.centre).astype(np.float16)
    rounded = vectors.astype(np.float32)
    along = rounded @ basis.axes
    squares = np.einsum("ij,ij->i", rounded, rounded) - np.einsum("ij,ij->i", along, along)
    rest = np.sqrt(np.maximum(squares, 0))
    return vectors, np.concatenate([along, rest[:, None]], axis=1)


def _new_array(
    path: Path, kind: type[np.generic], shape: tuple[int, int]
) -> np.memmap[tuple[int, int], np.dtype[np.generic]]:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(kind), shape=shape)


def _clear(folder: Path, manifest: Manifest) -> None:
    """Remove files of this index's making that it does not hold any more."""
    for path in (*folder.glob("*.npy"), *folder.glob("basis-*.npz")):
        if path.name not in manifest.files:
            with suppress(PermissionError):  # Windows: another program has it open; the next update takes it
                path.unlink()
