"""A section with spatial transcriptomics: its spots, their counts, and the features of the tiles on them."""

from __future__ import annotations

import hashlib
import logging
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histcode_training.errors import CohortError
from histcode_training.field_features import turn_tile
from napari_histcode.features.encode import default_batch_size, encode_within_memory
from napari_histcode.files import replacing
from napari_histcode.models.encoder import Encoder
from napari_histcode.slide import open_slide
from napari_histcode.tiling.read import read_footprint

logger = logging.getLogger(__name__)

SPOT_COLUMNS = ("spot", "pixel_x", "pixel_y")
IMAGE, PLACES, COUNTS = "section.jpg", "spots.csv", "counts.tsv.gz"


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """Spots of one section, in the order of their table."""

    name: str
    """Name of the section."""
    image: Path
    """Picture of the section."""
    mpp: float
    """Its micrometres per pixel."""
    spots: tuple[str, ...]
    """Names of the spots: column and row on the array, "10x21"."""
    array: NDArray[np.int64]
    """(n_spots, 2) column and row on the array."""
    xy_px0: NDArray[np.float64]
    """(n_spots, 2) centres in pixels of the picture, x then y."""
    genes: tuple[str, ...]
    """Columns of the counts."""
    counts: NDArray[np.float32]
    """(n_spots, n_genes)."""

    def __len__(self) -> int:
        return len(self.spots)

    @property
    def xy_um(self) -> NDArray[np.float64]:
        """(n_spots, 2) centres in micrometres."""
        return self.xy_px0 * self.mpp


@dataclass(frozen=True, kw_only=True, eq=False)
class SectionFeatures:
    """A section with the features of the tile on each of its spots."""

    section: Section
    """The section."""
    views: tuple[NDArray[np.float32], ...]
    """Each (n_spots, feature_dim): the tile as it is, then flipped or turned ones."""
    haematoxylin: NDArray[np.float64]
    """(n_spots,) mean haematoxylin of the tile."""

    @property
    def plain(self) -> NDArray[np.float32]:
        """(n_spots, feature_dim) of the tiles as they are."""
        return self.views[0]

    def __len__(self) -> int:
        return len(self.section)


def read_section(folder: Path, *, mpp: float) -> Section:
    """Read one section: ``section.jpg``, ``spots.csv`` and ``counts.tsv.gz``.

    Parameters
    ----------
    folder : Path
        Folder of the section, whose name is its name.
    mpp : float
        Micrometres per pixel of the picture.

    Raises
    ------
    CohortError
        If a file is missing or damaged, lacks a column, a spot stands twice or is not named by its
        place on the array, a count is negative or missing, or no spot is in both tables.
    """
    places, counts = _read(folder / PLACES, index=None), _read(folder / COUNTS, index=0)
    for column in SPOT_COLUMNS:
        if column not in places.columns:
            raise CohortError(
                f"{folder.name}/{PLACES} has no column {column!r}.",
                advice=f"It needs {', '.join(SPOT_COLUMNS)}.",
            )
    places = places.set_index(places["spot"].astype(str))
    counts.index = counts.index.astype(str)
    for table, file in ((places, PLACES), (counts, COUNTS)):
        twice = table.index[table.index.duplicated()]
        if len(twice):
            raise CohortError(
                f"{folder.name}/{file} has the spot {twice[0]!r} twice.", advice="Keep one row."
            )
    common = [spot for spot in places.index if spot in counts.index]
    if not common:
        raise CohortError(f"No spot of {folder.name}/{PLACES} is in {COUNTS}.")
    values = counts.loc[common].to_numpy(np.float32)
    if not (np.isfinite(values).all() and (values >= 0).all()):
        row, column = np.argwhere(~(np.isfinite(values) & (values >= 0)))[0]
        raise CohortError(
            f"{folder.name}/{COUNTS}, spot {common[row]!r}, gene {counts.columns[column]!r}: "
            f"{values[row, column]} is no count."
        )
    return Section(
        name=folder.name,
        image=folder / IMAGE,
        mpp=mpp,
        spots=tuple(common),
        array=np.array([_place(spot, folder.name) for spot in common]),
        xy_px0=places.loc[common, ["pixel_x", "pixel_y"]].to_numpy(np.float64),
        genes=tuple(str(gene) for gene in counts.columns),
        counts=values,
    )


def encode_section(
    section: Section, encoder: Encoder, *, turns: int = 1, cache: Path | None = None, seed: int = 0
) -> SectionFeatures:
    """Encode the tile centred on each spot.

    Parameters
    ----------
    section : Section
        The section.
    encoder : Encoder
        The network, with the size and resolution of its tiles.
    turns : int
        Views of each tile.
    cache : Path, optional
        Folder where features are kept from run to run.
    seed : int
        Seed of the turns.

    Raises
    ------
    HistCodeError
        If the picture cannot be read.
    """
    kept = cache / f"{_key(section, encoder, turns, seed)}.npz" if cache else None
    found = _read_kept(kept) if kept else None
    if found is None:
        found = _encode(section, encoder, turns=turns, seed=seed)
        if kept:
            with replacing(kept) as temporary, temporary.open("wb") as file:
                np.savez(file, views=found[0], haematoxylin=found[1])
    views, haematoxylin = found
    return SectionFeatures(section=section, views=tuple(views), haematoxylin=haematoxylin)


def _encode(
    section: Section, encoder: Encoder, *, turns: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    from skimage.color import rgb2hed

    record = encoder.record
    size = record.tile_um / section.mpp
    random = np.random.default_rng(seed)
    elements = random.integers(1, 8, size=(turns - 1, len(section)))
    with open_slide(section.image, mpp=section.mpp) as slide:
        tiles = np.stack(
            [
                read_footprint(slide, (x - size / 2, y - size / 2), (size, size), record.tile_px)
                for x, y in section.xy_px0
            ]
        )
    batch = default_batch_size(encoder)
    views = [encode_within_memory(encoder, tiles, batch)[0]]
    for of_view in elements:
        turned = np.stack([turn_tile(tile, int(e)) for tile, e in zip(tiles, of_view, strict=True)])
        views.append(encode_within_memory(encoder, turned, batch)[0])
    haematoxylin = np.array([rgb2hed(tile)[..., 0].mean() for tile in tiles])
    return np.stack(views), haematoxylin


def _key(section: Section, encoder: Encoder, turns: int, seed: int) -> str:
    record = encoder.record
    digest = hashlib.sha256(
        f"{section.name} {section.mpp} {record.digest} {record.tile_px} {record.mpp} {encoder.precision} "
        f"{turns} {seed} {section.image.stat().st_size}".encode()
    )
    digest.update(np.ascontiguousarray(section.xy_px0).tobytes())
    return digest.hexdigest()[:32]


def _read_kept(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float64]] | None:
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            return np.asarray(file["views"], np.float32), np.asarray(file["haematoxylin"], np.float64)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        logger.warning("The kept features %s cannot be read and are made anew: %s.", path.name, error)
        return None


def _place(spot: str, section: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d+)x(\d+)", spot)
    if match is None:
        raise CohortError(
            f"Section {section}: the spot {spot!r} is not named by its place on the array.",
            advice='Name spots by column and row, as "10x21".',
        )
    return int(match[1]), int(match[2])


def _read(path: Path, *, index: int | None):  # type: ignore[no-untyped-def]
    import pandas as pd

    try:
        return pd.read_csv(path, sep="\t" if ".tsv" in path.suffixes else ",", index_col=index)
    except (OSError, ValueError, EOFError) as error:
        raise CohortError(
            f"{path.parent.name}/{path.name} cannot be read: {error}.",
            advice="Give the data folder with --data.",
        ) from error
