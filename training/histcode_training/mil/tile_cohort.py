"""A cohort in a folder of tiles: a table names each tile's class and group, and a group is a bag."""

from __future__ import annotations

import hashlib
import logging
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histcode_training.cohorts.read import read_frame
from histcode_training.cohorts.table import CohortTable
from histcode_training.errors import CohortError, RecipeError
from histcode_training.mil.config import Task
from napari_histcode.features.encode import default_batch_size, encode_within_memory
from napari_histcode.files import replacing
from napari_histcode.models.encoder import Encoder

logger = logging.getLogger(__name__)

CHUNK_TILES = 512


@dataclass(frozen=True, kw_only=True)
class TileTableConfig:
    """Where tiles, classes and groups stand, as a recipe's table ``[tiles]``."""

    table: str
    """CSV or Parquet inside the data folder; files are named beside it."""
    file: str = "file"
    """Column of the file."""
    label: str = "label"
    """Column of the class."""
    group: str = "group"
    """Column of what belongs together: one bag, never in two parts of a fold."""
    classes: tuple[str, ...] = ()
    """Classes in the order of the outputs."""
    bags_per_group: int = 1
    """Bags that a group is cut into, in the order of its tiles."""

    def __post_init__(self) -> None:
        if self.bags_per_group < 1:
            raise RecipeError("tiles: bags_per_group is at least 1.")


@dataclass(frozen=True, kw_only=True, eq=False)
class TileCohort:
    """Tiles by bag."""

    table: CohortTable
    """One row a bag; the patient is the group."""
    files: tuple[tuple[Path, ...], ...]
    """Tiles of each bag."""

    def encode(self, encoder: Encoder, *, cache: Path | None = None) -> dict[str, NDArray[np.float32]]:
        """Encode all tiles, each brought to the encoder's size: bag to (n_tiles, feature_dim).

        Raises
        ------
        CohortError
            If a tile is no picture.
        """
        files = [file for bag in self.files for file in bag]
        kept = cache / f"{_key(files, encoder)}.npz" if cache else None
        features = _read_kept(kept, len(files)) if kept else None
        if features is None:
            chunks = []
            size = default_batch_size(encoder)
            for start in range(0, len(files), CHUNK_TILES):
                chunk = files[start : start + CHUNK_TILES]
                tiles = np.stack([_read_tile(file, encoder.record.tile_px) for file in chunk])
                encoded, size = encode_within_memory(encoder, tiles, size)
                chunks.append(encoded)
            features = np.concatenate(chunks)
            if kept:
                with replacing(kept) as temporary, temporary.open("wb") as file:
                    np.savez(file, features=features)
        ends = np.cumsum([len(bag) for bag in self.files])
        parts = np.split(features, ends[:-1])
        return dict(zip(self.table.slides, parts, strict=True))


def read_tile_cohort(data: Path, config: TileTableConfig, task: Task) -> TileCohort:
    """Read the table of a folder of tiles.

    Raises
    ------
    CohortError
        If the table, a column, a value or a file is missing, a tile stands twice, a label is unknown, or a
        group has two labels. The message names row and column.
    """
    path = data / config.table
    frame = read_frame(path)
    if not len(frame):
        raise CohortError(f"{path.name} lists no tile.", advice="Give one row a tile.")
    for column in (config.file, config.label, config.group):
        if column not in frame.columns:
            raise CohortError(
                f"{path.name} has no column {column!r}; it has {', '.join(map(str, frame.columns))}.",
                advice="Name the columns in the recipe's table [tiles].",
            )
    if task not in ("binary", "multi_class"):
        raise CohortError(f"Groups of tiles have one class each; a {task} task needs a table of slides.")
    classes = config.classes or tuple(sorted({str(label) for label in frame[config.label].dropna()}))
    label_of: dict[str, str] = {}
    tiles: dict[str, list[Path]] = {}
    seen: set[str] = set()
    columns = (config.file, config.label, config.group)
    for row, values in enumerate(zip(*(frame[column] for column in columns), strict=True), start=2):
        for column, value in zip(columns, values, strict=True):
            if value != value or not str(value).strip():
                raise CohortError(f"{path.name}, row {row}, column {column!r}: there is no value.")
        file, label, group = (str(value) for value in values)
        if label not in classes:
            raise CohortError(
                f"{path.name}, row {row}, column {config.label!r}: {label!r} is not a known label.",
                advice=f"Known are {', '.join(classes)}.",
            )
        if file in seen:
            raise CohortError(f"{path.name}, row {row}, column {config.file!r}: {file!r} is listed twice.")
        seen.add(file)
        if label_of.setdefault(group, label) != label:
            raise CohortError(
                f"{path.name}, row {row}, column {config.label!r}: the group {group!r} is "
                f"{label_of[group]!r} "
                f"and {label!r}."
            )
        if not (path.parent / file).is_file():
            raise CohortError(f"{path.name}, row {row}, column {config.file!r}: there is no file {file!r}.")
        tiles.setdefault(group, []).append(path.parent / file)
    return _cohort(tiles, label_of, classes, config, task)


def _cohort(
    tiles: dict[str, list[Path]],
    label_of: dict[str, str],
    classes: tuple[str, ...],
    config: TileTableConfig,
    task: Task,
) -> TileCohort:
    names, groups, files = [], [], []
    for group, members in tiles.items():
        n = min(config.bags_per_group, len(members))
        for k in range(n):
            names.append(group if n == 1 else f"{group}/{k}")
            groups.append(group)
            files.append(tuple(members[k::n]))
    targets = np.array([[label_of[group] == one for one in classes] for group in groups], np.float32)
    if task == "binary":
        if len(classes) != 2:
            raise CohortError(f"A binary task has two classes, not {len(classes)}: {', '.join(classes)}.")
        classes, targets = classes[1:], targets[:, 1:]
    empty = ("",) * len(names)
    table = CohortTable(
        slides=tuple(names), patients=tuple(groups), sites=empty, cancers=empty,
        outputs=classes, targets=targets, task=task,
    )  # fmt: skip
    return TileCohort(table=table, files=tuple(files))


def _read_tile(path: Path, tile_px: int) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as image:
            picture = image.convert("RGB")
    except OSError as error:
        raise CohortError(f"The tile {path.name} cannot be read: {error}.") from error
    if picture.size != (tile_px, tile_px):
        picture = picture.resize((tile_px, tile_px), Image.Resampling.BILINEAR)
    return np.asarray(picture)


def _key(files: list[Path], encoder: Encoder) -> str:
    record = encoder.record
    digest = hashlib.sha256(f"{record.digest} {record.tile_px} {encoder.precision}".encode())
    for file in files:
        digest.update(f"{file.parent.name}/{file.name} {file.stat().st_size}\n".encode())
    return digest.hexdigest()[:32]


def _read_kept(path: Path, n_tiles: int) -> NDArray[np.float32] | None:
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            features = np.asarray(file["features"], np.float32)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        logger.warning("The kept features %s cannot be read and are made anew: %s.", path.name, error)
        return None
    return features if len(features) == n_tiles else None
