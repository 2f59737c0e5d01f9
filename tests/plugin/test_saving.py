"""Sessions without a window: what is kept comes back, and what has moved is asked for."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_histcode.annotations import AnnotationClass
from napari_histcode.plugin.annotate import autosave
from napari_histcode.plugin.annotate.rivals import USE_KEPT, USE_SESSION
from napari_histcode.plugin.saving.collect import collect
from napari_histcode.plugin.session import Phase
from napari_histcode.saved.file import read_session, write_session
from napari_histcode.saved.places import session_folder
from tests.builders import make_map
from tests.plugin.saving_desk import SavingDesk
from tests.saved.sessions import full_session

TUMOUR, GENE = "tissue.viable_tumour.single_tile", "genes.CD3E.single_tile"


@pytest.fixture
def make_desk(model_folder: Path) -> Iterator[Callable[[], SavingDesk]]:
    desks: list[SavingDesk] = []

    def make() -> SavingDesk:
        desks.append(SavingDesk(model_folder))
        return desks[-1]

    yield make
    for desk in desks:
        desk.close()


@pytest.fixture
def project(slide_path: Path, other_slide_path: Path, result_folder: Path, tmp_path: Path) -> Path:
    """A folder of one's own with two slides, and a result of the first."""
    folder = tmp_path / "project"
    (folder / "slides").mkdir(parents=True)
    shutil.copy(slide_path, folder / "slides" / "PATIENT_NAME.ome.tif")
    shutil.copy(other_slide_path, folder / "slides" / "OTHER_NAME.ome.tif")
    shutil.copytree(result_folder, folder / "results" / "one")
    return folder


def slide_in(project: Path, name: str = "PATIENT_NAME") -> Path:
    return project / "slides" / f"{name}.ome.tif"


def session_in(project: Path) -> Path:
    return project / "sitting.histcode.json"


def set_up(desk: SavingDesk, project: Path) -> None:
    """Change everything that a session keeps."""
    desk.open(slide_in(project, "OTHER_NAME"))
    desk.draw("Stroma")
    desk.open(slide_in(project), result=project / "results" / "one")
    maps, state = desk.controller.maps, desk.annotate.state
    maps.put(make_map("tool.mine", np.arange(len(desk.session.result.scores.grid)), label="mine"))
    maps.show_alone(TUMOUR)
    maps.set_visible(GENE, is_visible=True)
    maps.select(TUMOUR)
    maps.set_window((-1.5, 0.5))
    maps.set_normalisation("z")
    maps.set_window((-1.0, 2.0))
    maps.hide_outside(is_hidden=True)
    maps.set_smooth(is_smooth=True)
    maps.set_opacity(0.25)
    maps.set_colormap("PuOr_r")
    state.classes = state.classes.with_class(AnnotationClass(name="Ödem", colour=(1, 2, 3)))
    state.class_name = "Ödem"
    desk.annotate.set_radius(12.5)
    desk.annotate.set_fill(0.5)
    desk.draw("Tumor", "Ödem", "Necrosis")
    desk.view.turn()
    desk.view.show_seen(is_shown=True)
    desk.canvas.view, desk.canvas.scale = (200.0, 100.0, 300.0, 200.0), 1.25
    desk.canvas.events.view_changed.emit()
    desk.compare.set_in_front(is_in_front=True)
    desk.compare.choose_map(GENE)
    desk.compare.choose_positive(("Necrosis",))
    desk.compare.set_exhaustive(is_exhaustive=True)
    desk.compare.take_every_map(is_every=True)
    desk.compare.choose_class("viable_tumour", "Ödem")
    reader = project / "reader.geojson"
    reader.write_text(
        '{"type": "Feature", "properties": {"classification": {"name": "Tumor"}}, "geometry": {"type": '
        '"Polygon", "coordinates": [[[10, 20], [90, 20], [90, 80], [10, 80], [10, 20]]]}}'
    )
    desk.compare.readers.add(reader)
    desk.jobs.run_all()
    desk.compare.cut.set_threshold(0.125)
    desk.page = "Compare"
    desk.controller.choose_where("regions")


def kept(desk: SavingDesk, path: Path) -> Any:
    """What a session of the window would say, but new names of files, and what the second look added."""
    session = collect(desk.saving.desk, path, saved="2026-11-22T10:00:00Z", written={}).session
    document = json.dumps(session, default=lambda value: getattr(value, "__dict__", str(value)))
    known = json.loads(re.sub(r"-[0-9a-f]{8}(\.geojson|\.npz)", r"\1", document))
    for slide in known["slides"]:
        del slide["seen"]
    return known


def test_everything_comes_back(make_desk: Callable[[], SavingDesk], project: Path) -> None:
    before = make_desk()
    set_up(before, project)
    before.save(session_in(project))
    after = make_desk()
    after.restore(session_in(project))

    assert after.saving.state.notice.text.startswith("Session of ")
    assert after.saving.state.notice.text.endswith(" is back.")
    old, new = before.session, after.session
    assert [entry.record for entry in new.slides] == [entry.record for entry in old.slides]
    assert new.current.record == old.current.record
    for field in (
        "model", "where", "selected_map", "map_kind", "normalisation", "sequential",
        "diverging", "windows", "hides_outside", "is_smooth", "opacity",
    ):  # fmt: skip
        assert getattr(new, field) == getattr(old, field), field
    assert old.visible_maps == frozenset(), "on the page Compare the agreement is painted over the maps"
    assert new.visible_maps == old.covered_maps == {TUMOUR, GENE}
    assert [row.label for row in new.map_rows] == [row.label for row in old.map_rows]
    np.testing.assert_array_equal(new.tool_maps[0].values, old.tool_maps[0].values)
    for one in old.result.scores.maps:
        np.testing.assert_array_equal(new.result.scores.map(one.name).values, one.values)
    assert new.result.bag is not None, "its features are found again"
    for field in ("classes", "class_name", "radius_um", "fill", "is_visible"):
        assert getattr(after.annotate.state, field) == getattr(before.annotate.state, field), field
    assert new.annotations == old.annotations
    others = [each.annotate.store.regions_of(each.session.slides[0].key) for each in (before, after)]
    assert [region.class_name for region in others[0]] == ["Stroma"]
    assert others[0] == others[1]
    assert after.canvas.n_quarters == 1
    assert after.view.state.shows_seen
    assert after.canvas.centre == pytest.approx((350.0, 200.0))
    assert after.canvas.scale == pytest.approx(1.25)
    seen = [each.view.state.seen for each in (before, after)]
    assert seen[0].any()
    np.testing.assert_array_equal(seen[0] & seen[1], seen[0])
    compared = [each.compare.state for each in (before, after)]
    after.compare.set_in_front(is_in_front=True)
    after.jobs.run_all()
    for field in ("map", "positive", "is_guess", "is_exhaustive", "is_every_map", "class_of_output"):
        assert getattr(compared[1], field) == getattr(compared[0], field), field
    drawn = [[(r.geometry, r.class_name) for one in c.readers for r in one.annotations] for c in compared]
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 1
    assert compared[1].cut.threshold == compared[0].cut.threshold
    assert after.page == "Compare"
    after.canvas.view = before.canvas.view
    assert kept(after, session_in(project)) == kept(before, session_in(project))


def test_the_file_names_nothing_but_the_path(make_desk: Callable[[], SavingDesk], project: Path) -> None:
    desk = make_desk()
    set_up(desk, project)
    desk.save(session_in(project))
    text = session_in(project).read_text()
    document = json.loads(text)
    assert [slide["path"] for slide in document["slides"]] == [
        "slides/OTHER_NAME.ome.tif",
        "slides/PATIENT_NAME.ome.tif",
    ]
    assert text.count("PATIENT_NAME") == text.count("OTHER_NAME") == 1
    assert str(project) not in text
    assert "vendor" not in text
    for file in session_folder(session_in(project)).rglob("*"):
        assert "NAME" not in file.name
        if file.is_file():
            assert b"PATIENT" not in file.read_bytes()
            assert str(project).encode() not in file.read_bytes()


def test_a_result_in_memory_is_written_once_and_read_back(
    make_desk: Callable[[], SavingDesk], project: Path
) -> None:
    desk = make_desk()
    desk.open(slide_in(project))
    desk.controller.analyse()
    desk.jobs.run_all()
    desk.save(session_in(project))
    folder = session_folder(session_in(project))
    (first,) = folder.iterdir()
    assert first.name.startswith(f"{desk.session.current.record.alias}-result-")
    desk.draw("Tumor")
    desk.save()
    assert sorted(file.name.split("-")[2] for file in folder.iterdir()) == ["regions", "result"]
    assert first in folder.iterdir()
    desk.draw("Tumor")
    desk.save()
    assert len(list(folder.iterdir())) == 2, "what the older state had is taken away"

    moved = project.rename(project.with_name("moved"))
    after = make_desk()
    after.restore(session_in(moved))
    assert after.session.result.scores.predictions == desk.session.result.scores.predictions
    assert after.session.result.bag is not None

    after.save(moved / "elsewhere" / "two")
    copied = session_folder(moved / "elsewhere" / "two.histcode.json")
    assert len(list(copied.iterdir())) == 2, "a session takes along what another one owns"
    shutil.rmtree(session_folder(session_in(moved)))
    last = make_desk()
    last.restore(moved / "elsewhere" / "two.histcode.json")
    assert last.session.result is not None
    assert len(last.session.annotations) == 2


def test_the_users_resolution_is_used_again(
    make_desk: Callable[[], SavingDesk], slide_without_mpp: Path, tmp_path: Path
) -> None:
    desk = make_desk()
    desk.open(slide_without_mpp)
    desk.controller.set_mpp(0.25)
    desk.jobs.run_all()
    desk.save(tmp_path / "one.histcode.json")
    after = make_desk()
    after.restore(tmp_path / "one.histcode.json")
    mpp = after.session.current.record.mpp
    assert (mpp.x, mpp.y, mpp.source) == (0.25, 0.25, "user")


def test_moved_slides_are_asked_for_and_all_else_is_back(
    make_desk: Callable[[], SavingDesk], project: Path, tmp_path: Path
) -> None:
    desk = make_desk()
    set_up(desk, project)
    desk.save(session_in(project))
    (tmp_path / "far").mkdir()
    for name in ("PATIENT_NAME", "OTHER_NAME"):
        slide_in(project, name).rename(tmp_path / "far" / f"{name}.ome.tif")
    after = make_desk()
    after.restore(session_in(project))
    state = after.saving.state
    assert [Path(one.slide.path).name for one in state.missing] == [
        "OTHER_NAME.ome.tif",
        "PATIENT_NAME.ome.tif",
    ]
    assert "but for 2 slides: see the page Read" in state.notice.text
    assert after.annotate.state.class_name == "Ödem", "what needs no slide is back"

    digest = state.missing[1].slide.digest
    wrong = tmp_path / "far" / "wrong.ome.tif"
    shutil.copy(project / "reader.geojson", wrong)
    after.saving.find(digest, wrong)
    assert state.missing[1].is_looking
    after.jobs.run_all()
    assert "is another slide" in state.missing[1].reason
    assert "wrong" not in state.missing[1].reason, "file names are hidden unless they are asked for"

    after.save()
    assert len(read_session(session_in(project)).slides) == 2, "what is asked for stays in the session"
    after.saving.find(digest, (tmp_path / "far" / "PATIENT_NAME.ome.tif"))
    after.jobs.run_all()
    assert state.missing == (), "the other one lay beside it"
    assert {entry.record.digest for entry in after.session.slides} == {
        entry.record.digest for entry in desk.session.slides
    }
    digests = {entry.record.digest: entry.key for entry in after.session.slides}
    assert len(after.annotate.store.regions_of(digests[digest])) == 3


def test_a_missed_slide_keeps_what_it_had_in_another_file(
    make_desk: Callable[[], SavingDesk], project: Path
) -> None:
    desk = make_desk()
    set_up(desk, project)
    desk.save(session_in(project))
    hidden = slide_in(project).rename(project / "hidden")
    after = make_desk()
    after.restore(session_in(project))
    after.save(project / "deep" / "two")
    shutil.rmtree(session_folder(session_in(project)))
    hidden.rename(slide_in(project))
    last = make_desk()
    last.restore(project / "deep" / "two.histcode.json")
    assert last.saving.state.missing == ()
    digest = {entry.record.digest: entry.key for entry in last.session.slides}
    key = digest[desk.session.current.record.digest]
    assert len(last.annotate.store.regions_of(key)) == 3
    assert last.controller.results.of(key) is not None


def test_a_slide_left_out_is_gone_with_the_next_save(
    make_desk: Callable[[], SavingDesk], project: Path
) -> None:
    desk = make_desk()
    set_up(desk, project)
    desk.save(session_in(project))
    slide_in(project).unlink()
    after = make_desk()
    after.restore(session_in(project))
    (one,) = after.saving.state.missing
    after.saving.leave_out(one.slide.digest)
    after.save()
    assert [Path(slide.path).name for slide in read_session(session_in(project)).slides] == [
        "OTHER_NAME.ome.tif"
    ]


def test_a_result_that_is_gone_is_said(make_desk: Callable[[], SavingDesk], project: Path) -> None:
    desk = make_desk()
    desk.open(slide_in(project), result=project / "results" / "one")
    desk.save(session_in(project))
    shutil.rmtree(project / "results")
    after = make_desk()
    after.restore(session_in(project))
    assert after.session.current is not None
    assert after.session.result is None
    assert "is not where it was: analyse it again" in after.saving.state.notice.text


def test_the_newer_regions_win_and_it_is_said(make_desk: Callable[[], SavingDesk], project: Path) -> None:
    desk = make_desk()
    entry = desk.open(slide_in(project))
    desk.draw("Tumor")
    desk.save(session_in(project))
    autosaved = autosave.saved_file(entry.record)

    def opened(age_s: float, *classes: str) -> SavingDesk:
        """Restore beside regions that were kept so long before the session."""
        other = make_desk()
        other.open(slide_in(project))
        other.annotate.keeper.answer() if other.annotate.state.restored.text else None
        other.draw(*classes)
        other.board.run_later()
        other.jobs.run_all()
        time = desk.clock.time.timestamp() - age_s
        os.utime(autosaved, (time, time))
        other.annotate.keeper._kept.clear()
        other.annotate.keeper._entries.clear()
        after = make_desk()
        after.restore(session_in(project))
        return after

    after = opened(60, "Stroma", "Other")
    assert [region.class_name for region in after.session.annotations] == ["Tumor"]
    assert after.annotate.state.restored.text.startswith("The session's regions are shown")
    assert after.annotate.state.restored.action == USE_KEPT
    after.annotate.keeper.answer()
    assert [region.class_name for region in after.session.annotations] == ["Stroma", "Other"]
    after.annotate.undo()
    assert [region.class_name for region in after.session.annotations] == ["Tumor"]

    autosaved.unlink()
    after = opened(-60, "Stroma")
    assert [region.class_name for region in after.session.annotations] == ["Stroma"]
    assert "drawn after the session was saved" in after.annotate.state.restored.text
    assert after.annotate.state.restored.action == USE_SESSION
    after.annotate.keeper.answer()
    assert [region.class_name for region in after.session.annotations] == ["Tumor"]


def test_a_session_of_open_slides_does_not_open_them_again(
    make_desk: Callable[[], SavingDesk], project: Path
) -> None:
    desk = make_desk()
    set_up(desk, project)
    desk.save(session_in(project))
    after = make_desk()
    after.open(slide_in(project))
    after.draw("Other")
    after.restore(session_in(project))
    assert len(after.session.slides) == 2
    assert after.session.visible_maps == {TUMOUR, GENE}
    assert after.session.tool_maps
    assert [region.class_name for region in after.session.annotations] == ["Other"]
    assert "stay; the session has others" in after.annotate.state.restored.text
    after.annotate.keeper.answer()
    assert len(after.session.annotations) == 3


@pytest.mark.parametrize(
    ("content", "word"),
    [('{"format": "histcode-session", "version": 99}', "newer version"), ("{", "damaged")],
)
def test_what_cannot_be_opened_is_said(
    make_desk: Callable[[], SavingDesk], tmp_path: Path, content: str, word: str
) -> None:
    path = tmp_path / "PATIENT.histcode.json"
    path.write_text(content)
    desk = make_desk()
    desk.restore(path)
    assert desk.saving.state.notice.is_error
    assert word in desk.saving.state.notice.text
    assert "PATIENT" not in desk.saving.state.notice.text
    assert desk.saving.state.activity.phase is Phase.IDLE
    assert desk.saving.state.path is None


def test_a_session_of_nothing_but_moved_slides(make_desk: Callable[[], SavingDesk], tmp_path: Path) -> None:
    path = write_session(full_session(), tmp_path / "one.histcode.json")
    desk = make_desk()
    desk.restore(path)
    assert len(desk.saving.state.missing) == 2
    assert "The model that was chosen is not here" in desk.saving.state.notice.text
    assert desk.blind.state.is_on
    assert desk.session.opacity == 0.25


def test_a_failed_save_leaves_the_older_session(
    make_desk: Callable[[], SavingDesk], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk()
    desk.open(slide_in(project))
    desk.draw("Tumor")
    desk.save(session_in(project))
    before = session_in(project).read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_histcode.plugin.saving.tasks.write_session", full)
    desk.draw("Tumor")
    desk.saving.save()
    desk.jobs.run_all()
    assert desk.saving.state.notice.is_error
    assert session_in(project).read_bytes() == before
    after = make_desk()
    after.restore(session_in(project))
    assert len(after.annotate.store.regions_of(after.session.current.key)) == 1
