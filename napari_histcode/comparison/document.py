"""A comparison as plain values that JSON knows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np

from napari_histcode.comparison.comparison import Comparison, MapComparison
from napari_histcode.comparison.spots import SpotComparison
from napari_histcode.comparison.tile_labels import TileLabel
from napari_histcode.json_scalar import json_scalar

_PER_TILE = ("agreement", "candidates", "reference_class", "predicted_class")
"""Fields with a value a tile, which have a table of their own."""


def comparison_to_json(comparison: Comparison) -> dict[str, Any]:
    """Turn a comparison into what JSON knows; NaN becomes None, and values of single tiles are left out."""
    reference = comparison.reference
    counts = {label.name.lower(): reference.n_labelled(label) for label in TileLabel}
    return {
        "model": {
            "name": comparison.model_name,
            "version": comparison.model_version,
            "digest": comparison.model_digest,
        },
        "slide": plain(dataclasses.asdict(reference.grid.slide)),
        "config": plain(comparison.config),
        "reference": {
            "positive": list(reference.positive),
            "classes": list(reference.class_names),
            "n_regions": reference.n_regions,
            "is_exhaustive": reference.is_exhaustive,
            "statement": reference.statement,
            "tiles": counts,
            "prevalence": plain(reference.prevalence),
            "area_mm2": plain(reference.area_mm2),
        },
        "warnings": list(comparison.warnings),
        "ceiling": plain(comparison.ceiling),
        "maps": [_map(compared) for compared in comparison.maps],
        "baselines": [_map(compared) for compared in comparison.baselines],
        "readers": plain(comparison.readers),
        "classes": plain(comparison.classes),
    }


def spots_to_json(spots: SpotComparison) -> dict[str, Any]:
    """Turn a comparison with spots into what JSON knows."""
    document: dict[str, Any] = plain(spots)
    return document


def plain(value: Any) -> Any:
    """Turn frozen records, arrays and enums into dicts, lists and numbers; NaN and infinity into None."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [field.name for field in dataclasses.fields(value) if field.name not in _PER_TILE]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return json_scalar(value)


def _map(compared: MapComparison) -> dict[str, Any]:
    document: dict[str, Any] = plain(compared)
    return document | {"is_inverted": compared.is_inverted}
