from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from histcode_training.contrastive.export import read_encoder
from histcode_training.contrastive.history import COLUMNS, History, read_history
from histcode_training.contrastive.ranks import Ranks
from histcode_training.contrastive.run import RunOptions
from histcode_training.contrastive.train import CHECKPOINT, HISTORY, Advance
from histcode_training.errors import CollapseError, DivergedError, RecipeError, ResumeError
from histcode_training.recipe import TileGeometry
from napari_histcode.models.model_file import load_model

from .material import RESUMED, small, tiny_recipe, train, write_tiles

KILLED = """
import os, signal, sys
from pathlib import Path
from tests.training.contrastive.material import RESUMED, small, train
def watch(advance):
    if advance.step == 7:
        os.kill(os.getpid(), signal.SIGKILL)
with small():
    train(RESUMED, Path(sys.argv[1]), Path(sys.argv[2]), watch=watch)
"""


@pytest.fixture(autouse=True)
def _small() -> Iterator[None]:
    with small():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiles(tmp_path_factory.mktemp("tiles"))


def saved(out: Path) -> dict[str, Any]:
    return dict(torch.load(out / CHECKPOINT, weights_only=True))


def assert_same(left: Any, right: Any, where: str = "") -> None:
    """Bit by bit, through dicts and lists."""
    if isinstance(left, dict):
        assert left.keys() == right.keys()
        for name in left:
            assert_same(left[name], right[name], f"{where}.{name}")
    elif isinstance(left, torch.Tensor):
        assert torch.equal(left, right), where
    else:
        assert left == right, where


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_killed_and_resumed_is_as_if_nothing_had_happened(data: Path, tmp_path: Path) -> None:
    train(RESUMED, data, tmp_path / "whole")
    repository = Path(__file__).parents[3]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(data), str(tmp_path / "cut")],
        cwd=repository, env=os.environ | {"OMP_NUM_THREADS": "1"}, check=False, timeout=120,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    assert saved(tmp_path / "cut")["step"] == 6
    steps = []
    train(RESUMED, data, tmp_path / "cut", watch=lambda advance: steps.append(advance.step))
    assert steps == [7, 8, 9]
    whole, cut = saved(tmp_path / "whole"), saved(tmp_path / "cut")
    assert_same(whole["learner"], cut["learner"])
    weights = "encoder/weights.safetensors"
    assert (tmp_path / "whole" / weights).read_bytes() == (tmp_path / "cut" / weights).read_bytes()
    rows = [read_history(tmp_path / name / HISTORY) for name in ("whole", "cut")]
    assert [row["step"] for row in rows[1]] == [2, 4, 6, 8, 9]
    assert [row["loss"] for row in rows[0]] == [row["loss"] for row in rows[1]]


@pytest.mark.parametrize("kind", ["adversarial", "queue", "none"])
def test_every_strategy_learns_and_leaves_a_folder(data: Path, tmp_path: Path, kind: str) -> None:
    recipe = tiny_recipe(negatives={"kind": kind}, training={"epochs": 2, "learning_rate": 0.02})
    facts = train(recipe, data, tmp_path)
    assert facts["steps"] == 6
    assert facts["tiles_seen"] == 48
    assert str(data) not in (tmp_path / "run.json").read_text(encoding="utf-8")
    rows = read_history(tmp_path / HISTORY)
    assert [row["step"] for row in rows] == [2, 4, 6]
    assert all(np.isfinite(row["loss"]) for row in rows)
    model = load_model(tmp_path / "encoder")
    assert model.heads == ()
    assert model.card.training_data == ("CC0",)
    encoder = read_encoder(tmp_path / "encoder", TileGeometry(tile_px=48, mpp=0.5))
    assert encoder.record.digest == facts["encoder_digest"] == model.encoder.record.digest
    assert (encoder.record.tile_px, encoder.record.mpp, encoder.record.dtype) == (48, 0.5, "float16")
    assert encoder.encode(np.zeros((1, 48, 48, 3), np.uint8)).shape == (1, 64)
    assert train(recipe, data, tmp_path)["seconds"] == facts["seconds"]  # finished: not trained again


def test_another_recipe_in_the_folder_is_refused(data: Path, tmp_path: Path) -> None:
    train(tiny_recipe(training={"epochs": 1}), data, tmp_path)
    with pytest.raises(ResumeError, match="finished run of another recipe"):
        train(tiny_recipe(training={"epochs": 2}), data, tmp_path)
    (tmp_path / "run.json").unlink()
    with pytest.raises(ResumeError, match="run of another recipe"):
        train(tiny_recipe(training={"epochs": 2}), data, tmp_path)
    (tmp_path / CHECKPOINT).write_bytes(b"no checkpoint")
    with pytest.raises(ResumeError, match="cannot be read"):
        train(tiny_recipe(training={"epochs": 1}), data, tmp_path)


def test_collapse_is_said_and_stops(data: Path, tmp_path: Path) -> None:
    health = {"min_spread": 0.999, "patience": 2}
    training = {"epochs": 2, "learning_rate": 1e-6}
    with pytest.raises(CollapseError, match=r"After 4 steps all tiles look the same .* below 0.999"):
        train(tiny_recipe(health=health, training=training), data, tmp_path / "stopped")
    assert not (tmp_path / "stopped" / "encoder").exists()
    warnings = []
    recipe = tiny_recipe(health=health | {"is_stopping": False}, training=training)
    train(recipe, data, tmp_path / "warned", watch=lambda advance: warnings.append(advance.warning))
    assert [bool(text) for text in warnings] == [False, False, False, True, False, True]


@pytest.mark.parametrize(("rate", "sleeps"), [(1e-9, True), (0.5, False)])
def test_a_bank_that_sleeps_is_said(data: Path, tmp_path: Path, rate: float, sleeps: bool) -> None:
    warnings: list[str] = []
    recipe = tiny_recipe(negatives={"learning_rate": rate, "warmup_steps": 0})
    train(recipe, data, tmp_path, watch=lambda advance: warnings.append(advance.warning))
    assert any("no adversary" in text for text in warnings) == sleeps


def test_what_is_not_finite_stops_and_keeps_the_last_checkpoint(data: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(
        training={"learning_rate": 1e12, "warmup_steps": 0, "checkpoint_steps": 1}, health={"every": 1}
    )
    with pytest.raises(DivergedError, match=r"no numbers any more|the loss is nan"):
        train(recipe, data, tmp_path)
    if (tmp_path / CHECKPOINT).exists():
        weights = saved(tmp_path)["learner"]["network"]
        assert all(bool(torch.isfinite(value).all()) for value in weights.values())


def test_time_ends_training_with_a_low_rate(data: Path, tmp_path: Path) -> None:
    recipe = tiny_recipe(training={"epochs": 1000, "warmup_steps": 0})
    seen: list[Advance] = []
    facts = train(recipe, data, tmp_path, minutes=0.4 / 60, watch=seen.append)
    assert facts["steps"] < 3000
    assert seen[-1].row is not None
    assert facts["seconds"] >= 0.4
    assert seen[-1].n_steps == seen[-1].step
    rates = [row["learning_rate"] for row in read_history(tmp_path / HISTORY)]
    assert rates == sorted(rates, reverse=True)


def test_batches_that_cannot_be_divided_are_refused() -> None:
    with pytest.raises(RecipeError, match="9 tiles cannot be divided among 2"):
        Ranks(0, 2).share_of(9)


@pytest.mark.parametrize("wrong", [{"minutes": 0.0}, {"seed": -1}])
def test_impossible_options_are_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match=next(iter(wrong))):
        RunOptions(out=tmp_path, recipes=tmp_path, **wrong)


def test_history_forgets_what_a_resume_does_again(tmp_path: Path) -> None:
    path = tmp_path / "training.csv"
    lines = [",".join(COLUMNS), *(",".join([str(step)] + ["0.5"] * (len(COLUMNS) - 1)) for step in (2, 4, 6))]
    path.write_text("\n".join(lines) + "\n8,0.1,0.", encoding="utf-8")
    History(path, step=4)
    assert [row["step"] for row in read_history(path)] == [2, 4]
