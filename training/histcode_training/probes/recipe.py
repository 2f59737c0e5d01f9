"""The recipe of the probes: which material, which parts are held out, how strengths are chosen."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

from histcode_training.errors import RecipeError
from histcode_training.mil.tile_cohort import TileTableConfig
from histcode_training.recipe import TileGeometry, build

ALL_TILES = 0
"""No limit to the tiles of a field or group."""


@dataclass(frozen=True, kw_only=True)
class FieldProbeConfig:
    """Class of the tiles of labelled fields, split by slide."""

    name: str
    """As tables show it."""
    table: str
    """Table ``file,label,slide,case`` inside the data folder."""
    labels: tuple[str, ...]
    """Classes, as the table says them."""
    shown: tuple[str, ...]
    """The same as people read them."""
    mpp: float
    """Micrometres per pixel of the fields."""
    split: str
    """File of the held-out slides, beside the recipe."""
    folds: int = 4
    """Folds by slide over all slides, beside the held-out part."""
    most_tiles: int = ALL_TILES
    """Most tiles of a field; 0 takes all."""

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.shown) or len(set(self.labels)) != len(self.labels):
            raise RecipeError(f"{self.name}: each label is listed once, with one name to show.")
        if self.folds < 2:
            raise RecipeError(f"{self.name}: folds is at least 2, not {self.folds}.")


@dataclass(frozen=True, kw_only=True)
class GroupProbeConfig:
    """Class of single tiles, split by group."""

    name: str
    """As tables show it."""
    tiles: TileTableConfig
    """Where tiles, classes and groups stand."""
    shown: tuple[str, ...]
    """Classes as people read them."""
    split: str
    """File of the held-out groups, beside the recipe."""
    most_tiles: int = ALL_TILES
    """Most tiles of a group; 0 takes all."""

    def __post_init__(self) -> None:
        if len(self.tiles.classes) < 2 or len(self.tiles.classes) != len(self.shown):
            raise RecipeError(
                f"{self.name}: tiles.classes lists at least two classes, and shown a name of each."
            )
        if self.tiles.bags_per_group != 1:
            raise RecipeError(f"{self.name}: a probe takes whole groups; leave bags_per_group out.")


@dataclass(frozen=True, kw_only=True)
class SpotProbeConfig:
    """Cell-type proportions of spots from the tile on each, split by section."""

    name: str
    """As tables show it."""
    folder: str
    """Inside the data folder: one folder a section."""
    sections: tuple[str, ...]
    """Sections."""
    held_out: str
    """Section that is tested; the others are learned from."""
    mpp: float
    """Micrometres per pixel of the sections."""
    block_um: float = 700.0
    """Width of the blocks of spots that the bootstrap draws, in micrometres."""

    def __post_init__(self) -> None:
        if self.held_out not in self.sections:
            raise RecipeError(f"{self.name}: {self.held_out!r} is none of the sections.")
        if len(set(self.sections)) != len(self.sections) or len(self.sections) < 3:
            raise RecipeError(
                f"{self.name}: at least three different sections are needed, not {len(self.sections)}.",
                advice="One is held out; the strength is chosen by predicting each other one from the rest.",
            )


@dataclass(frozen=True, kw_only=True)
class LinearConfig:
    """How probes are fitted: the same for every encoder."""

    penalties: tuple[float, ...] = (0.1, 1, 10, 100, 1e3, 1e4, 1e5)
    """Penalties of the logistic regression to choose from, on the sum of the losses (1 / C)."""
    ridge_penalties: tuple[float, ...] = (1e0, 1e1, 1e2, 3e2, 1e3, 3e3, 1e4, 3e4, 1e5, 3e5, 1e6)
    """Penalties of the ridge regression to choose from."""
    inner_folds: int = 4
    """Folds inside the training part that choose the penalty, by slide or group."""
    max_iterations: int = 2000
    """Most iterations of the logistic regression."""

    def __post_init__(self) -> None:
        for name in ("penalties", "ridge_penalties"):
            values = getattr(self, name)
            if not values or min(values) <= 0 or list(values) != sorted(set(values)):
                raise RecipeError(f"linear: {name} are positive and rise.")
        if self.inner_folds < 2:
            raise RecipeError(f"linear: inner_folds is at least 2, not {self.inner_folds}.")


@dataclass(frozen=True, kw_only=True)
class ProbeRecipe:
    """One judgement of encoders."""

    name: str
    """Identifier."""
    tiles: TileGeometry
    """Tiles that every encoder sees; one made for other tiles is refused."""
    fields: FieldProbeConfig | None = None
    """Probe on labelled fields."""
    groups: GroupProbeConfig | None = None
    """Probe on groups of tiles."""
    spots: SpotProbeConfig | None = None
    """Probe on spots."""
    linear: LinearConfig = field(default_factory=LinearConfig)
    """How probes are fitted."""
    n_resamples: int = 2000
    """Draws of the bootstrap."""
    notes: tuple[str, ...] = ()
    """What a reader of the results has to know, a sentence or two each."""

    def __post_init__(self) -> None:
        if self.fields is None and self.groups is None and self.spots is None:
            raise RecipeError(
                f"{self.name}: there is nothing to probe.",
                advice="Give one of the tables [fields], [groups], [spots].",
            )


def read_probe_recipe(path: Path) -> ProbeRecipe:
    """Read a recipe.

    Raises
    ------
    RecipeError
        If the file is missing or not TOML, or an entry does not fit.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(
            f"The recipe {path} cannot be read: {error}.",
            advice="Those of a checkout are in training/recipes.",
        ) from error
    return build(ProbeRecipe, content, path.name)


def quick(recipe: ProbeRecipe) -> ProbeRecipe:
    """Return the recipe with few tiles, penalties and draws: a trial of the machinery, not a result."""
    return replace(
        recipe,
        n_resamples=50,
        fields=replace(recipe.fields, folds=2, most_tiles=4) if recipe.fields else None,
        groups=replace(recipe.groups, most_tiles=1) if recipe.groups else None,
        linear=replace(
            recipe.linear,
            inner_folds=2,
            penalties=recipe.linear.penalties[::3],
            ridge_penalties=recipe.linear.ridge_penalties[::3],
        ),
    )
