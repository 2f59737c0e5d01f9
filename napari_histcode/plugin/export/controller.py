"""Session <-> jobs: what is on the screen, written to disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

from napari_histcode.export.figures.view import Box
from napari_histcode.export.options import ExportOptions, PanelKind
from napari_histcode.heatmap import HeatmapConfig
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.compare.state import CompareState
from napari_histcode.plugin.export.kinds import CONTACT_SHEET, EVERYTHING, Kind, kind_of
from napari_histcode.plugin.export.state import ExportState, Part, WhichMaps, export_offer
from napari_histcode.plugin.export.tasks import ExportRequest, export_everything, export_format
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, RunningJob, Work
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.session import Activity, Phase, Result, Session, SlideEntry
from napari_histcode.plugin.top_tiles import N_SHOWN
from napari_histcode.plugin.wording import error_text
from napari_histcode.progress import Progress
from napari_histcode.saved.reading import Reading


class ExportController:
    """Writes the current result in the chosen format.

    Parameters
    ----------
    session : Session
        What is on the screen.
    canvas : Canvas
        Knows what is in view, and reports errors.
    jobs : JobRunner
        Writes in the background.
    maps : MapController
        Knows the windows of values.
    compared : CompareState
        The comparison that goes into figures and reports.
    reading_of : callable
        Finds the blind reading of a slide.
    """

    def __init__(
        self,
        session: Session,
        canvas: Canvas,
        jobs: JobRunner,
        maps: MapController,
        compared: CompareState,
        reading_of: Callable[[str], Reading | None] = lambda _key: None,
    ) -> None:
        self.state = ExportState()
        self.session = session
        self._canvas = canvas
        self._jobs = jobs
        self._maps = maps
        self._compared = compared
        self._reading_of = reading_of
        self._job: RunningJob | None = None
        session.events.result.connect(self._result_changed)

    def choose_kind(self, name: str) -> None:
        """Choose what is written."""
        self.state.kind = kind_of(name).name

    def choose_maps(self, which: str) -> None:
        """Take the maps that are on, or all."""
        self.state.which_maps = next(each for each in get_args(WhichMaps) if each == which)

    def choose_part(self, part: str) -> None:
        """Show the whole slide, or what is in view."""
        self.state.part = next(each for each in get_args(Part) if each == part)

    def put_beside(self, *, slide: bool | None = None, reference: bool | None = None) -> None:
        """Put the plain slide or the regions beside the maps of a figure, or not."""
        if slide is not None:
            self.state.has_slide_beside = slide
        if reference is not None:
            self.state.has_reference_beside = reference

    def export(self, folder: Path) -> None:
        """Write into a folder."""
        session, state = self.session, self.state
        entry, result = session.current, session.result
        if entry is None or result is None or not export_offer(session, state).is_enabled:
            return
        state.exporting = Activity(phase=Phase.WORKING, text="Writing results …")
        job = self._jobs.start(
            self._work(entry, result, folder), on_progress=self._progressed, on_end=self._ended
        )
        if state.exporting.phase is Phase.WORKING:
            self._job = job

    def cancel(self) -> None:
        """Stop writing; nothing half-written stays."""
        if self._job is not None and self.state.exporting.phase is Phase.WORKING:
            self._job.cancel()
            self.state.exporting = Activity(phase=Phase.STOPPING, text="Stopping …")

    def _work(self, entry: SlideEntry, result: Result, folder: Path) -> Work[tuple[Path, ...]]:
        analysis = result.analysis
        if self.state.kind == EVERYTHING and analysis is not None:
            reading = self._reading_of(entry.key)
            return lambda progress, cancel: export_everything(analysis, folder, reading, progress, cancel)
        request = self._request(entry, result, folder)
        return lambda progress, cancel: export_format(request, progress, cancel)

    def _request(self, entry: SlideEntry, result: Result, folder: Path) -> ExportRequest:
        session, state = self.session, self.state
        kind = kind_of(state.kind)
        visible = tuple(row_name for row_name in self._names() if row_name in session.visible_maps)
        maps = visible if state.which_maps == "visible" else None
        normalisation = session.normalisation
        answer = self._compared.answer
        return ExportRequest(
            kind=kind.name,
            folder=folder,
            scores=result.scores.with_maps(session.tool_maps),
            maps=maps,
            slide=entry.slide,
            config=HeatmapConfig(normalisation=normalisation) if normalisation else None,
            bag=result.bag,
            annotations=tuple(region for region in session.annotations if region.has_area),
            comparison=answer.comparison if answer is not None and answer.question.result is result else None,
            options=self._options(kind, entry, visible),
            reading=self._reading_of(entry.key),
        )

    def sheet_request(self, path: Path) -> ExportRequest | None:
        """Say what a contact sheet of the selected map is made of; None where there is no map."""
        session = self.session
        entry, result, name = session.current, session.result, session.selected_map
        if entry is None or result is None or name is None:
            return None
        return ExportRequest(
            kind=CONTACT_SHEET,
            folder=path,
            scores=result.scores.with_maps(session.tool_maps),
            maps=(name,),
            slide=entry.slide,
            options=ExportOptions(n_top_tiles=N_SHOWN),
            reading=self._reading_of(entry.key),
        )

    def _names(self) -> tuple[str, ...]:
        """Names of all maps, in the order of the list."""
        return tuple(name for row in self.session.map_rows for _, name in row.names)

    def _options(self, kind: Kind, entry: SlideEntry, visible: tuple[str, ...]) -> ExportOptions:
        """Draw as the window does: its opacity, and for a single map its colours and window of values."""
        session, state = self.session, self.state
        colormap, limits = None, None
        heatmap = self._maps.selected_heatmap()
        if heatmap is not None and visible == (heatmap.name,) and state.which_maps == "visible":
            colormap = self._maps.colormap_of(heatmap)
            limits = self._maps.limits_of(heatmap)
        return ExportOptions(
            region_px0=self._region(entry) if kind.has_part and state.part == "view" else None,
            panels=self._panels(kind),
            alpha=session.opacity,
            colormap=colormap,
            limits=limits,
            segment="threshold",
            n_top_tiles=N_SHOWN if kind.name == CONTACT_SHEET else ExportOptions.n_top_tiles,
            first_maps=visible,
        )

    def _panels(self, kind: Kind) -> tuple[PanelKind, ...]:
        before: tuple[PanelKind, ...] = ("slide",) if kind.has_panels and self.state.has_slide_beside else ()
        has_reference = kind.has_panels and self.state.has_reference_beside and self.session.annotations
        after: tuple[PanelKind, ...] = ("reference",) if has_reference else ()
        return (*before, "map", *after)

    def _region(self, entry: SlideEntry) -> Box:
        """Cut what is in view to the slide."""
        left, top, width, height = self._canvas.view_box(entry.record)
        right, bottom = left + width, top + height
        slide_width, slide_height = entry.record.dimensions
        left, top = max(0.0, left), max(0.0, top)
        return left, top, min(right, slide_width) - left, min(bottom, slide_height) - top

    def _progressed(self, progress: Progress) -> None:
        if self.state.exporting.phase is Phase.WORKING:
            fraction = progress.fraction if progress.total else None
            text = f"Writing results {progress.fraction:.0%}" if progress.total else "Writing results …"
            self.state.exporting = Activity(phase=Phase.WORKING, text=text, fraction=fraction)

    def _ended(self, outcome: JobOutcome[tuple[Path, ...]]) -> None:
        self._job = None
        if outcome.error is not None:
            self.state.exporting = Activity(text=error_text(outcome.error), is_error=True)
            self._canvas.report(outcome.error)
        elif outcome.value:
            written = outcome.value
            where = written[0] if len(written) == 1 else written[0].parent
            self.state.exporting = Activity(text=f"Written to {where}")
        else:
            self.state.exporting = Activity(text="Stopped. Nothing was written.")

    def _result_changed(self) -> None:
        """Take away the words about another result's export."""
        if self.state.exporting.phase is Phase.IDLE:
            self.state.exporting = Activity()
