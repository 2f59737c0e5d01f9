from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from histcode_training.contrastive.config import HealthConfig, NegativesConfig, OptimisationConfig
from histcode_training.contrastive.recipe import quick, read_encoder_recipe
from histcode_training.contrastive.sources.config import TilesConfig
from histcode_training.errors import RecipeError
from histcode_training.recipe import RECIPES

from .material import SOURCE, tiny_recipe

SHIPPED = ("adco", "adco_symmetric", "moco_v2", "simclr", "adco_cold")


def test_shipped_recipes_differ_in_nothing_but_negatives_and_words() -> None:
    recipes = [read_encoder_recipe(RECIPES / f"encoder_{name}.toml") for name in SHIPPED]
    assert [(r.negatives.kind, r.negatives.is_symmetric) for r in recipes] == [
        ("adversarial", False), ("adversarial", True), ("queue", False), ("none", False),
        ("adversarial", False),
    ]  # fmt: skip
    first = recipes[0]
    for recipe in recipes[1:]:
        steps = 2 if recipe.negatives.is_symmetric else 1  # so many times as dear is a step
        assert recipe.training.epochs * steps == first.training.epochs
        alike = replace(
            recipe, name=first.name, negatives=first.negatives, encoder=first.encoder,
            training=replace(recipe.training, epochs=first.training.epochs),
        )  # fmt: skip
        assert alike == first
    assert len({recipe.encoder.name for recipe in recipes}) == len(SHIPPED)


def test_the_small_bank_differs_in_its_size_alone() -> None:
    short, small = (
        read_encoder_recipe(RECIPES / f"encoder_adco_{name}.toml") for name in ("short", "small_bank")
    )
    assert small.negatives.size * 8 == short.negatives.size
    alike = replace(small.negatives, size=short.negatives.size)
    assert replace(small, name=short.name, encoder=short.encoder, negatives=alike) == short


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_recipes_build_on_each_other(tmp_path: Path) -> None:
    write(tmp_path, "one.toml", "[tiles]\ntile_px = 64\nmpp = 1.0\n[training]\nepochs = 3\nbatch_size = 8\n")
    write(
        tmp_path, "two.toml",
        'base = "one.toml"\n[[source]]\nname = "a"\nkind = "tiles"\ntable = "t.csv"\nlicence = "CC0"\n',
    )  # fmt: skip
    path = write(
        tmp_path, "three.toml",
        'base = "two.toml"\nname = "three"\n[tiles]\nread_px = 80\n[training]\nepochs = 5\n[encoder]\n'
        'name = "e"\nversion = "1"\ndescription = "d"\nlicence = "l"\nlimits = "n"\n',
    )  # fmt: skip
    recipe = read_encoder_recipe(path)
    assert (recipe.tiles.tile_px, recipe.tiles.read_px) == (64, 80)
    assert (recipe.training.epochs, recipe.training.batch_size) == (5, 8)
    assert recipe.source[0].name == "a"


def test_circles_and_missing_bases_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "a.toml", 'base = "b.toml"')
    with pytest.raises(RecipeError, match="cannot be read"):
        read_encoder_recipe(path)
    write(tmp_path, "b.toml", 'base = "a.toml"')
    with pytest.raises(RecipeError, match="no recipe to build on"):
        read_encoder_recipe(path)


def test_digest_is_of_what_decides_the_result() -> None:
    recipe = tiny_recipe()
    patient = tiny_recipe(training={"checkpoint_minutes": 1.0})
    assert recipe.digest() == patient.digest()
    assert recipe.digest() != tiny_recipe(training={"epochs": 4}).digest()


def test_quick_is_small() -> None:
    small = quick(read_encoder_recipe(RECIPES / "encoder_adco.toml"))
    assert small.training.epochs * small.training.batch_size <= 32
    assert all(source.max_tiles * source.max_slides <= 36 for source in small.source)


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        (OptimisationConfig, {"batch_size": 1}, "batch_size is 1"),
        (OptimisationConfig, {"temperature": 0.0}, "temperature is 0"),
        (OptimisationConfig, {"key_momentum": 1.0}, "key_momentum is 1"),
        (NegativesConfig, {"size": 0}, "size is 0"),
        (NegativesConfig, {"learning_rate": -1.0}, "learning_rate is -1"),
        (HealthConfig, {"every": 0}, "every is 0"),
        (TilesConfig, {"tile_px": 64, "mpp": 1.0, "read_px": 32}, "read_px is 32"),
        (TilesConfig, {"tile_px": 64, "mpp": 0.0, "read_px": 64}, "no tile"),
    ],
)
def test_values_out_of_range_are_refused(kind: type, wrong: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        kind(**wrong)


def test_impossible_combinations_are_refused() -> None:
    with pytest.raises(RecipeError, match="both views are queries anyway"):
        tiny_recipe(negatives={"kind": "none", "is_symmetric": True})
    with pytest.raises(RecipeError, match="its own name"):
        replace(tiny_recipe(), source=(SOURCE, SOURCE))
