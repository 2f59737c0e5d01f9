"""Maps that tools made of a result (a taught class, a similarity, a signature), kept beside a session."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from napari_histcode.errors import SessionFileError
from napari_histcode.files import replacing
from napari_histcode.scores.scores import TileMap

_ADVICE = "The maps of tools are left out; ask for them again on the page Ask."
_WORDS = tuple(field.name for field in fields(TileMap) if field.name != "values")


def write_made_maps(maps: Sequence[TileMap], path: Path) -> None:
    """Write maps of the tiles of one result.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    records = [{word: getattr(made, word) for word in _WORDS} for made in maps]
    values = np.stack([made.values for made in maps]).astype(np.float32)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, values=values, records=np.array(json.dumps(records)))


def read_made_maps(path: Path, n_tiles: int) -> tuple[TileMap, ...]:
    """Read maps of the tiles of a result.

    Parameters
    ----------
    path : Path
        A file that `write_made_maps` wrote.
    n_tiles : int
        Tiles of the result.

    Raises
    ------
    SessionFileError
        If it is missing, damaged, or of other tiles.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            values, records = file["values"], json.loads(str(file["records"]))
        if values.ndim != 2 or values.shape != (len(records), n_tiles):
            raise ValueError(f"{values.shape} values for {len(records)} maps of {n_tiles} tiles")
        return tuple(_map(record, row) for record, row in zip(records, values, strict=True))
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise SessionFileError(f"{path.name} cannot be read: {error}.", advice=_ADVICE) from error


def _map(record: dict[str, Any], values: Any) -> TileMap:
    return TileMap(values=values.astype(np.float32), **{word: record[word] for word in _WORDS})
