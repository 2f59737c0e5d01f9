from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from histcode_training.cli import main
from napari_histcode.models import factory

from .material import TINY, write_tiles

RECIPE = """
name = "squares"
[tiles]
tile_px = 32
mpp = 1.0
read_px = 40
[[source]]
name = "squares"
kind = "tiles"
table = "tiles.csv"
group = "group"
licence = "CC0"
[network]
architecture = "resnet18_layer3"
start = "random"
hidden_dim = 16
projection_dim = 8
[training]
batch_size = 8
[encoder]
name = "squares"
version = "1"
description = "Squares."
licence = "CC0"
limits = "Nothing was tested."
"""


def test_from_a_recipe_to_an_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_tiles(tmp_path / "data")
    recipe, out = tmp_path / "recipe.toml", tmp_path / "out"
    recipe.write_text(RECIPE, encoding="utf-8")
    arguments = ["encoder", str(recipe), "--data", str(data), "--out", str(out), "--device", "cpu", "--quick"]
    monkeypatch.setitem(factory._OWN, "resnet18_layer3", TINY["resnet18_layer3"])
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "squares: 24 tiles of 4 slides or groups" in said
    assert "48 tiles seen" in said
    assert json.loads((out / "run.json").read_text(encoding="utf-8"))["steps"] == 6
    assert (out / "curves.png").read_bytes()[:4] == b"\x89PNG"
    assert {path.name for path in out.iterdir()} == {
        "checkpoint.pt", "curves.png", "encoder", "run.json", "tiles", "training.csv",
    }  # fmt: skip
    assert main(arguments) == 0
    assert "finished" in capsys.readouterr().out
    assert main([*arguments, "--seed", "1"]) == 1
    assert "finished run of another recipe, seed" in capsys.readouterr().err


@pytest.mark.skipif(find_spec("tensorboard") is not None, reason="TensorBoard is installed")
def test_tensorboard_is_asked_for_and_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_tiles(tmp_path / "data")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    arguments = ["encoder", str(recipe), "--data", str(data), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--tensorboard"]) == 1
    assert "pip install tensorboard" in capsys.readouterr().err
