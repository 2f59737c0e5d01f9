"""The recipe of an experiment with spatial transcriptomics."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from histcode_training.errors import RecipeError
from histcode_training.mil.config import TrainingConfig
from histcode_training.recipe import ModelText, TileGeometry, build


@dataclass(frozen=True, kw_only=True)
class RegionConfig:
    """Bags: connected regions of spots."""

    kind: Literal["overlapping", "disjoint"] = "overlapping"
    """Whether a spot may lie in several regions, or all regions together tile the section."""
    min_spots: int = 16
    """Fewest spots of a region."""
    max_spots: int = 64
    """Most spots of a region."""
    per_section: int = 100
    """Overlapping regions of a section; drawn once, before training."""
    turns: int = 2
    """Views of each tile in training: the tile, and so many less one flipped or turned at random."""

    def __post_init__(self) -> None:
        if not 1 <= self.min_spots <= self.max_spots:
            raise RecipeError(f"regions: {self.min_spots} to {self.max_spots} spots are no range.")
        if self.per_section < 1 or self.turns < 1:
            raise RecipeError("regions: per_section and turns are at least 1.")


@dataclass(frozen=True, kw_only=True)
class OutputRule:
    """Which genes a head predicts, decided on the training sections alone."""

    n_genes: int = 30
    """So many driver genes: those with the highest mean expression over the training spots."""
    min_detected: float = 0.5
    """Least share of spots with a count, in every training section, for a driver gene."""
    min_member_detected: float = 0.02
    """The same for a member of a signature."""
    signatures: tuple[str, ...] = ("t_cells", "b_cells", "cytotoxic", "cd3", "plasma_cells")
    """Signatures, if enough of their members are detected."""


@dataclass(frozen=True, kw_only=True)
class SpatialRecipe:
    """One experiment."""

    name: str
    """Identifier."""
    folder: str
    """Inside the data folder: one folder a section."""
    sections: tuple[str, ...]
    """Names of the sections; each is held out once."""
    model_held_out: str
    """Section that the model which is written has never seen."""
    mpp: float
    """Micrometres per pixel of the sections."""
    tiles: TileGeometry
    """Tiles of the model."""
    model: ModelText
    """Name and words of the model."""
    source: str
    """Who made the data, for the card."""
    compared_tiles: tuple[TileGeometry, ...] = ()
    """Other geometries to report."""
    compared_regions: tuple[RegionConfig, ...] = ()
    """Other bags to report."""
    regions: RegionConfig = RegionConfig()
    """Bags."""
    outputs: OutputRule = OutputRule()
    """Genes and signatures."""
    training: TrainingConfig = field(default_factory=TrainingConfig)
    """The head."""
    seeds: int = 5
    """Seeds of every head."""
    block_um: float = 700.0
    """Width of the blocks of the spatial bootstrap in micrometres."""
    n_resamples: int = 1000
    """Draws of the bootstrap."""
    n_shifts: int = 999
    """Shifts of the null."""
    notes: tuple[str, ...] = ()
    """What a reader of the results has to know, a sentence or two each."""

    def __post_init__(self) -> None:
        if len(set(self.sections)) != len(self.sections) or len(self.sections) < 3:
            raise RecipeError(
                f"{self.name}: {len(self.sections)} sections, and at least three different ones are needed.",
                advice="One is held out, one stops the training early, one is learned from.",
            )
        if self.model_held_out not in self.sections:
            raise RecipeError(f"{self.name}: {self.model_held_out!r} is none of the sections.")


def quick(recipe: SpatialRecipe) -> SpatialRecipe:
    """Return the recipe with one seed, few epochs and few draws: a trial of the machinery, not a result."""
    return replace(
        recipe,
        seeds=1,
        n_resamples=50,
        n_shifts=39,
        training=replace(recipe.training, epochs=3, patience=2),
        regions=replace(recipe.regions, per_section=min(20, recipe.regions.per_section), turns=1),
    )


def read_spatial_recipe(path: Path) -> SpatialRecipe:
    """Read a recipe.

    Raises
    ------
    RecipeError
        If the file is missing or not TOML, or an entry does not fit.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(f"The recipe {path} cannot be read: {error}.") from error
    return build(SpatialRecipe, content, path.name)
