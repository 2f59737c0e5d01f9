from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from histcode_training.cli import main
from histcode_training.encoders import half_imagenet_encoder
from histcode_training.errors import CohortError, RecipeError, SplitError
from histcode_training.mil.tile_cohort import read_tile_cohort
from histcode_training.probes.cell_types import read_cells
from histcode_training.probes.encoders import COLOUR, IMAGENET, UNTRAINED, colour_encoder, judged_encoders
from histcode_training.probes.group_split import check_groups, lung_split
from histcode_training.probes.recipe import quick, read_probe_recipe
from histcode_training.recipe import RECIPES, TileGeometry
from histcode_training.spatial.section import read_section
from histcode_training.splits import read_held_out
from napari_histcode.errors import ModelMismatchError, ModelNotFoundError
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import save_model
from tests.training.tiny_data import MPP, PROBES, TILE_PX, write_probe_recipe, write_tiny_data

GEOMETRY = TileGeometry(tile_px=TILE_PX, mpp=MPP)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probes")
    data = write_tiny_data(folder / "data")
    recipe = write_probe_recipe(folder / "recipes")
    save_model(build_model(half_imagenet_encoder(GEOMETRY), name="start"), folder / "start")
    arguments = ["probes", str(recipe), "--data", str(data), "--cache", str(folder / "cache"),
                 "--encoder", f"the same={folder / 'start'}"]  # fmt: skip
    statuses = [
        main([*arguments, "--out", str(folder / name), "--page", str(folder / name / "page.md")])
        for name in ("one", "two")
    ]
    return folder, data, recipe, statuses, json.loads((folder / "one" / "probes.json").read_text())


def test_every_encoder_is_measured_on_every_part(made):
    *_, statuses, content = made

    assert statuses == [0, 0]
    assert [one["name"] for one in content["encoders"]] == [IMAGENET, "the same", UNTRAINED, COLOUR]
    for one in content["encoders"]:
        parts = [(part["probe"], part["part"], part["is_deciding"]) for part in one["parts"]]
        assert parts == [
            ("osteosarcoma", "held-out slides", True),
            ("osteosarcoma", "2 folds over all slides", False),
            ("lung", "held-out groups", True),
            ("cell types", "held-out section S1", True),
            ("cell types", "each section held out once", False),
        ]
        assert set(one["effective_rank"]) == {"osteosarcoma", "lung", "cell types"}
    digests = [one["digest"] for one in content["encoders"]]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    drawn = [part["drawn"] for part in content["encoders"][0]["parts"]]
    assert drawn[:3] == ["6 fields", "6 slides", "3 groups"]


def test_painted_classes_are_found_by_colour_and_the_twin_differs_by_nothing(made):
    *_, content = made
    by_name = {one["name"]: one for one in content["encoders"]}

    for part in by_name[COLOUR]["parts"]:
        assert part["figures"][part["main"]]["value"] > 0.8
    for part in by_name["the same"]["parts"]:
        for figure in part["figures"].values():
            difference = figure["difference"]
            assert difference["value"] == 0
            assert not difference["is_outside"]
            assert difference.get("reason") or (difference["low"], difference["high"]) == (0, 0)
    assert "difference" not in by_name[IMAGENET]["parts"][0]["figures"]["accuracy"]


def test_the_same_seed_gives_the_same_numbers_and_the_page_says_them(made):
    folder, *_, content = made

    assert (folder / "one" / "probes.json").read_bytes() == (folder / "two" / "probes.json").read_bytes()
    page = (folder / "one" / "page.md").read_text()
    assert "nan" not in page
    assert str(folder) not in page
    value = content["encoders"][3]["parts"][2]["figures"]["accuracy"]["value"]
    for word in (f"{value:.3f}", "Painted.", '--encoder "the same=FOLDER"', "slide purity", "6 fields"):
        assert word in page


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('held_out = "S1"', 'held_out = "S9"', "'S9' is none"),
        ('shown = ["benign", "LUAD", "LUSC"]', 'shown = ["benign"]', "shown a name of each"),
        ("folds = 2\n[groups]", "folds = 1\n[groups]", "at least 2"),
        ("inner_folds = 2", "inner = 2", "no entry 'inner'"),
    ],
)
def test_bad_recipes_are_refused(tmp_path, old, new, message):
    path = write_probe_recipe(tmp_path, PROBES.replace(old, new))

    with pytest.raises(RecipeError, match=message):
        read_probe_recipe(path)


def test_a_recipe_without_probes_and_a_missing_one_are_refused(tmp_path):
    path = write_probe_recipe(tmp_path, PROBES.split("[fields]")[0])
    with pytest.raises(RecipeError, match="nothing to probe"):
        read_probe_recipe(path)
    with pytest.raises(RecipeError, match="cannot be read"):
        read_probe_recipe(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda data, _: (data / "osteosarcoma/fields.csv").write_text("file,label\n"), "no column 'slide'"),
        (
            lambda data, _: (data / "lc25000_lung/tiles.csv").write_text("file,label\nx,y\n"),
            "no column 'group'",
        ),
        (lambda data, _: (data / "her2st/S2/celltypes.tsv").unlink(), "S2/celltypes.tsv cannot be read"),
        (lambda _, recipe: (recipe / "groups_split.toml").unlink(), "groups_split.toml cannot be read"),
        (lambda _, recipe: (recipe / "groups_split.toml").write_text('held_out = ["luad-99"]'), "'luad-99'"),
    ],
)
def test_bad_material_ends_with_one_line_before_anything_is_encoded(tmp_path, capsys, break_it, message):
    data, recipe = write_tiny_data(tmp_path / "data"), write_probe_recipe(tmp_path / "recipes")
    break_it(data, recipe.parent)

    status = main(["probes", str(recipe), "--data", str(data), "--out", str(tmp_path / "out"), "--quick"])

    captured = capsys.readouterr()
    assert status == 1
    assert message in captured.err
    assert "encoding" not in captured.out
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("\tA\n0x0\t0.1\n0x0\t0.2\n", "'0x0' twice"),
        ("\tA\n0x0\t1.7\n", "no proportion"),
        ("\tA\n0x0\t\n", "no proportion"),
        ("\tA\n0x0\tmany\n", "no number"),
        ("\tA\n9x9\t0.1\n", "No spot of section S1"),
    ],
)
def test_bad_cell_types_are_refused(made, tmp_path, content, message):
    _, data, *_ = made
    section = read_section(data / "her2st" / "S1", mpp=1.0)
    (tmp_path / "celltypes.tsv").write_text(content)

    with pytest.raises(CohortError, match=message):
        read_cells(section, tmp_path)


def test_a_spot_without_cell_types_is_left_out(made, tmp_path):
    _, data, *_ = made
    section = read_section(data / "her2st" / "S1", mpp=1.0)
    (tmp_path / "celltypes.tsv").write_text("\tA\tB\n3x2\t0.1\t0.9\n1x1\t0.3\t0.7\n")

    cells = read_cells(section, tmp_path)

    assert cells.section.spots == ("1x1", "3x2")
    np.testing.assert_allclose(cells.values, [[0.3, 0.7], [0.1, 0.9]])
    assert len(cells.section.counts) == 2


def test_encoders_that_do_not_fit_are_refused(made, capsys):
    folder, data, recipe, *_ = made
    start = folder / "start"

    with pytest.raises(ModelMismatchError, match="32 px at 2 um/px; the probes have 64 px"):
        judged_encoders({"a": start}, TileGeometry(tile_px=64, mpp=2.0))
    with pytest.raises(ModelNotFoundError, match="no folder"):
        judged_encoders({"a": folder / "absent"}, GEOMETRY)
    with pytest.raises(RecipeError, match="baseline"):
        judged_encoders({IMAGENET: start}, GEOMETRY)
    for texts, message in ((["=x"], "NAME=FOLDER"), ([f"a={start}", f"a={start}"], "twice")):
        given = [word for text in texts for word in ("--encoder", text)]
        assert main(["probes", str(recipe), "--data", str(data), "--out", "never", *given]) == 1
        assert message in capsys.readouterr().err


def test_mean_colour_is_mean_and_spread():
    tiles = np.random.default_rng(0).integers(0, 256, (3, TILE_PX, TILE_PX, 3), dtype=np.uint8)

    features = colour_encoder(GEOMETRY).encode(tiles)

    scaled = tiles / 255
    np.testing.assert_allclose(features[:, :3], scaled.mean(axis=(1, 2)), atol=1e-5)
    np.testing.assert_allclose(features[:, 3:], scaled.std(axis=(1, 2)), atol=1e-5)


def test_every_fourth_group_of_each_class_is_held_out(made):
    _, data, recipe, *_ = made
    config = read_probe_recipe(recipe).groups

    table = read_tile_cohort(data, config.tiles, "multi_class").table

    assert lung_split(table) == ("benign-3", "luad-3", "lusc-3")
    with pytest.raises(SplitError, match="every group"):
        check_groups(["a", "b"], ["b", "a"], where="split.toml")


def test_the_recipe_of_this_checkout_reads_and_its_lung_split_follows_the_rule(shared_data):
    recipe = read_probe_recipe(RECIPES / "encoder_probes.toml")
    table = read_tile_cohort(shared_data, recipe.groups.tiles, "multi_class").table

    assert set(read_held_out(RECIPES / recipe.groups.split)) == set(lung_split(table))
    assert quick(recipe).n_resamples < recipe.n_resamples
    assert replace(recipe, fields=None, spots=None).groups is not None
