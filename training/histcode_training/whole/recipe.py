"""The recipe of a whole model: which encoder, which probes, which heads, and the words of the card."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from histcode_training.cohort import read_cohort
from histcode_training.contrastive.recipe import EncoderRecipe, read_encoder_recipe
from histcode_training.contrastive.recipe import quick as quick_encoder
from histcode_training.errors import RecipeError
from histcode_training.mil.recipe import HeadsRecipe, read_heads_recipe
from histcode_training.mil.recipe import quick as quick_heads
from histcode_training.probes.recipe import ProbeRecipe, read_probe_recipe
from histcode_training.probes.recipe import quick as quick_probes
from histcode_training.recipe import Recipe, TileGeometry, build, read_recipe
from histcode_training.spatial.recipe import SpatialRecipe, read_spatial_recipe
from histcode_training.spatial.recipe import quick as quick_genes
from histcode_training.splits import Split, read_held_out, split_cohort

IMAGENET = "imagenet"
"""The encoder that need not be trained."""


@dataclass(frozen=True, kw_only=True)
class CombinedText:
    """What the card of the whole model says apart from what was measured."""

    name: str
    """Identifier of the model."""
    version: str
    """Its version."""
    description: str
    """One sentence for the list of models."""
    licence: str
    """Licence of the heads' weights; the encoder has its own."""
    intended_use: str
    """What it is for."""
    limits: str
    """What it may not be used for, and what nobody tested, for every head."""


@dataclass(frozen=True, kw_only=True)
class WholeRecipe:
    """One model from beginning to end; recipes are named by their files beside this one."""

    name: str
    """Identifier."""
    model: CombinedText
    """Name and words of the model."""
    encoder: str = IMAGENET
    """Recipe of the contrastive training, or "imagenet"."""
    probes: str = ""
    """Recipe that judges the encoder; none without it."""
    tissue: str = ""
    """Recipe of a head on labelled fields, and of the sample slide."""
    diagnosis: str = ""
    """Recipe of a head on groups of tiles."""
    genes: str = ""
    """Recipe of a head on sections with spots."""
    most_mb: float = 20.0
    """The model folder may not be larger, in millions of bytes."""

    def __post_init__(self) -> None:
        if not (self.tissue or self.diagnosis or self.genes):
            raise RecipeError(
                f"{self.name}: a model needs a head.", advice="Name tissue, diagnosis or genes."
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class WholeParts:
    """A recipe with all that it names; None where it names nothing."""

    recipe: WholeRecipe
    """The recipe."""
    folder: Path
    """Its folder, where split files lie."""
    geometry: TileGeometry
    """Tiles of all parts."""
    encoder: EncoderRecipe | None
    """Contrastive training; None for ImageNet's."""
    probes: ProbeRecipe | None
    """Judgement of the encoder."""
    tissue: Recipe | None
    """Head on fields."""
    diagnosis: HeadsRecipe | None
    """Head on groups of tiles."""
    genes: SpatialRecipe | None
    """Head on sections."""

    def tissue_split(self, data: Path) -> Split:
        """Read the fields with their split.

        Raises
        ------
        HistCodeError
            If the recipe has no such head, or table or split are wrong.
        """
        if self.tissue is None:
            raise RecipeError(f"{self.recipe.name} has no head on fields.")
        cohort = read_cohort(data / self.tissue.table, self.tissue.labels)
        return split_cohort(cohort, read_held_out(self.folder / self.tissue.split))


def read_whole_recipe(path: Path, *, is_quick: bool = False) -> WholeParts:
    """Read a recipe and those that it names, and make sure that they fit together.

    Parameters
    ----------
    path : Path
        The TOML file.
    is_quick : bool
        Whether to return a trial of the machinery: few tiles, epochs, seeds and draws everywhere.

    Raises
    ------
    RecipeError
        If a file is missing or not TOML, an entry does not fit, or parts have different tiles.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(
            f"The recipe {path} cannot be read: {error}.",
            advice="Those of a checkout are in training/recipes.",
        ) from error
    recipe: WholeRecipe = build(WholeRecipe, content, path.name)
    folder = path.parent
    is_trained = recipe.encoder != IMAGENET
    parts = WholeParts(
        recipe=recipe,
        folder=folder,
        geometry=TileGeometry(tile_px=0, mpp=0),
        encoder=read_encoder_recipe(folder / recipe.encoder) if is_trained else None,
        probes=read_probe_recipe(folder / recipe.probes) if recipe.probes else None,
        tissue=read_recipe(folder / recipe.tissue) if recipe.tissue else None,
        diagnosis=read_heads_recipe(folder / recipe.diagnosis) if recipe.diagnosis else None,
        genes=read_spatial_recipe(folder / recipe.genes) if recipe.genes else None,
    )
    parts = replace(parts, geometry=_geometry(parts))
    _check_diagnosis(parts)
    return _quick(parts) if is_quick else parts


def _geometry(parts: WholeParts) -> TileGeometry:
    """Return the tiles that all parts have."""
    found = {
        name: part.tiles if isinstance(part.tiles, TileGeometry) else part.tiles.geometry
        for name, part in (
            ("encoder", parts.encoder), ("probes", parts.probes), ("tissue", parts.tissue),
            ("genes", parts.genes),
        )
        if part is not None
    }  # fmt: skip
    if not found:
        raise RecipeError(
            f"{parts.recipe.name}: nothing says which tiles the encoder takes.",
            advice="Name the recipe of an encoder or of probes.",
        )
    first, *others = found
    for name in others:
        if found[name] != found[first]:
            raise RecipeError(
                f"{parts.recipe.name}: {first} has tiles of {found[first].label}, {name} of "
                f"{found[name].label}.",
                advice="One encoder has one kind of tiles: change one of both recipes.",
            )
    return found[first]


def _check_diagnosis(parts: WholeParts) -> None:
    diagnosis = parts.diagnosis
    if diagnosis is not None and (diagnosis.tiles is None or diagnosis.model is None):
        raise RecipeError(
            f"{parts.recipe.name}: {diagnosis.name} is no recipe of a model on groups of tiles.",
            advice="It needs the tables [tiles] and [model].",
        )


def _quick(parts: WholeParts) -> WholeParts:
    return replace(
        parts,
        encoder=quick_encoder(parts.encoder) if parts.encoder else None,
        probes=quick_probes(parts.probes) if parts.probes else None,
        tissue=quick_tissue(parts.tissue) if parts.tissue else None,
        diagnosis=quick_heads(parts.diagnosis) if parts.diagnosis else None,
        genes=quick_genes(parts.genes) if parts.genes else None,
    )


def quick_tissue(recipe: Recipe) -> Recipe:
    """Return a recipe of fields with one seed, two folds and few bags: no result."""
    head = recipe.head
    return replace(
        recipe,
        views=replace(recipe.views, turns=1),
        head=replace(
            head,
            epochs=min(3, head.epochs),
            patience=2,
            bags_per_epoch=min(16, head.bags_per_epoch),
            folds=2,
            seeds=1,
        ),
    )
