"""The controller without napari, Qt or threads: what is asked, what is shown, what is dropped."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from napari_histcode.annotations import Annotation
from napari_histcode.errors import NoTissueError, OutputError, SlideNotFoundError
from napari_histcode.plugin import preview, tasks
from napari_histcode.plugin.canvas import ShownMap
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.session import Phase, analyse_offer
from napari_histcode.progress import Progress
from tests.plugin.fakes import FakeCanvas, FakeRunner
from tests.plugin.slides import write_slide
from tests.slide.tiffs import overwrite_tile, write_ome


class Desk:
    """A controller with everything around it."""

    def __init__(self) -> None:
        self.canvas, self.jobs = FakeCanvas(), FakeRunner()
        self.controller = Controller(self.canvas, self.jobs)
        self.session = self.controller.session

    def open(self, path: Path, **options: Any) -> str:
        self.controller.open_slide(path, **options)
        self.jobs.run_all()
        assert self.session.current is not None
        return self.session.current.key


@pytest.fixture
def desk(model_folder: Path) -> Desk:
    desk = Desk()
    desk.controller.menu.choose_model(str(model_folder))
    desk.jobs.run_all()
    return desk


@pytest.fixture
def analysed(desk: Desk, slide_path: Path) -> Desk:
    desk.open(slide_path)
    desk.controller.analyse()
    desk.jobs.run_all()
    assert desk.session.result is not None, desk.session.analysing
    return desk


def test_a_model_by_path_joins_the_menu(desk: Desk) -> None:
    assert "random-test" in [choice.label.split()[0] for choice in desk.session.models]


def test_opening_shows_the_slide(desk: Desk, slide_path: Path) -> None:
    desk.controller.open_slide(slide_path)
    assert desk.session.opening.phase is Phase.WORKING
    desk.jobs.run_all()
    assert desk.session.opening.phase is Phase.IDLE
    assert list(desk.canvas.slides) == [desk.session.current.key]
    assert desk.canvas.only == desk.session.current.key


def test_what_cannot_be_opened_is_reported(desk: Desk, tmp_path: Path) -> None:
    desk.controller.open_slide(tmp_path / "nothing.svs")
    desk.jobs.run_all()
    assert isinstance(desk.canvas.reported[0], SlideNotFoundError)
    assert desk.session.opening.is_error
    assert desk.session.current is None


def test_analysis_shows_one_map_and_has_the_attention_at_hand(analysed: Desk) -> None:
    maps, session = analysed.canvas.maps, analysed.session
    (visible,) = session.visible_maps
    head = session.result.scores.predictions[0].head
    top = max((p for p in session.result.scores.predictions if p.head == head), key=lambda p: p.value)
    assert visible == f"{head}.{top.output}.single_tile"
    assert set(maps) == {visible, f"{head}.attention"}
    assert maps[visible].heatmap.config.normalisation == "raw"
    assert maps[f"{head}.attention"].heatmap.config.normalisation == "percentile"
    assert session.analysing.text == "Done in 1 s."


def test_progress_is_put_into_words(desk: Desk, slide_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.open(slide_path)
    texts = []
    desk.session.events.analysing.connect(lambda activity, _: texts.append(activity.text))

    def analyse(request: Any, progress: Any, cancel: Any) -> None:
        progress(Progress(stage="encoding tiles", done=61, total=100, elapsed_s=0.5))
        raise MemoryError

    monkeypatch.setattr(tasks, "analyse", analyse)
    desk.controller.analyse()
    desk.jobs.run_all()
    assert "Encoding tiles 61% · 122 tiles/s · 1 s left" in texts
    assert desk.session.analysing.is_error
    assert "memory" in desk.session.analysing.text
    assert len(desk.canvas.reported) == 1


def test_only_one_analysis_at_a_time(desk: Desk, slide_path: Path) -> None:
    desk.open(slide_path)
    desk.controller.analyse()
    desk.controller.analyse()
    assert len(desk.jobs.waiting) == 1


def test_cancel_is_passed_on_and_told(desk: Desk, slide_path: Path) -> None:
    desk.open(slide_path)
    desk.controller.analyse()
    desk.controller.cancel_analysis()
    assert desk.session.analysing.phase is Phase.STOPPING
    assert desk.jobs.waiting[0].cancel_token.is_cancelled
    desk.jobs.run_all()
    assert desk.session.analysing.phase is Phase.IDLE
    assert "kept" in desk.session.analysing.text


def test_answer_for_a_closed_slide_is_dropped(desk: Desk, slide_path: Path) -> None:
    key = desk.open(slide_path)
    desk.controller.analyse()
    job = desk.jobs.waiting[0]
    desk.canvas.remove_slide(key)
    assert job.cancel_token.is_cancelled
    assert desk.session.analysing.phase is Phase.IDLE
    job.cancel_token = type(job.cancel_token)()  # it was too late: the work finishes all the same
    desk.jobs.run_all()
    assert desk.session.result is None
    assert not desk.canvas.maps


def test_slides_are_told_apart(desk: Desk, slide_path: Path) -> None:
    first = desk.open(slide_path)
    desk.controller.analyse()
    second = desk.open(slide_path)
    assert first != second
    assert desk.session.current.key == second
    desk.jobs.run_all()
    assert desk.session.result is None, "the result is the first slide's"
    desk.controller.choose_slide(first)
    assert desk.session.result is not None
    desk.canvas.remove_slide(first)
    assert desk.session.current.key == second
    assert not desk.canvas.maps


def test_resolution_is_taken_from_the_user(desk: Desk, slide_without_mpp: Path) -> None:
    key = desk.open(slide_without_mpp)
    desk.controller.analyse()
    assert not desk.jobs.waiting, "nothing starts without a resolution"
    desk.controller.set_mpp(4000)
    assert "not plausible" in str(desk.canvas.reported[0])
    desk.controller.set_mpp(0.5)
    desk.jobs.run_all()
    assert desk.session.current.record.mpp.source == "user"
    assert desk.canvas.placed[key].mpp.x == 0.5
    assert desk.session.current.key == key


def test_another_kind_of_map_takes_the_place_of_the_visible_one(analysed: Desk) -> None:
    session, maps = analysed.session, analysed.controller.maps
    (before,) = session.visible_maps
    maps.set_kind("leave_one_out")
    (after,) = session.visible_maps
    assert after == before.replace("single_tile", "leave_one_out")
    assert session.selected_map == after
    assert analysed.canvas.visible == {before: False, after: True, before.split(".")[0] + ".attention": False}


def test_colours_belong_to_signed_or_unsigned_maps(analysed: Desk) -> None:
    maps, canvas, session = analysed.controller.maps, analysed.canvas, analysed.session
    (signed,) = session.visible_maps
    attention = signed.split(".")[0] + ".attention"
    maps.set_colormap("PuOr_r")
    assert canvas.maps[signed].colormap == "PuOr_r"
    assert canvas.maps[attention].colormap == "viridis"
    maps.select(attention)
    maps.set_colormap("magma")
    assert canvas.maps[attention].colormap == "magma"
    assert canvas.maps[signed].colormap == "PuOr_r"


def test_normalisation_holds_for_all_maps(analysed: Desk) -> None:
    analysed.controller.maps.set_normalisation("z")
    assert {shown.heatmap.config.normalisation for shown in analysed.canvas.maps.values()} == {"z"}
    analysed.controller.maps.set_normalisation(None)
    kinds = {shown.heatmap.config.normalisation for shown in analysed.canvas.maps.values()}
    assert kinds == {"raw", "percentile"}


def test_maps_switched_in_the_viewer_are_noticed(analysed: Desk) -> None:
    (name,) = analysed.session.visible_maps
    analysed.canvas.events.map_toggled.emit(name, False)
    assert not analysed.session.visible_maps
    analysed.canvas.events.map_toggled.emit(name, True)
    assert analysed.session.visible_maps == {name}
    del analysed.canvas.maps[name]
    analysed.canvas.events.map_removed.emit(name)
    assert not analysed.session.visible_maps


def test_result_of_another_slide_is_refused(
    analysed: Desk, slide_without_mpp: Path, slide_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = analysed.session.result.scores
    monkeypatch.setattr("napari_histcode.export.read_result.read_analysis", lambda folder: scores)
    analysed.open(slide_without_mpp, result=tmp_path)
    assert "open slide is" in str(analysed.canvas.reported[0])
    assert analysed.session.result is None
    analysed.open(slide_path, result=tmp_path)
    assert analysed.session.result.scores is scores


def test_close_ends_all_work(desk: Desk) -> None:
    desk.controller.close()
    assert desk.jobs.is_closed


def test_slide_without_tissue_is_told(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "empty.ome.tif"
    write_ome(path, np.full((600, 800, 3), 243, np.uint8), physical_size_um=0.5)
    desk.open(path)
    desk.controller.analyse()
    desk.jobs.run_all()
    assert isinstance(desk.canvas.reported[0], NoTissueError)
    assert "No tissue" in desk.session.analysing.text


def test_cache_that_cannot_be_written_is_told(
    desk: Desk, slide_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HISTCODE_CACHE", str(tmp_path / "file"))
    desk.open(slide_path)
    desk.controller.analyse()
    desk.jobs.run_all()
    assert isinstance(desk.canvas.reported[0], OutputError)
    assert desk.session.analysing.is_error


def test_damaged_tiles_are_counted_and_told(desk: Desk, tmp_path: Path) -> None:
    path = write_slide(tmp_path / "damaged.ome.tif", factors=())
    overwrite_tile(path, page=0, index=44)
    desk.open(path)
    desk.controller.analyse()
    desk.jobs.run_all()
    assert desk.session.result.scores.n_corrupt == 1
    assert "1 tile could not be decoded" in desk.session.analysing.text


def test_only_what_is_in_view_is_analysed(desk: Desk, slide_path: Path) -> None:
    desk.open(slide_path)
    width, height = desk.session.current.record.dimensions  # type: ignore[union-attr]
    desk.canvas.view = (0.0, 0.0, width / 2, float(height))
    desk.controller.choose_where("view")
    desk.controller.analyse()
    desk.jobs.run_all()
    grid = desk.session.result.scores.grid  # type: ignore[union-attr]
    assert grid.is_partial
    assert (grid.centre_px0[:, 0] <= width / 2).all()


def test_regions_are_analysed_but_for_those_to_ignore(desk: Desk, slide_path: Path) -> None:
    desk.open(slide_path)
    desk.controller.choose_where("regions")
    assert "regions first" in analyse_offer(desk.session).reason
    width, height = desk.session.current.record.dimensions  # type: ignore[union-attr]
    top, bottom = shapely.box(0, 0, width, height / 2), shapely.box(0, height / 2, width, height)
    desk.session.annotations = (
        Annotation(geometry=top, class_name="Tumor"),
        Annotation(geometry=bottom, class_name="Ignore*"),
    )
    desk.controller.analyse()
    desk.jobs.run_all()
    assert (desk.session.result.scores.grid.centre_px0[:, 1] <= height / 2).all()  # type: ignore[union-attr]


def test_the_map_appears_while_the_analysis_runs(
    desk: Desk, slide_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview, "INTERVAL_S", 0.0)
    desk.open(slide_path)
    seen: list[int] = []
    put = desk.canvas.put_map

    def watch(shown: ShownMap) -> None:
        if desk.session.result is None:
            assert shown.heatmap.label.endswith("so far")
            assert shown.is_visible
            seen.append(int(np.isfinite(shown.raw).sum()))
        put(shown)

    monkeypatch.setattr(desk.canvas, "put_map", watch)
    desk.controller.analyse()
    desk.jobs.run_all()
    assert seen == sorted(set(seen))
    assert 0 < seen[0] < seen[-1]
    assert desk.session.result is not None
    assert not any(shown.heatmap.label.endswith("so far") for shown in desk.canvas.maps.values())


def test_evidence_of_the_model_comes_with_its_result(analysed: Desk) -> None:
    heads = {row.head for row in analysed.session.map_rows}
    assert {head for head, _ in analysed.session.evidence} == heads
