"""A canvas and a runner without napari and without threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from napari_histcode.errors import AnalysisCancelledError
from napari_histcode.plugin.canvas import CanvasEvents, MarkedTiles, ShownClasses, ShownMap
from napari_histcode.plugin.class_legend import Legend
from napari_histcode.plugin.jobs import JobOutcome, JobState
from napari_histcode.plugin.layers import Box, LayerData, Pair, slide_key_of
from napari_histcode.progress import CancelToken, Progress
from napari_histcode.slide import SlideRecord


class FakeCanvas:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.events = CanvasEvents()
        self.slides: dict[str, LayerData] = {}
        self.channels: dict[str, tuple[LayerData, ...]] = {}
        self.placed: dict[str, SlideRecord] = {}
        self.only: str | None = None
        self.maps: dict[str, ShownMap] = {}
        self.visible: dict[str, bool] = {}
        self.opacity: float | None = None
        self.reported: list[BaseException] = []
        self.classes: dict[str, ShownClasses] = {}
        self.legends: dict[str, Legend | None] = {}
        self.outlined: tuple[Box, ...] = ()
        self.marked: tuple[MarkedTiles, ...] = ()
        self.flights: list[Box] = []
        self.view: Box = (0.0, 0.0, 1000.0, 1000.0)
        self.is_picking = False
        self.centre: Pair | None = None
        self.n_fitted = 0
        self.scale = 20.0
        self.n_quarters = 0

    def slide_keys(self) -> tuple[str, ...]:
        return tuple(self.slides)

    def add_slide(self, data: LayerData, *further: LayerData) -> None:
        key = slide_key_of(data[1]["metadata"])
        assert key is not None
        self.slides[key] = data
        self.channels[key] = (data, *further)
        self.events.slide_added.emit(key)

    def remove_slide(self, key: str) -> None:
        del self.slides[key]
        self.events.slide_removed.emit(key)

    def place_slide(self, key: str, record: SlideRecord) -> None:
        self.placed[key] = record

    def show_only_slide(self, key: str) -> None:
        self.only = key

    def put_map(self, shown: ShownMap) -> None:
        self.maps[shown.heatmap.name] = shown
        self.visible[shown.heatmap.name] = shown.is_visible

    def when_idle(self, callback: Callable[[], None]) -> None:
        callback()

    def set_map_visible(self, name: str, *, is_visible: bool) -> None:
        self.visible[name] = is_visible

    def set_opacity(self, opacity: float) -> None:
        self.opacity = opacity

    def map_names(self) -> tuple[str, ...]:
        return tuple(self.maps)

    def clear_maps(self) -> None:
        self.maps, self.visible, self.classes, self.outlined, self.marked = {}, {}, {}, (), ()

    def put_classes(self, shown: ShownClasses) -> None:
        self.classes[shown.name] = shown
        self.visible[shown.name] = True

    def put_legend(self, name: str, legend: Legend | None) -> None:
        self.legends[name] = legend

    def set_classes_visible(self, name: str, *, is_visible: bool) -> None:
        if name in self.classes:
            self.visible[name] = is_visible

    def remove(self, name: str) -> None:
        self.maps.pop(name, None)
        self.visible.pop(name, None)
        self.classes.pop(name, None)

    def outline_tiles(self, boxes: Sequence[Box], record: SlideRecord) -> None:
        self.outlined = tuple(boxes)

    def mark_tiles(self, groups: Sequence[MarkedTiles], record: SlideRecord) -> None:
        self.marked = tuple(group for group in groups if group.boxes)

    def fly_to(self, box: Box, record: SlideRecord) -> None:
        self.flights.append(box)

    def centre_on(self, xy_px0: Pair, record: SlideRecord) -> None:
        self.centre = xy_px0

    def fit(self) -> None:
        self.n_fitted += 1

    def world_per_screen_px(self) -> float:
        return self.scale

    def set_world_per_screen_px(self, value: float) -> None:
        self.scale = value
        self.events.view_changed.emit()

    def turn(self, n_quarters: int) -> None:
        self.n_quarters = n_quarters

    def view_box(self, record: SlideRecord) -> Box:
        return self.view

    def set_picking(self, *, is_on: bool) -> None:
        self.is_picking = is_on

    def report(self, error: BaseException) -> None:
        self.reported.append(error)


class FakeJob:
    """A job that has not been run yet."""

    def __init__(
        self, work: Callable[..., Any], on_end: Callable[..., Any], on_progress: Callable[..., Any] | None
    ) -> None:
        self.work, self.on_end, self.on_progress = work, on_end, on_progress
        self.cancel_token = CancelToken()

    def cancel(self) -> None:
        self.cancel_token.cancel()

    def run(self) -> None:
        try:
            value = self.work(self._progressed, self.cancel_token)
        except AnalysisCancelledError:
            outcome = JobOutcome(state=JobState.CANCELLED, seconds=1.0)
        except Exception as error:
            outcome = JobOutcome(state=JobState.FAILED, error=error, seconds=1.0)
        else:
            outcome = JobOutcome(state=JobState.FINISHED, value=value, seconds=1.0)
        self.on_end(outcome)

    def _progressed(self, progress: Progress) -> None:
        if self.on_progress is not None:
            self.on_progress(progress)


class FakeRunner:
    """Keeps jobs until the test runs them."""

    def __init__(self) -> None:
        self.waiting: list[FakeJob] = []
        self.is_closed = False

    def start(
        self,
        work: Callable[..., Any],
        *,
        on_end: Callable[..., Any],
        on_progress: Callable[..., Any] | None = None,
    ) -> FakeJob:
        job = FakeJob(work, on_end, on_progress)
        self.waiting.append(job)
        return job

    def run_all(self) -> None:
        while self.waiting:
            self.waiting.pop(0).run()

    def close(self) -> None:
        self.is_closed = True
