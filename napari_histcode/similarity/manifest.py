"""What an index on disk consists of: the manifest, and the names of the files beside it.

An index is a folder with ``manifest.json``, one basis and three arrays a slide. Everything but the manifest
is written once under a name that no other content ever has, and the manifest last: a reader finds the old
index or the new one. It holds aliases and digests, no file names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from napari_histcode.errors import IndexFileError, NewerIndexError
from napari_histcode.files import replacing
from napari_histcode.similarity.sources import IndexedEncoder

INDEX_FOLDER = "similarity-index"
"""Name of an index inside the folder of the results that it was built from."""
MANIFEST_FILE = "manifest.json"
FORMAT_NAME = "histcode-similarity-index"
SCHEMA_VERSION = 1

_ADVICE = "Delete the folder and build the index again: histcode similar index FOLDER."


@dataclass(frozen=True, kw_only=True)
class IndexedSlide:
    """A slide in an index."""

    alias: str
    """Alias of the slide."""
    digest: str
    """Digest of the slide."""
    key: str
    """Digest of its features, as in `FeatureSource`."""
    n_tiles: int
    """Number of tiles."""
    size_px0: tuple[float, float]
    """Width and height of a tile in level-0 pixels."""
    stride_px0: tuple[float, float]
    """Spacing of the lattice in level-0 pixels: a tile's corner is its place times this."""

    def stem(self, basis: str) -> str:
        """Name of its files without the ending."""
        return f"{self.alias}-{self.key[:12]}-{basis}"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The list of what an index holds."""

    encoder: IndexedEncoder
    """The one encoder of all features."""
    basis: str
    """Name of the basis: the start of the digest of centre and axes."""
    n_axes: int
    """Axes of the basis."""
    basis_keys: tuple[str, ...]
    """Keys of the slides that the centre and the axes come from."""
    slides: tuple[IndexedSlide, ...]
    """The slides in the order of their tiles."""

    @property
    def n_tiles(self) -> int:
        """Tiles of all slides."""
        return sum(slide.n_tiles for slide in self.slides)

    @property
    def files(self) -> frozenset[str]:
        """Names of all files of the index."""
        names = {MANIFEST_FILE, basis_file(self.basis)}
        for slide in self.slides:
            names.update(slide_files(slide, self.basis))
        return frozenset(names)


def basis_file(basis: str) -> str:
    """Name of the file with the centre and the axes."""
    return f"basis-{basis}.npz"


def slide_files(slide: IndexedSlide, basis: str) -> tuple[str, str, str]:
    """Names of a slide's files: vectors (n, feature_dim), prefixes (n, n_axes + 1), places (n, 2)."""
    stem = slide.stem(basis)
    return f"{stem}.vectors.npy", f"{stem}.prefixes.npy", f"{stem}.places.npy"


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest in place of an older one.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    data = {
        "format": FORMAT_NAME,
        "schema_version": SCHEMA_VERSION,
        "n_tiles": manifest.n_tiles,
        **asdict(manifest),
    }
    with replacing(folder / MANIFEST_FILE) as temporary:
        temporary.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an index.

    Raises
    ------
    IndexFileError
        If it is missing or damaged.
    NewerIndexError
        If it is from a newer version.
    """
    path = folder / MANIFEST_FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise IndexFileError(
            f"There is no index of tiles in {folder}.", advice="Build it: histcode similar index FOLDER."
        ) from error
    except (OSError, ValueError) as error:
        raise IndexFileError(f"{path} cannot be read: {error}.", advice=_ADVICE) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT_NAME:
        raise IndexFileError(f"{path} is no index of tiles.", advice=_ADVICE)
    version = data.get("schema_version")
    if not isinstance(version, int):
        raise IndexFileError(f"{path} does not say its version.", advice=_ADVICE)
    if version > SCHEMA_VERSION:
        raise NewerIndexError(
            f"{path} has layout {version}, and this program reads up to {SCHEMA_VERSION}.",
            advice="Update napari-histcode.",
        )
    try:
        return _manifest(data)
    except (KeyError, TypeError, ValueError) as error:
        raise IndexFileError(
            f"{path} is damaged: {type(error).__name__}: {error}.", advice=_ADVICE
        ) from error


def _manifest(data: Mapping[str, Any]) -> Manifest:
    slides = tuple(
        IndexedSlide(
            **{**slide, "size_px0": tuple(slide["size_px0"]), "stride_px0": tuple(slide["stride_px0"])}
        )
        for slide in data["slides"]
    )
    return Manifest(
        encoder=IndexedEncoder(**data["encoder"]),
        basis=str(data["basis"]),
        n_axes=int(data["n_axes"]),
        basis_keys=tuple(data["basis_keys"]),
        slides=slides,
    )
