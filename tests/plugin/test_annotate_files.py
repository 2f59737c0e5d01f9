"""Files of regions, and regions of the last time, on the Annotate page without a window."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from shapely.geometry import box

from napari_histcode.annotations import Annotation, read_annotations
from napari_histcode.plugin.annotate import autosave, inbox
from napari_histcode.plugin.annotate.file_controller import NO_SLIDE, frame_line
from napari_histcode.plugin.session import Phase
from tests.plugin.annotate_page import Page


@pytest.fixture
def page(slide_path: Path) -> Iterator[Page]:
    made = Page(slide_path)
    made.jobs.run_all()
    yield made
    made.annotate.close()


# Files


@pytest.fixture
def regions_file(tmp_path: Path) -> Path:
    features = [
        {"geometry": {"type": "Polygon", "coordinates": [[[10, 10], [90, 10], [90, 90], [10, 90], [10, 10]]]},
         "properties": {"classification": {"name": "Lumen", "color": [9, 8, 7]}}},
        {"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [50, 50], [50, 0], [0, 50], [0, 0]]]},
         "properties": {}},
        {"geometry": {"type": "Polygon", "coordinates": [[[1, 1], [2, 2]]]}, "properties": {}},
        {"geometry": {"type": "Point", "coordinates": [5000, 5000]}, "properties": {}},
    ]  # fmt: skip
    path = tmp_path / "regions.geojson.gz"
    collection = {"type": "FeatureCollection", "features": [{"type": "Feature", **each} for each in features]}
    path.write_bytes(gzip.compress(json.dumps(collection).encode()))
    return path


def test_import_adds_tells_and_can_be_undone(page: Page, regions_file: Path) -> None:
    page.draw_box(200, 200, 300, 300)
    page.annotate.import_files([regions_file])
    assert page.state.importing.phase is Phase.WORKING
    page.jobs.run_all()
    assert len(page.regions) == 4
    assert len({region.id for region in page.regions}) == 4
    assert "Lumen" in page.state.classes.names, "unknown classes are learned"
    imported = page.state.imported
    assert imported.title == "3 regions from QuPath GeoJSON"
    assert imported.n_lost == 1
    assert imported.n_others == 1
    assert imported.frame.startswith("Coordinates count from the slide's corner")
    text = "\n".join(imported.findings)
    assert "not read" in text
    assert "repaired" in text
    assert "outside the slide" in text
    page.annotate.files.replace_others()
    assert len(page.regions) == 3
    page.annotate.undo()
    page.annotate.undo()
    assert len(page.regions) == 1
    assert page.state.redo_label == "import 3 regions"


def test_a_file_is_read_anew_with_another_origin(page: Page, regions_file: Path) -> None:
    page.annotate.import_files([regions_file])
    page.jobs.run_all()
    page.draw_box(200, 200, 300, 300)
    page.annotate.files.reread("slide")
    page.jobs.run_all()
    assert len(page.regions) == 4, "the file's regions are replaced, the others stay"
    assert page.state.imported.origin == "slide"
    page.annotate.files.reread("bounds")
    page.jobs.run_all()
    assert page.state.importing.is_error, "this slide has no bounds"
    assert len(page.regions) == 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("truncated.geojson", b'{"type": "FeatureCollection", "features": [{"type": "Fea'),
        ("wrong.json", b'{"hello": "world"}'),
        ("empty.xml", b""),
        ("nan.geojson", b'{"type": "Polygon", "coordinates": [[[NaN, 1], [2, 2], [3, 1]]]}'),
        (
            "laughs.xml",
            b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
            b"<ASAP_Annotations>&b;</ASAP_Annotations>",
        ),
        ("a.ndpa", b"<annotations></annotations>"),
    ],
)
def test_bad_files_end_in_a_line(page: Page, tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    page.annotate.import_files([path, tmp_path / "missing.geojson"])
    page.jobs.run_all()
    assert page.regions == ()
    assert page.state.importing.is_error
    assert page.state.notice.is_error, "the top of the page points to the reason"
    assert page.state.importing.phase is Phase.IDLE


@pytest.mark.parametrize("shows_names", [False, True])
def test_names_of_bad_files_are_told_only_where_asked_for(
    page: Page, tmp_path: Path, *, shows_names: bool
) -> None:
    page.session.shows_file_names = shows_names
    bad = tmp_path / "JANE_DOE.geojson"
    bad.write_text("{")
    for path in (bad, tmp_path / "JANE_DOE_2.geojson"):
        page.annotate.import_files([path])
        page.jobs.run_all()
        assert page.state.importing.is_error
        assert ("JANE" in page.state.importing.text) is shows_names
        assert (str(tmp_path) in page.state.importing.text) <= shows_names


def test_without_a_slide_files_have_to_wait(page: Page, regions_file: Path) -> None:
    page.session.current = None
    assert inbox.deliver([regions_file])
    assert page.state.importing.text == NO_SLIDE
    assert page.jobs.waiting == []


def test_reading_can_be_stopped(page: Page, regions_file: Path) -> None:
    page.annotate.import_files([regions_file, regions_file])
    page.annotate.files.cancel_import()
    assert page.state.importing.phase is Phase.STOPPING
    page.jobs.run_all()
    assert page.regions == ()


@pytest.mark.parametrize("name", ["geojson", "asap", "imagescope", "histomicsui"])
def test_saved_files_come_back(page: Page, tmp_path: Path, name: str) -> None:
    page.annotate.classes.use_palette("okabe_ito")
    page.draw_box(100, 100, 300, 300)
    page.draw_box(150, 150, 200, 200, is_subtracting=True)
    page.annotate.files.save(tmp_path / "out", name)
    page.jobs.run_all()
    assert "written to" in page.state.saving.text
    (path,) = tmp_path.glob("out.*")
    found = read_annotations(path, slide=page.entry.slide)
    assert found.annotations[0].geometry.symmetric_difference(page.last.geometry).area < 0.01
    assert found.annotations[0].class_name == "Tumor"
    assert found.annotations[0].colour == (213, 94, 0), "the colours of the window"
    assert page.path.name not in path.read_text()


def test_a_file_that_cannot_be_written_is_told(page: Page, tmp_path: Path) -> None:
    page.draw_box(0, 0, 10, 10)
    (tmp_path / "taken.geojson").mkdir()
    page.annotate.files.save(tmp_path / "taken.geojson", "geojson")
    page.jobs.run_all()
    assert page.state.saving.is_error


def test_frames_are_put_into_words() -> None:
    line = frame_line("bounds, px, y down, shifted by x +12, y +7 px (QuPath crops this slide to its bounds)")
    assert line.startswith(
        "Coordinates count from the corner of the scanned area (QuPath's crop): px, y down"
    )


# Regions of the last time


def test_regions_are_kept_and_come_back(page: Page) -> None:
    page.draw_box(100, 100, 300, 300)
    page.board.run_later()
    page.jobs.run_all()
    saved = autosave.saved_file(page.entry.record)
    assert saved.parent.name == page.entry.record.digest[:16]
    assert page.path.name not in saved.read_text()

    again = Page(page.path)
    again.jobs.run_all()
    assert again.last.geometry.equals(box(100, 100, 300, 300))
    assert again.state.restored.text == "Regions of last time restored (1 region)."
    again.annotate.keeper.answer()
    assert again.regions == ()
    again.annotate.undo()
    assert len(again.regions) == 1
    again.annotate.keeper.dismiss()
    again.annotate.close()


def test_regions_are_kept_when_the_window_closes(page: Page) -> None:
    page.draw_box(100, 100, 300, 300)
    page.annotate.close()
    assert autosave.saved_file(page.entry.record).exists()
    page.annotate.undo()
    page.annotate.keeper.close()
    assert not autosave.saved_file(page.entry.record).exists(), "nothing is left to be kept"


def test_what_comes_with_the_slide_goes_before_the_last_time(page: Page, regions_file: Path) -> None:
    from napari_histcode.plugin.tasks import OpenRequest, open_together

    page.draw_box(100, 100, 300, 300)
    page.annotate.close()

    again = Page(page.path)
    opened = open_together(OpenRequest(path=page.path, annotations=regions_file, key="one"))
    again.annotate.slide_opened(opened)
    again.jobs.run_all()
    assert len(again.regions) == 3
    assert again.state.imported.title == "3 regions from QuPath GeoJSON"
    assert again.state.restored.action == "Restore them"
    again.annotate.keeper.answer()
    assert len(again.regions) == 4
    again.annotate.close()
    record = page.entry.record
    assert autosave.saved_file(record).with_name(autosave.PREVIOUS_NAME).exists(), "put aside, not lost"


def test_a_damaged_file_of_the_last_time_is_told(page: Page) -> None:
    saved = autosave.saved_file(page.entry.record)
    saved.parent.mkdir(parents=True, exist_ok=True)
    saved.write_bytes(b"{")
    again = Page(page.path)
    again.jobs.run_all()
    assert again.state.restored.is_error
    assert again.regions == ()
    again.draw_box(0, 0, 10, 10)
    again.annotate.close()
    assert saved.with_name(autosave.PREVIOUS_NAME).read_bytes() == b"{"


def test_regions_without_the_dock_are_taken_over(page: Page) -> None:
    loose = (Annotation(geometry=box(0, 0, 9, 9), class_name="Tumor"),)
    page.board.events.offered.emit(loose)
    assert len(page.regions) == 1
    assert page.state.undo_label == ""
    page.board.events.offered.emit(loose)
    assert len(page.regions) == 2
    assert page.state.undo_label == "import 1 region"
