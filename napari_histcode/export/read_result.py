"""Read a result folder back, without the slide and without torch."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_histcode.errors import FeatureFileError, ResultError
from napari_histcode.export.layout import (
    ANALYSIS_FILE,
    FEATURE_FILE,
    FORMAT_NAME,
    OVERVIEW_FILE,
    SCHEMA_VERSION,
    SCORES_FILE,
)
from napari_histcode.export.png import read_png
from napari_histcode.export.tables import read_table_provenance, read_tile_table
from napari_histcode.features.bag import FeatureBag
from napari_histcode.features.store import read_bag
from napari_histcode.models.card import EncoderRecord
from napari_histcode.scores.scores import Prediction, SlideScores, TileMap
from napari_histcode.slide.record import Mpp, SlideRecord
from napari_histcode.tiling.grid import TileGrid, TilingConfig
from napari_histcode.tissue.mask import TissueConfig

logger = logging.getLogger(__name__)

_ADVICE = "Analyse the slide again."


def read_analysis(folder: str | Path) -> SlideScores:
    """Read the scores of a result folder, with their grid and all that they carry.

    Parameters
    ----------
    folder : str or Path
        A folder that `export_analysis` wrote.

    Returns
    -------
    SlideScores
        Equal to those that were written.

    Raises
    ------
    ResultError
        If the folder is incomplete, damaged, mixed of two runs, or from a newer version.
    """
    folder = Path(folder)
    document = read_document(folder)
    table = read_tile_table(folder / SCORES_FILE)
    table_id = read_table_provenance(folder / SCORES_FILE).get("result_id")
    if table_id != document.get("result_id"):
        raise ResultError(
            f"{ANALYSIS_FILE} and {SCORES_FILE} in {folder} are from two different runs.", advice=_ADVICE
        )
    try:
        return _scores(document, table)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ResultError(
            f"The result in {folder} is damaged: {type(error).__name__}: {error}", advice=_ADVICE
        ) from error


def read_document(folder: str | Path) -> dict[str, Any]:
    """Read ``analysis.json`` of a result folder.

    Raises
    ------
    ResultError
        If it is missing, damaged, or from a newer version.
    """
    path = Path(folder) / ANALYSIS_FILE
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ResultError(
            f"{folder} holds no finished result: {ANALYSIS_FILE} is missing.", advice=_ADVICE
        ) from error
    except (OSError, ValueError) as error:
        raise ResultError(f"{path} cannot be read: {error}", advice=_ADVICE) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT_NAME:
        raise ResultError(f"{path} is not a result of this program.", advice="Give the folder of a slide.")
    found = document.get("schema_version")
    if not isinstance(found, int) or found < 1:
        raise ResultError(f"{path} does not say its version.", advice=_ADVICE)
    if found > SCHEMA_VERSION:
        raise ResultError(
            f"{path} is from a newer program (layout {found}, this one reads up to {SCHEMA_VERSION}).",
            advice="Update napari-histcode.",
        )
    return document


def read_provenance(folder: str | Path) -> dict[str, Any]:
    """Read the audit record of a result folder.

    Raises
    ------
    ResultError
        If there is none.
    """
    provenance = read_document(folder).get("provenance")
    if not isinstance(provenance, dict):
        raise ResultError(f"The result in {folder} has no audit record.", advice=_ADVICE)
    return provenance


def read_overview(folder: str | Path) -> NDArray[np.uint8]:
    """Read the overview of the slide in a result folder: uint8 (height, width, 3).

    Raises
    ------
    ResultError
        If it is missing or damaged.
    """
    return read_png(Path(folder) / OVERVIEW_FILE)


def find_bag(folder: str | Path, scores: SlideScores, *further: Path) -> FeatureBag | None:
    """Find the features behind a result.

    Parameters
    ----------
    folder : str or Path
        The result folder.
    scores : SlideScores
        What was read from it.
    *further : Path
        Feature files to look at where the folder holds none that serves.

    Returns
    -------
    FeatureBag or None
        One feature vector for each tile of the scores; None where no file holds them. A file of other
        tiles or of another encoder is named in the log.
    """
    for path in (Path(folder) / FEATURE_FILE, *further):
        try:
            if path.exists():
                return read_bag(path, scores.grid, scores.encoder)
        except FeatureFileError as error:
            logger.warning("%s", error.message)
    return None


def _scores(document: Mapping[str, Any], table: pd.DataFrame) -> SlideScores:
    provenance = document["provenance"]
    if len(table) != provenance["grid"]["n_tiles"]:
        raise ValueError(f"{len(table)} rows for {provenance['grid']['n_tiles']} tiles")
    model = provenance["model"]
    return SlideScores(
        grid=_grid(provenance, table),
        predictions=tuple(
            Prediction(**{**entry, "value": _number(entry["value"]), "raw": _number(entry["raw"])})
            for entry in document["predictions"]
        ),
        maps=tuple(_map(entry, table) for entry in document["maps"]),
        effective_tiles={head: _number(n) for head, n in document["effective_tiles"].items()},
        model_name=model["name"],
        model_version=model["version"],
        model_digest=model["digest"],
        encoder=EncoderRecord(**_tuples(provenance["encoder"])),
        n_corrupt=provenance["grid"]["n_corrupt"],
    )


def _grid(provenance: Mapping[str, Any], table: pd.DataFrame) -> TileGrid:
    grid = provenance["grid"]
    slide = _tuples(provenance["slide"])
    mpp = Mpp(**slide["mpp"]) if slide["mpp"] is not None else None
    return TileGrid(
        index=table[["column", "row"]].to_numpy(np.int32),
        size_px0=_tuples(grid["size_px0"]),
        stride_px0=_tuples(grid["stride_px0"]),
        lattice_shape=_tuples(grid["lattice_shape"]),
        tissue_fraction=table["tissue_fraction"].to_numpy(np.float32, copy=True),
        slide=SlideRecord(**{**slide, "mpp": mpp}),
        config=TilingConfig(**_tuples(provenance["tiling"])),
        tissue_config=TissueConfig(**_tuples(provenance["tissue"])),
        is_partial=grid["is_partial"],
    )


def _map(entry: Mapping[str, Any], table: pd.DataFrame) -> TileMap:
    return TileMap(
        name=entry["name"],
        label=entry["label"],
        head=entry["head"],
        output=entry["output"],
        kind=entry["kind"],
        values=table[entry["name"]].to_numpy(np.float32, copy=True),
        quantity=entry["quantity"],
        unit=entry["unit"],
        is_signed=entry["is_signed"],
    )


def _number(value: float | None) -> float:
    """Return the number; null stands for NaN, which JSON lacks."""
    return math.nan if value is None else float(value)


def _tuples(value: Any) -> Any:
    """Turn JSON's lists into the tuples that frozen records hold."""
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return value
