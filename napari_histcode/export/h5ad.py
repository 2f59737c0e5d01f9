"""Tiles by maps as AnnData (.h5ad), for scanpy and squidpy.

Written straight to HDF5 by AnnData's published layout (versions 0.1.0 to 0.2.0 of its encodings), so that
neither this program nor its environment depends on the package (whose later versions refuse pandas 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import ResultError
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.provenance import provenance_of, to_json
from napari_histcode.features.bag import FeatureBag
from napari_histcode.files import replacing
from napari_histcode.scores.scores import SlideScores

FEATURES_KEY = "X_features"
"""Name of the encoder's features in ``obsm``."""

_EMPTY_GROUPS = ("layers", "obsp", "varm", "varp")


def export_h5ad(
    scores: SlideScores,
    path: str | Path,
    *,
    bag: FeatureBag | None = None,
    overview_rgb: NDArray[np.uint8] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Path:
    """Write scores as AnnData.

    ``X`` is (n_tiles, n_maps) of raw float32 values. ``obs`` has ``column``, ``row``, ``x``, ``y`` (top-left
    corner, level-0 pixels) and ``tissue_fraction``; ``var`` has ``label``, ``head``, ``output``, ``kind``,
    ``quantity``, ``unit`` and ``is_signed`` of every map. ``obsm["spatial"]`` holds the tiles' centres in
    level-0 pixels, x then y, ``obsm["spatial_um"]`` in micrometres from the slide's corner, and
    ``obsm["X_features"]`` the features, where they are given. ``uns`` holds the audit record as JSON, and
    ``uns["spatial"]`` what scanpy and squidpy need to draw tiles over the overview.

    Parameters
    ----------
    scores : SlideScores
        Scores of a slide.
    path : str or Path
        The file; by custom it ends in ".h5ad".
    bag : FeatureBag, optional
        Features of the same tiles.
    overview_rgb : ndarray of uint8, (height, width, 3), optional
        The whole slide, to draw tiles on.
    provenance : mapping, optional
        Audit record; made from the scores if not given.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    ResultError
        If the features are of other tiles.
    OutputError
        If the file cannot be written.
    """
    grid, maps = scores.grid, scores.maps
    if bag is not None and not np.array_equal(bag.grid.index, grid.index):
        raise ResultError("The features are not of the tiles that were scored.", advice="Analyse it again.")
    path = Path(path)
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        _encode(file, "anndata", "0.1.0")
        values = [tile_map.values for tile_map in maps]
        _array(file, "X", np.stack(values, axis=1) if values else np.empty((len(grid), 0), np.float32))
        names = [f"r{row}c{column}" for column, row in grid.index.tolist()]
        xy = grid.xy_px0
        obs = {
            "column": grid.index[:, 0],
            "row": grid.index[:, 1],
            "x": xy[:, 0],
            "y": xy[:, 1],
            "tissue_fraction": grid.tissue_fraction,
        }
        _frame(file, "obs", names, obs)
        described = ("label", "head", "output", "kind", "quantity", "unit")
        var: dict[str, Any] = {key: [getattr(one, key) or "" for one in maps] for key in described}
        var["is_signed"] = np.array([one.is_signed for one in maps], bool)
        _frame(file, "var", list(scores.map_names), var)
        placed = {
            "spatial": grid.centre_px0,
            "spatial_um": grid.centre_px0 * (grid.mpp.x, grid.mpp.y),
        }
        if bag is not None:
            placed[FEATURES_KEY] = np.asarray(bag.features)
        obsm = _group(file, "obsm")
        for name, array in placed.items():
            _array(obsm, name, array)
        for name in _EMPTY_GROUPS:
            _group(file, name)
        _write_uns(file, scores, overview_rgb, provenance or provenance_of(scores))
    return path


def _write_uns(
    file: h5py.File,
    scores: SlideScores,
    overview_rgb: NDArray[np.uint8] | None,
    provenance: Mapping[str, Any],
) -> None:
    uns = _group(file, "uns")
    ours = _group(uns, "histcode")
    _text(ours, "notice", RESEARCH_USE)
    _text(ours, "provenance", to_json(provenance))
    _number(ours, "n_corrupt", scores.n_corrupt)
    effective = _group(ours, "effective_tiles")
    for head, n_tiles in scores.effective_tiles.items():
        _number(effective, head, n_tiles)
    predictions = scores.predictions
    columns: dict[str, Any] = {
        key: [getattr(one, key) for one in predictions] for key in ("head", "label", "quantity", "unit")
    }
    columns |= {key: np.array([getattr(one, key) for one in predictions]) for key in ("value", "raw")}
    names = [f"{one.head}.{one.output}" for one in predictions]
    _frame(ours, "predictions", names, columns)
    slide = scores.grid.slide
    library = _group(_group(uns, "spatial"), slide.alias)
    factors = _group(library, "scalefactors")
    _number(factors, "spot_diameter_fullres", float(np.mean(scores.grid.size_px0)))
    images = _group(library, "images")
    if overview_rgb is not None:
        _number(factors, "tissue_hires_scalef", overview_rgb.shape[1] / slide.dimensions[0])
        _array(images, "hires", overview_rgb)


def _encode(item: Any, kind: str, version: str) -> Any:
    item.attrs["encoding-type"] = kind
    item.attrs["encoding-version"] = version
    return item


def _group(parent: Any, name: str) -> Any:
    return _encode(parent.create_group(name), "dict", "0.1.0")


def _array(parent: Any, name: str, values: NDArray[Any]) -> None:
    options = {"compression": "gzip", "compression_opts": 4} if values.size else {}
    _encode(parent.create_dataset(name, data=values, **options), "array", "0.2.0")


def _texts(parent: Any, name: str, values: Sequence[str]) -> None:
    data = np.array(values, dtype=object)
    _encode(parent.create_dataset(name, data=data, dtype=h5py.string_dtype()), "string-array", "0.2.0")


def _text(parent: Any, name: str, value: str) -> None:
    _encode(parent.create_dataset(name, data=value, dtype=h5py.string_dtype()), "string", "0.2.0")


def _number(parent: Any, name: str, value: float) -> None:
    _encode(parent.create_dataset(name, data=value), "numeric-scalar", "0.2.0")


def _frame(parent: Any, name: str, index: Sequence[str], columns: Mapping[str, Any]) -> None:
    """Write a table: the index, and columns of texts (lists) or numbers (arrays)."""
    frame = _encode(parent.create_group(name), "dataframe", "0.2.0")
    frame.attrs["_index"] = "_index"
    frame.attrs.create("column-order", np.array(list(columns), dtype=object), dtype=h5py.string_dtype())
    _texts(frame, "_index", index)
    for key, values in columns.items():
        if isinstance(values, list):
            _texts(frame, key, values)
        else:
            _array(frame, key, values)
