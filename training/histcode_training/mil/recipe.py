"""The recipe of heads on a cohort of slides, of groups of tiles, or of fields."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

from histcode_training.cohorts.config import CohortConfig, FoldConfig
from histcode_training.errors import RecipeError
from histcode_training.mil.config import EXPORTABLE, MilPooling, Task, TrainingConfig
from histcode_training.mil.field_cohort import FieldTableConfig
from histcode_training.mil.tile_cohort import TileTableConfig
from histcode_training.recipe import ModelText, build

SHOWN: dict[MilPooling, str] = {
    "gated_attention": "gated attention",
    "mean": "mean pooling",
    "max": "max pooling",
    "top_k": "top-k pooling",
    "clam": "CLAM",
}
"""Poolings as tables name them."""

TWIN = "untrained twin"
IMAGENET = "{pooling} on ImageNet features"


@dataclass(frozen=True, kw_only=True)
class FeatureConfig:
    """Which features the bags have."""

    folder: str = ""
    """Folder of feature files inside the data folder; empty where tiles are encoded."""
    model: str = ""
    """Model whose encoder made the features, or encodes the tiles; a model file needs one."""
    imagenet_folder: str = ""
    """Folder of features of the same slides by an ImageNet encoder, for the baseline."""
    has_imagenet_baseline: bool = True
    """Whether tiles are encoded with ImageNet weights as well, unless the encoder is just that."""


@dataclass(frozen=True, kw_only=True)
class HeadsRecipe:
    """One run."""

    name: str
    """Identifier."""
    task: Task
    """What is predicted."""
    features: FeatureConfig
    """Where features come from."""
    cohort: CohortConfig | None = None
    """Cohort of slides; this, ``tiles`` or ``fields``."""
    tiles: TileTableConfig | None = None
    """Cohort of groups of tiles."""
    fields: FieldTableConfig | None = None
    """Cohort of labelled fields."""
    folds: FoldConfig = field(default_factory=FoldConfig)
    """Division."""
    training: TrainingConfig = field(default_factory=TrainingConfig)
    """The head."""
    compared: tuple[MilPooling, ...] = ()
    """Poolings to compare with, beside mean pooling."""
    seeds: int = 5
    """Seeds of every head."""
    quantity: str = "log2 fold change"
    """What is regressed."""
    unit: str = ""
    """Its unit."""
    fold_changes: str = ""
    """Table inside the data folder with ``gene,log2_fold_change``, for the curve of r; the median of the
    targets where there is none and these are fold changes."""
    n_resamples: int = 1000
    """Draws of the bootstrap over patients."""
    n_permutations: int = 999
    """Permutations of the null."""
    source: str = ""
    """Who made the data, for the card."""
    reference: str = "label of the slide"
    """What outputs are compared with, for the card."""
    notes: str = ""
    """What a reader of the results has to know."""
    shown: tuple[str, ...] = ()
    """Outputs as people read them, in their order; as the data call them where this is empty."""
    model: ModelText | None = None
    """Name and words of the model that is written; none without it."""

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.cohort, self.tiles, self.fields)) != 1:
            raise RecipeError(f"{self.name}: a recipe has one of the tables [cohort], [tiles] and [fields].")
        if self.cohort is not None and not self.features.folder:
            raise RecipeError(f"{self.name}: a cohort of slides needs features.folder.")
        if self.cohort is None and not self.features.model:
            raise RecipeError(f"{self.name}: tiles and fields need features.model, whose encoder reads them.")
        if self.model is not None and not self.features.model:
            raise RecipeError(f"{self.name}: a model file needs features.model, whose encoder it shall hold.")
        if self.model is not None and self.training.pooling not in EXPORTABLE:
            raise RecipeError(
                f"{self.name}: a model file cannot hold pooling {self.training.pooling!r}.",
                advice=f"Train {' or '.join(EXPORTABLE)}, and compare with it.",
            )
        if self.seeds < 1:
            raise RecipeError(f"{self.name}: seeds is at least 1.")

    @property
    def poolings(self) -> tuple[MilPooling, ...]:
        """All poolings that are trained, the model's first."""
        return tuple(dict.fromkeys((self.training.pooling, "mean", *self.compared)))


def read_heads_recipe(path: Path) -> HeadsRecipe:
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
    return build(HeadsRecipe, content, path.name)


def quick(recipe: HeadsRecipe) -> HeadsRecipe:
    """Return the recipe with one seed, few epochs and few draws: a trial of the machinery, not a result."""
    return replace(
        recipe,
        seeds=1,
        n_resamples=50,
        n_permutations=39,
        training=replace(recipe.training, epochs=min(3, recipe.training.epochs), patience=2),
    )
