from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from shapely.geometry import mapping

from napari_histcode.annotations import Annotation, read_annotations
from napari_histcode.cli import main
from napari_histcode.comparison.compare import compare
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.comparison.document import comparison_to_json
from napari_histcode.export.analysis import export_analysis
from napari_histcode.export.read_result import read_analysis, read_overview
from napari_histcode.features.feature_file import write_feature_file
from napari_histcode.features.store import feature_key
from napari_histcode.heatmap import draw_heatmap
from napari_histcode.scores.scores import SlideScores
from tests.builders import make_map, make_scores
from tests.comparison.planted import COLUMNS, GRID, ROWS, region

QUICK = ["--resamples", "50", "--shifts", "39", "--block-um", "600"]


def make_result(folder: Path, seed: int = 0) -> SlideScores:
    rng = np.random.default_rng(seed)
    inside = GRID.index[:, 0] < 4
    maps = [
        make_map(
            "tissue.tumour.single_tile",
            inside - 0.5 + rng.normal(0, 0.3, len(GRID)),
            is_signed=True,
            quantity="log-odds",
        ),
        make_map(
            "tissue.stroma.single_tile",
            0.5 - inside + rng.normal(0, 0.3, len(GRID)),
            is_signed=True,
            quantity="log-odds",
        ),
        make_map("genes.CD3E.single_tile", rng.normal(size=len(GRID)), quantity="log2 fold change"),
    ]
    scores = make_scores(grid=GRID, maps=maps)
    overview = rng.integers(120, 255, (90, 120, 3)).astype(np.uint8)
    export_analysis(scores, [draw_heatmap(scores, maps[0].name)], overview, folder)
    return scores


def write_geojson(path: Path, annotations: list[Annotation]) -> Path:
    features = [
        {
            "type": "Feature",
            "geometry": mapping(one.geometry),
            "properties": {
                "objectType": "annotation",
                "classification": {"name": one.class_name, "color": [1, 2, 3]},
            },
        }
        for one in annotations
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results") / "Jane_Doe"
    make_result(folder)
    return folder


@pytest.fixture(scope="module")
def annotations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    regions = [region(0, 0, 4.3, ROWS), region(4.3, 0, COLUMNS, ROWS, "Stroma")]
    return write_geojson(tmp_path_factory.mktemp("annotations") / "Jane_Doe.geojson", regions)


def run(*arguments: object) -> int:
    return main(["compare", *map(str, arguments)])


def document_in(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "comparison.json").read_text())
    return found


def test_the_command_line_gives_the_numbers_of_the_function(
    result: Path, annotations: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(
        result, "--annotations", annotations, "--reader", annotations, "--positive", "Tumor",
        "--class-of", "tumour=Tumor", "stroma=Stroma", "--out", tmp_path, *QUICK,
    )  # fmt: skip
    printed = capsys.readouterr().out
    assert status == 0
    for word in (
        "AUROC",
        "prevalence",
        "ceiling",
        "(baseline)",
        "not exhaustive",
        "kappa",
        "Research use only",
    ):
        assert word in printed
    assert "Jane" not in printed.split("Comparison page")[0]
    found = document_in(tmp_path)
    regions = read_annotations(annotations).annotations
    config = ComparisonConfig(
        positive=("Tumor",),
        class_of_output=(("tumour", "Tumor"), ("stroma", "Stroma")),
        block_um=600,
        n_resamples=50,
        n_shifts=39,
    )
    expected = compare(
        read_analysis(result), regions, config, overview=read_overview(result), readers={"reader 2": regions}
    )
    assert found["comparison"] == json.loads(json.dumps(comparison_to_json(expected)))
    for path in tmp_path.iterdir():
        assert "Jane" not in path.read_text(encoding="utf-8"), path.name


def test_maps_seed_and_threshold_are_taken(result: Path, annotations: Path, tmp_path: Path) -> None:
    arguments = [
        result,
        "--annotations",
        annotations,
        "--positive",
        "Tumor",
        "--map",
        "tissue.tumour.single_tile",
    ]
    documents = []
    for k, more in enumerate(
        (["--seed", "1"], ["--seed", "1"], ["--seed", "2", "--threshold", "0.1", "--exhaustive"])
    ):
        assert run(*arguments, "--out", tmp_path / str(k), *QUICK, *more) == 0
        documents.append(document_in(tmp_path / str(k))["comparison"])
    assert documents[0] == documents[1]
    assert [m["name"] for m in documents[0]["maps"]] == ["tissue.tumour.single_tile"]
    assert documents[2]["maps"][0]["overlaps"][0]["threshold"]["value"] == 0.1
    assert documents[2]["reference"]["is_exhaustive"]


def test_features_beside_the_result_give_a_baseline(tmp_path: Path, annotations: Path) -> None:
    scores = make_result(tmp_path / "r")
    order = np.random.default_rng(0).permutation(len(GRID))
    encoder = scores.encoder
    features = np.random.default_rng(0).normal(size=(len(GRID), encoder.feature_dim)).astype(np.float32)
    block = (GRID.index[order], features[order])
    file = tmp_path / "r" / "features.h5"
    write_feature_file(
        file, [block], n_tiles=len(GRID), grid=scores.grid, encoder=encoder,
        key=feature_key(scores.grid, encoder),
    )  # fmt: skip
    assert run(tmp_path / "r", "--annotations", annotations, "--positive", "Tumor", *QUICK) == 0
    table = pd.read_csv(tmp_path / "r" / "comparison.csv")
    assert "baseline.features" in set(table["subject"])


def test_spots_alone_and_with_a_pair(
    result: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    names = [f"s{k}" for k in range(40)]
    xy = rng.uniform(0, GRID.slide.dimensions, (40, 2))
    pd.DataFrame({"spot": names, "pixel_x": xy[:, 0], "pixel_y": xy[:, 1]}).to_csv(
        tmp_path / "spots.csv", index=False
    )
    counts = pd.DataFrame(rng.poisson(3, (40, 3)), index=names, columns=["CD3E", "CD3D", "ACTB"])
    counts.to_csv(tmp_path / "counts.tsv.gz", sep="\t")
    tables = ["--spots", tmp_path / "spots.csv", "--counts", tmp_path / "counts.tsv.gz"]
    pair = ["--spot-pair", "tissue.stroma.single_tile=CD3D+ACTB"]
    assert run(result, *tables, *pair, "--out", tmp_path / "out", *QUICK) == 0
    assert "CD3D + ACTB" in capsys.readouterr().out
    found = document_in(tmp_path / "out")
    assert found["comparison"] is None
    assert {one["map"] for one in found["spots"]["results"]} == {
        "genes.CD3E.single_tile",
        "tissue.stroma.single_tile",
    }
    wrong = ["--spot-pair", "tissue.stroma.single_tile=NOGENE"]
    assert run(result, *tables, *wrong, "--out", tmp_path / "out", *QUICK) == 1
    assert "no column NOGENE" in capsys.readouterr().err


def test_a_cohort_is_compared_and_a_failed_slide_is_reported(
    tmp_path: Path, annotations: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["result,annotations,patient,positive"]
    for k in range(4):
        make_result(tmp_path / f"r{k}", seed=k)
        lines.append(f"r{k},{annotations},P{min(k, 2)},Tumor")
    table = tmp_path / "cohort.csv"
    table.write_text("\n".join(lines) + "\n")
    assert run("--cohort", table, *QUICK) == 0
    assert "4 slides of 3 patients" in capsys.readouterr().out
    found = document_in(tmp_path / "comparison")
    assert found["n_patients"] == 3
    assert (tmp_path / "comparison" / "comparison_slides.csv").exists()

    table.write_text(
        "\n".join([*lines, f"missing,{annotations},P9,Tumor", f"r0,{annotations},P9,Other"]) + "\n"
    )
    assert run("--cohort", table, "--out", tmp_path / "again", *QUICK) == 1
    printed = capsys.readouterr()
    assert "2 of 6 slides failed" in printed.err
    assert "line 6" in printed.err
    assert "there are: Stroma, Tumor" in printed.err
    assert len(document_in(tmp_path / "again")["slides"]) == 4  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing to compare"),
        (["RESULT"], "nothing to compare with"),
        (["RESULT", "--annotations", "ANNOTATIONS"], "No class is positive"),
        (["RESULT", "--annotations", "ANNOTATIONS", "--positive", "tumour"], "there are: Stroma, Tumor"),
        (["RESULT", "--annotations", "ANNOTATIONS", "--positive", "Tumor", "--map", "x"], "no map 'x'"),
        (["RESULT", "--annotations", "nowhere.geojson", "--positive", "Tumor"], "nowhere.geojson"),
        (["nowhere", "--annotations", "ANNOTATIONS", "--positive", "Tumor"], "no finished result"),
        (["RESULT", "--cohort", "c.csv"], "exclude each other"),
        (["--cohort", "c.csv"], "c.csv"),
        (["--cohort", "c.csv", "--spots", "s.csv"], "one RESULT"),
        (["--cohort", "c.csv", "--annotations", "ANNOTATIONS"], "one RESULT"),
        (["RESULT", "--spots", "s.csv"], "without values"),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(
    arguments: list[str], message: str, result: Path, annotations: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"RESULT": str(result), "ANNOTATIONS": str(annotations)}
    assert run(*[places.get(argument, argument) for argument in arguments]) == 1
    printed = capsys.readouterr().err
    assert message in printed
    assert "Traceback" not in printed


@pytest.mark.parametrize(
    "option",
    [
        ["--block-um", "0"],
        ["--seed", "-1"],
        ["--threshold", "nan"],
        ["--class-of", "x"],
        ["--spot-pair", "x="],
    ],
)
def test_senseless_options_are_refused(option: list[str], result: Path) -> None:
    with pytest.raises(SystemExit) as stop:
        run(result, *option)
    assert stop.value.code == 2


def test_another_slide_is_refused(
    result: Path, annotations: Path, slide_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(result, "--annotations", annotations, "--positive", "Tumor", "--slide", slide_file) == 1
    assert "not the slide of the result" in capsys.readouterr().err
