from __future__ import annotations

import pytest

from histcode_training.errors import RecipeError
from histcode_training.recipe import RECIPES, HeadConfig, TissueClass, build, read_recipe

# of labelled fields: other recipes have readers and tests of their own
RUNS = sorted(path for path in RECIPES.glob("*.toml") if "\n[[classes]]" in path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.name)
def test_every_recipe_of_the_checkout_can_be_read(path):
    recipe = read_recipe(path)

    assert (RECIPES / recipe.split).is_file()
    assert len({tissue.name for tissue in recipe.classes}) == len(recipe.classes)


def test_values_that_are_not_given_keep_their_default():
    assert build(HeadConfig, {"hidden_dim": 7}, "head") == HeadConfig(hidden_dim=7)


def test_whole_numbers_serve_where_a_number_is_wanted():
    assert build(HeadConfig, {"dropout": 0}, "head").dropout == 0.0


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"hidden": 7}, "no entry 'hidden'"),
        ({"hidden_dim": "7"}, "hidden_dim: int is needed"),
        ({"hidden_dim": True}, "hidden_dim: int is needed"),
        ({"hidden_dim": 1.5}, "hidden_dim: int is needed"),
        ([], "a table is needed"),
    ],
)
def test_a_faulty_entry_is_named(content, expected):
    with pytest.raises(RecipeError, match=expected):
        build(HeadConfig, content, "head")


@pytest.mark.parametrize("colour", [[1, 2], "red", [1, 2, "3"]])
def test_a_colour_is_three_numbers(colour):
    content = {"label": "a", "name": "a", "shown": "a", "region": "A", "colour": colour}

    with pytest.raises(RecipeError, match="colour"):
        build(TissueClass, content, "class")


def test_a_missing_entry_is_named():
    with pytest.raises(RecipeError, match="'label' is missing"):
        build(TissueClass, {}, "class")


def test_a_missing_recipe_and_broken_toml_are_typed_errors(tmp_path):
    with pytest.raises(RecipeError, match="cannot be read"):
        read_recipe(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("[")
    with pytest.raises(RecipeError, match="cannot be read"):
        read_recipe(tmp_path / "broken.toml")
