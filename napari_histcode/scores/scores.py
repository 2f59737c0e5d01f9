"""Values of the scoring stage: slide predictions and one value a tile for every map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import UnknownMapError
from napari_histcode.models.card import EncoderRecord
from napari_histcode.tiling.grid import TileGrid

MapKind = Literal[
    "attention", "contribution", "leave_one_out", "single_tile", "integrated_gradients",
    "similarity", "probability", "cluster", "distance", "spread", "signature",
]  # fmt: skip
"""The first five explain a head: four are exact and free, integrated gradients have to be asked for."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a head says of the whole slide about one class or gene."""

    head: str
    """Name of the head."""
    output: str
    """Name of the class or gene."""
    label: str
    """The class or gene as shown."""
    value: float
    """After the activation: a probability, or the regressed quantity itself."""
    raw: float
    """Before the activation."""
    quantity: str
    """What ``value`` is: "probability", "log2 fold change" ..."""
    unit: str = ""
    """Unit of ``value``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TileMap:
    """One value a tile: what can be painted over the slide."""

    name: str
    """Unique name: "tissue.attention", "tissue.necrosis.single_tile"."""
    label: str
    """The name as shown: "necrosis, single tile"."""
    head: str
    """Name of the head."""
    output: str | None
    """Name of the class or gene; None for attention, which has none."""
    kind: MapKind
    """What is painted."""
    values: NDArray[np.float32]
    """(n_tiles,) raw values; read-only."""
    quantity: str
    """What a value is: "attention weight", "log-odds" ..."""
    unit: str
    """Its unit; empty where it has none."""
    is_signed: bool
    """Whether zero divides "against" from "for", so that colours must be centred on it."""

    def __post_init__(self) -> None:
        if self.values.ndim != 1:
            raise ValueError(f"Map {self.name!r} has one value a tile, not shape {self.values.shape}.")
        self.values.flags.writeable = False


@dataclass(frozen=True, kw_only=True, eq=False)
class SlideScores:
    """What a model says of a slide."""

    grid: TileGrid
    """The tiles."""
    predictions: tuple[Prediction, ...]
    """One for each output of each head."""
    maps: tuple[TileMap, ...]
    """Every map of every head."""
    effective_tiles: dict[str, float]
    """Head name to the effective number of tiles, 1 / sum of squared attention weights."""
    model_name: str
    """Name of the model."""
    model_version: str
    """Its version."""
    model_digest: str
    """SHA-256 of its weights file."""
    encoder: EncoderRecord
    """The encoder that made the features."""
    n_corrupt: int = 0
    """Tiles that could not be decoded."""

    @property
    def map_names(self) -> tuple[str, ...]:
        """Names of all maps."""
        return tuple(tile_map.name for tile_map in self.maps)

    def map(self, name: str) -> TileMap:
        """Return the map of that name.

        Raises
        ------
        UnknownMapError
            If there is none; the message lists those there are.
        """
        for tile_map in self.maps:
            if tile_map.name == name:
                return tile_map
        raise UnknownMapError(
            f"There is no map {name!r}.", advice=f"There are: {', '.join(self.map_names) or 'none'}."
        )

    def with_maps(self, maps: Sequence[TileMap]) -> SlideScores:
        """Return these scores with further maps; one whose name is known takes the place of the old one."""
        new = {tile_map.name: tile_map for tile_map in maps}
        kept = tuple(new.pop(tile_map.name, tile_map) for tile_map in self.maps)
        return replace(self, maps=kept + tuple(new.values()))
