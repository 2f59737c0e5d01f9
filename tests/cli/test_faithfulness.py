from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from napari_histcode.cli import main
from napari_histcode.cli.faithfulness import read_bag_of
from napari_histcode.models.model_file import load_model
from napari_histcode.scores.explanation import explain_bag
from napari_histcode.scores.faithfulness import measure_faithfulness
from napari_histcode.scores.faithfulness_config import FaithfulnessConfig

QUICK = ["--random", "5"]


@pytest.fixture(scope="module")
def result(model_folder: Path, slide_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    assert main(["analyse", str(slide_file), "--model", str(model_folder), "--out", str(out)]) == 0
    (folder,) = out.iterdir()
    return folder


def run(*arguments: object) -> int:
    return main(["faithfulness", *map(str, arguments)])


def test_the_command_line_gives_the_numbers_of_the_function(
    result: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(result, "--model", model_folder, "--output", "tumour", "--out", tmp_path, *QUICK)
    printed = capsys.readouterr().out
    assert status == 0
    for word in ("SRG", "AUPC MoRF", "tumour: probability", "single-tile", "Research use only"):
        assert word in printed
    assert "Jane" not in printed.split("Faithfulness page")[0]
    assert "integrated gradients" not in printed
    model = load_model(model_folder)
    expected = measure_faithfulness(
        explain_bag(read_bag_of(result, model), model), FaithfulnessConfig(n_random=5), outputs=["tumour"]
    )
    (output,) = json.loads((tmp_path / "faithfulness.json").read_text())["slides"][0]["outputs"]
    assert [one["srg"] for one in output["maps"]] == [one.srg for one in expected.outputs[0].maps]
    for path in tmp_path.iterdir():
        assert "Jane" not in path.read_text(encoding="utf-8"), path.name


def test_integrated_gradients_come_when_asked_for(
    result: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--ig", "--ig-steps", 8, "--raw", "--head", "tissue", "--out", tmp_path, *QUICK]
    assert run(result, "--model", model_folder, *options) == 0
    printed = capsys.readouterr().out
    assert "necrosis, integrated gradients: 8 steps" in printed
    assert "log-odds" in printed
    document = json.loads((tmp_path / "faithfulness.json").read_text())
    kinds = [one["kind"] for one in document["slides"][0]["outputs"][0]["maps"]]
    assert kinds == ["attention", "single_tile", "contribution", "leave_one_out", "integrated_gradients"]


def test_many_results_make_a_cohort_and_a_failed_one_is_told(
    result: Path, model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(result, tmp_path / "bare")
    (tmp_path / "bare" / "features.h5").unlink()
    folders = [result, result, result, tmp_path / "bare"]
    status = run(
        *folders, "--model", model_folder, "--patients", "Jane", "Joe", "Jim", "Jill",
        "--resamples", "20", "--out", tmp_path / "out", *QUICK,
    )  # fmt: skip
    printed = capsys.readouterr()
    assert status == 1
    assert "3 slides of 3 patients" in printed.out
    assert "1 of 4 results failed" in printed.err
    assert "holds no features" in printed.err
    document = json.loads((tmp_path / "out" / "faithfulness.json").read_text())
    assert (document["n_slides"], document["failures"]) == (
        3,
        [{"result": "result 4", "reason": "ResultError"}],
    )
    assert "Jane" not in (tmp_path / "out" / "faithfulness.html").read_text()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--output", "stroma"], "There are: tumour, necrosis"),
        (["--head", "genes"], "no head 'genes'"),
        (["--patients", "a", "b"], "1 results and 2 patients"),
    ],
)
def test_names_that_are_not_there_are_told(
    result: Path, model_folder: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(result, "--model", model_folder, *options) == 1
    assert message in capsys.readouterr().err


def test_another_model_than_that_of_the_result_is_refused(
    result: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(result) == 1  # the bundled model
    assert "made this result" in capsys.readouterr().err
