"""What is probed: tiles with a class, and spots with proportions, read once and encoded by each encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histcode_training.cohort import read_cohort
from histcode_training.errors import CohortError
from histcode_training.field_features import encode_cohort
from histcode_training.mil.tile_cohort import TileCohort, read_tile_cohort
from histcode_training.probes.cell_types import SectionCells, read_cells
from histcode_training.probes.group_split import check_groups
from histcode_training.probes.recipe import FieldProbeConfig, GroupProbeConfig, ProbeRecipe, SpotProbeConfig
from histcode_training.spatial.section import encode_section, read_section
from histcode_training.splits import Split, read_held_out, slide_folds, split_cohort
from napari_histcode.models.encoder import Encoder

Positions = NDArray[np.intp]


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassTiles:
    """Tiles with a class, by one encoder."""

    features: NDArray[np.float32]
    """(n_tiles, feature_dim)."""
    class_of: Positions
    """(n_tiles,) class."""
    unit_of: Positions
    """(n_tiles,) number of the field or group it is of."""
    group_of: Positions
    """(n_tiles,) number of the slide or group: never on both sides of a split."""
    is_held_out: NDArray[np.bool_]
    """(n_tiles,) whether it is of the held-out part."""
    fold_of: Positions
    """(n_tiles,) fold over all slides that tests it; -1 without such folds."""

    def __len__(self) -> int:
        return len(self.class_of)


@dataclass(frozen=True, kw_only=True, eq=False)
class SpotTiles:
    """Spots of all sections, by one encoder."""

    cells: tuple[SectionCells, ...]
    """What was measured."""
    features: tuple[NDArray[np.float32], ...]
    """(n_spots, feature_dim) of each section."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FieldSource:
    """Labelled fields with their split."""

    config: FieldProbeConfig
    """How they are probed."""
    split: Split
    """Training and held-out slides."""
    folds: tuple[Split, ...]
    """Folds over all slides."""

    def encode(self, encoder: Encoder, cache: Path | None) -> ClassTiles:
        """Encode the tiles of all fields, those of the training slides first."""
        parts = [
            encode_cohort(part, encoder, mpp=self.config.mpp, cache=cache)
            for part in (self.split.training, self.split.held_out)
        ]
        fields = [*parts[0], *parts[1]]
        if not parts[0] or not parts[1]:
            which = "held-out" if parts[0] else "training"
            raise CohortError(
                f"{self.config.name}: no tile of tissue in the {which} part.",
                advice="See --verbose for the fields that are left out.",
            )
        lengths = [_most(len(field), self.config.most_tiles) for field in fields]
        slides = sorted({field.field.slide for field in fields})
        fold_of_slide = {
            slide: number for number, fold in enumerate(self.folds) for slide in fold.held_out.slides
        }
        return ClassTiles(
            features=np.concatenate(
                [field.features[_spread(len(field), n)] for field, n in zip(fields, lengths, strict=True)]
            ),
            class_of=_repeat([self.config.labels.index(field.field.label) for field in fields], lengths),
            unit_of=_repeat(range(len(fields)), lengths),
            group_of=_repeat([slides.index(field.field.slide) for field in fields], lengths),
            is_held_out=_repeat(np.arange(len(fields)) >= len(parts[0]), lengths).astype(bool),
            fold_of=_repeat([fold_of_slide[field.field.slide] for field in fields], lengths),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupSource:
    """Groups of tiles with their split."""

    config: GroupProbeConfig
    """How they are probed."""
    cohort: TileCohort
    """Tiles by group."""
    held_out: tuple[str, ...]
    """Groups that are tested."""

    def encode(self, encoder: Encoder, cache: Path | None) -> ClassTiles:
        """Encode all tiles."""
        table = self.cohort.table
        encoded = self.cohort.encode(encoder, cache=cache)
        features = [encoded[group] for group in table.slides]
        lengths = [len(one) for one in features]
        classes = table.targets.argmax(axis=1)
        numbers = _repeat(range(len(lengths)), lengths)
        return ClassTiles(
            features=np.concatenate(features),
            class_of=_repeat(classes, lengths),
            unit_of=numbers,
            group_of=numbers,
            is_held_out=_repeat([group in self.held_out for group in table.slides], lengths).astype(bool),
            fold_of=np.full(len(numbers), -1, np.intp),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class SpotSource:
    """Sections with cell types."""

    config: SpotProbeConfig
    """How they are probed."""
    cells: tuple[SectionCells, ...]
    """What was measured."""

    def encode(self, encoder: Encoder, cache: Path | None) -> SpotTiles:
        """Encode the tile on every spot."""
        features = tuple(encode_section(one.section, encoder, cache=cache).plain for one in self.cells)
        return SpotTiles(cells=self.cells, features=features)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sources:
    """All material of a recipe; None where the recipe has no such probe."""

    fields: FieldSource | None
    """Labelled fields."""
    groups: GroupSource | None
    """Groups of tiles."""
    spots: SpotSource | None
    """Sections."""


def read_sources(recipe: ProbeRecipe, data: Path, folder: Path) -> Sources:
    """Read tables and splits of all probes, so that bad input ends a run before it begins.

    Parameters
    ----------
    recipe : ProbeRecipe
        What to probe.
    data : Path
        The data folder.
    folder : Path
        Folder of the recipe, which holds the split files.

    Raises
    ------
    HistCodeError
        If a table, column, file or split is missing or wrong.
    """
    return Sources(
        fields=_read_fields(recipe.fields, data, folder) if recipe.fields else None,
        groups=_read_groups(recipe.groups, data, folder) if recipe.groups else None,
        spots=_read_spots(recipe.spots, data) if recipe.spots else None,
    )


def _read_fields(config: FieldProbeConfig, data: Path, folder: Path) -> FieldSource:
    cohort = read_cohort(data / config.table, config.labels)
    return FieldSource(
        config=config,
        split=split_cohort(cohort, read_held_out(folder / config.split)),
        folds=slide_folds(cohort, config.folds),
    )


def _read_groups(config: GroupProbeConfig, data: Path, folder: Path) -> GroupSource:
    cohort = read_tile_cohort(data, config.tiles, "multi_class")
    held_out = read_held_out(folder / config.split)
    check_groups(cohort.table.slides, held_out, where=config.split)
    if config.most_tiles:
        files = tuple(tiles[: config.most_tiles] for tiles in cohort.files)
        cohort = TileCohort(table=cohort.table, files=files)
    return GroupSource(config=config, cohort=cohort, held_out=held_out)


def _read_spots(config: SpotProbeConfig, data: Path) -> SpotSource:
    cells = []
    for name in config.sections:
        folder = data / config.folder / name
        cells.append(read_cells(read_section(folder, mpp=config.mpp), folder))
    first = cells[0]
    for other in cells[1:]:
        if other.names != first.names:
            raise CohortError(
                f"Sections {first.section.name} and {other.section.name} have other cell types: "
                f"{', '.join(first.names)}; {', '.join(other.names)}."
            )
    return SpotSource(config=config, cells=tuple(cells))


def _repeat(values: Sequence[int] | NDArray[np.generic] | range, lengths: Sequence[int]) -> Positions:
    """Give each tile the value of its field or group."""
    return np.repeat(np.asarray(values), lengths).astype(np.intp)


def _most(n: int, limit: int) -> int:
    return min(n, limit) if limit else n


def _spread(n: int, wanted: int) -> Positions:
    """Choose ``wanted`` of n tiles, spread over all of them."""
    return np.linspace(0, n - 1, wanted).round().astype(np.intp)
