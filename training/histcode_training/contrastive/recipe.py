"""The recipe of a contrastive training run; one may build on another and say only what differs."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from histcode_training.contrastive.augment.config import AugmentationConfig
from histcode_training.contrastive.config import (
    HealthConfig,
    NegativesConfig,
    NetworkConfig,
    OptimisationConfig,
)
from histcode_training.contrastive.sources.config import SourceConfig, TilesConfig
from histcode_training.errors import RecipeError
from histcode_training.recipe import build

MOST_BASES = 8
"""Longest chain of recipes that build on each other."""


@dataclass(frozen=True, kw_only=True)
class EncoderText:
    """What the encoder's card says apart from what was measured."""

    name: str
    """Identifier of the encoder; part of the names of feature folders."""
    version: str
    """Its version."""
    description: str
    """One sentence."""
    licence: str
    """Licence of the weights, or why there is none."""
    limits: str
    """What it may not be used for, and what nobody tested."""


@dataclass(frozen=True, kw_only=True)
class EncoderRecipe:
    """One training run."""

    name: str
    """Identifier."""
    tiles: TilesConfig
    """Size and resolution of the tiles."""
    source: tuple[SourceConfig, ...]
    """Where they come from."""
    encoder: EncoderText
    """Name and words of the encoder."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """The network."""
    negatives: NegativesConfig = field(default_factory=NegativesConfig)
    """The negatives."""
    training: OptimisationConfig = field(default_factory=OptimisationConfig)
    """How it learns."""
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    """How views differ."""
    health: HealthConfig = field(default_factory=HealthConfig)
    """What is watched."""

    def __post_init__(self) -> None:
        names = [source.name for source in self.source]
        if not names or len(set(names)) != len(names):
            raise RecipeError(
                f"{self.name}: sources are {', '.join(names) or 'none'}.", advice="Give each its own name."
            )
        if self.negatives.kind == "none" and self.negatives.is_symmetric:
            raise RecipeError(
                f"{self.name}: without a bank both views are queries anyway.",
                advice="Leave is_symmetric out.",
            )

    def digest(self) -> str:
        """SHA-256, in hex, over everything in it that decides the result."""
        content = asdict(self)
        for name in ("checkpoint_minutes", "checkpoint_steps"):
            del content["training"][name]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read_encoder_recipe(path: Path) -> EncoderRecipe:
    """Read a recipe.

    Parameters
    ----------
    path : Path
        The TOML file. An entry ``base`` names another one beside it, whose entries hold wherever this one
        says nothing else; tables are joined entry by entry, lists are replaced.

    Raises
    ------
    RecipeError
        If a file is missing or not TOML, recipes build on each other in a circle, or an entry does not fit.
    """
    return build(EncoderRecipe, _read(path, depth=0), path.name)


def quick(recipe: EncoderRecipe) -> EncoderRecipe:
    """Return the recipe with few tiles and a few steps: a trial of the machinery, not a result."""
    return replace(
        recipe,
        source=tuple(replace(source, max_tiles=6, max_slides=6) for source in recipe.source),
        negatives=replace(recipe.negatives, size=min(64, recipe.negatives.size), warmup_steps=2),
        training=replace(
            recipe.training, epochs=2, batch_size=min(16, recipe.training.batch_size), warmup_steps=2
        ),
        health=replace(recipe.health, every=2),
    )


def _read(path: Path, *, depth: int) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(f"The recipe {path} cannot be read: {error}.") from error
    base = content.pop("base", None)
    if base is None:
        return content
    if not isinstance(base, str) or depth >= MOST_BASES:
        raise RecipeError(
            f"{path.name}, base: {base!r} is no recipe to build on.",
            advice="Name one file beside it, and let no recipe build on itself.",
        )
    return _joined(_read(path.parent / base, depth=depth + 1), content)


def _joined(base: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    joined = dict(base)
    for name, value in own.items():
        old = joined.get(name)
        joined[name] = _joined(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return joined
