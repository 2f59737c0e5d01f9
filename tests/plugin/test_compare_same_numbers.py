"""The window and the command line give the same numbers to the last digit, and the same files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from napari_histcode.annotations import read_annotations
from napari_histcode.cli import main
from napari_histcode.comparison.document import comparison_to_json
from tests.plugin.compare_desk import CompareDesk

NAMES = ("tissue.viable_tumour.single_tile", "tissue.attention")


def ring(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]


@pytest.fixture(scope="module")
def regions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tumour, necrosis and something ignored, none of them on the edges of tiles."""
    shapes = {
        "Tumor": ring(150.5, 130, 610, 700.25),
        "Necrosis": ring(640, 200, 1100, 860.75),
        "Ignore*": ring(300, 300, 430, 430),
    }
    features = [
        {
            "type": "Feature",
            "properties": {"classification": {"name": name}},
            "geometry": {"type": "Polygon", "coordinates": [shape]},
        }
        for name, shape in shapes.items()
    ]
    path = tmp_path_factory.mktemp("regions") / "regions.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory, slide_path: Path, model_folder: Path) -> Path:
    from napari_histcode.pipeline import analyse_slide

    folder = tmp_path_factory.mktemp("results") / "slide"
    analyse_slide(slide_path, str(model_folder), out=folder, device="cpu")
    return folder


def in_window(slide: Path, result: Path, regions: Path) -> CompareDesk:
    desk = CompareDesk()
    desk.controller.open_slide(slide, result=result)
    desk.jobs.run_all()
    entry = desk.session.current
    desk.session.annotations = read_annotations(regions, slide=entry.slide).areas
    desk.look()
    assert desk.state.class_of_output == (("viable_tumour", "Tumor"), ("necrosis", "Necrosis"))
    return desk


def on_command_line(result: Path, regions: Path, out: Path, *options: str) -> dict[str, Any]:
    pairs = ("--class-of", "viable_tumour=Tumor", "necrosis=Necrosis")
    arguments = ["compare", str(result), "--annotations", str(regions), "--positive", "Tumor", *pairs]
    assert main([*arguments, "--out", str(out), *options]) == 0
    return json.loads((out / "comparison.json").read_text())


def without_time(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out when and from where the regions came: all else has to be equal."""
    return {key: value for key, value in document.items() if key not in ("created", "notes", "analysis")}


@pytest.mark.parametrize(("maps", "is_exhaustive"), [((NAMES[0],), False), ((NAMES[1],), True), ((), False)])
def test_full_documents_are_equal(
    slide_path: Path, result: Path, regions: Path, tmp_path: Path, maps: Sequence[str], is_exhaustive: bool
) -> None:
    desk = in_window(slide_path, result, regions)
    desk.compare.set_exhaustive(is_exhaustive=is_exhaustive)
    desk.compare.take_every_map(is_every=not maps)
    if maps:
        desk.compare.choose_map(maps[0])
    desk.compare.choose_positive(("Tumor",))
    desk.jobs.run_all()
    desk.compare.compare()
    desk.jobs.run_all()
    assert desk.state.answer.is_full, desk.state.comparing
    options = (["--map", *maps] if maps else []) + (["--exhaustive"] if is_exhaustive else [])
    expected = on_command_line(result, regions, tmp_path / "cli", *options)
    found = json.loads(json.dumps(comparison_to_json(desk.state.answer.comparison)))
    assert found == expected["comparison"]

    desk.compare.report.save(tmp_path / "window")
    desk.jobs.run_all()
    assert "Written to" in desk.state.saving.text
    for name in ("comparison.csv", "comparison_tiles.csv"):
        assert (tmp_path / "window" / name).read_bytes() == (tmp_path / "cli" / name).read_bytes()
    written = json.loads((tmp_path / "window" / "comparison.json").read_text())
    assert without_time(written) == without_time(expected)


def test_report_names_nobody(slide_path: Path, result: Path, regions: Path, tmp_path: Path) -> None:
    desk = in_window(slide_path, result, regions)
    assert desk.compare.report.save(tmp_path / "early") is None
    assert not (tmp_path / "early").exists(), "a report has intervals"
    desk.compare.compare()
    desk.jobs.run_all()
    desk.compare.report.save(tmp_path / "out")
    desk.jobs.run_all()
    for path in (tmp_path / "out").iterdir():
        assert b"PATIENT" not in path.read_bytes()


def test_readers_are_equal(slide_path: Path, result: Path, regions: Path, tmp_path: Path) -> None:
    second = tmp_path / "second.geojson"
    second.write_text(regions.read_text().replace("610", "500"))
    desk = in_window(slide_path, result, regions)
    desk.compare.choose_map(NAMES[0])
    desk.compare.readers.add(second)
    desk.jobs.run_all()
    desk.compare.compare()
    desk.jobs.run_all()
    expected = on_command_line(result, regions, tmp_path / "cli", "--map", NAMES[0], "--reader", str(second))
    found = json.loads(json.dumps(comparison_to_json(desk.state.answer.comparison)))
    assert found["readers"] == expected["comparison"]["readers"]
    assert found == expected["comparison"]
