"""The Annotate page as a whole: which slide, which regions, which keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.annotate import edits, inbox
from napari_histcode.plugin.annotate.board import RegionBoard
from napari_histcode.plugin.annotate.class_controller import ClassController
from napari_histcode.plugin.annotate.drawing import Drawing
from napari_histcode.plugin.annotate.file_controller import FileController
from napari_histcode.plugin.annotate.keeper import Keeper
from napari_histcode.plugin.annotate.measure_controller import MeasureController
from napari_histcode.plugin.annotate.selecting import Selecting
from napari_histcode.plugin.annotate.state import AnnotateState, Notice, Stroke, Tool
from napari_histcode.plugin.annotate.store import RegionStore
from napari_histcode.plugin.annotate.tasks import ReadRegions
from napari_histcode.plugin.annotate.view import RegionView
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.jobs import JobRunner
from napari_histcode.plugin.keys.registry import keys_of
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.session import Session
from napari_histcode.plugin.tasks import Opened

TOOLS_WITH_KEYS = (Tool.MOVE, Tool.POLYGON, Tool.FREEHAND, Tool.RECTANGLE, Tool.ELLIPSE, Tool.BRUSH)
"""QuPath's keys, while the regions are the active layer; napari's own (S, D, E, I, X ...) go on working."""

LEAST_RADIUS, MOST_RADIUS = 1.0, 2000.0
"""Of the brush."""


class AnnotateController:
    """Everything that the Annotate page can do.

    Parameters
    ----------
    session : Session
        The window's state; this is the only writer of its ``annotations``.
    canvas : Canvas
        The viewer.
    board : RegionBoard
        Where regions are drawn in it.
    jobs : JobRunner
        Where work is done.
    maps : MapController
        Finds maps by name.
    """

    def __init__(
        self, session: Session, canvas: Canvas, board: RegionBoard, jobs: JobRunner, maps: MapController
    ) -> None:
        self.session = session
        self.state = AnnotateState()
        self._board = board
        self.store = RegionStore(session, self.state)
        self.view = RegionView(self.store, self.state, board)
        self.drawing = Drawing(self.store, self.state, self.view, board)
        self.selecting = Selecting(self.store, self.state, self.view, board, canvas)
        self.classes = ClassController(self.store, self.state, self.selecting)
        self.files = FileController(session, self.store, self.state, jobs)
        self.measures = MeasureController(session, self.state, maps, board, jobs)
        self.keeper = Keeper(self.store, self.state, board, jobs)
        self._current: str | None = None
        self._known: set[str] = set()
        self._end_inbox = inbox.receive(self.files.import_files)
        session.events.current.connect(self._current_changed)
        session.events.slides.connect(self._slides_changed)
        self.state.events.tool.connect(self._refresh_keys)
        board.events.tool_changed.connect(self._tool_changed)
        board.events.visibility_changed.connect(self._visibility_changed)
        board.events.offered.connect(self.take_over)
        board.events.refused.connect(self.store.say)

    def close(self) -> None:
        """Keep all regions, and let go of the viewer."""
        self._end_inbox()
        self.keeper.close()
        self._board.disconnect()

    # Slides

    def slide_opened(self, opened: Opened) -> None:
        """Give a slide the regions that were opened together with it."""
        if opened.annotations is None or opened.annotations_path is None:
            return
        regions = edits.with_ids(opened.annotations.annotations)
        self.store.begin(opened.key, regions)
        read = ReadRegions(found=opened.annotations, regions=regions)
        self.files.came_with(opened.key, opened.slide, opened.annotations_path, read)

    def take_over(self, regions: tuple[Annotation, ...]) -> None:
        """Take regions over that were put into the viewer without the dock."""
        entry = self.session.current
        if entry is None or not regions:
            return
        if self.store.regions:
            taken = {str(region.id) for region in self.store.regions}
            new = edits.with_ids(regions, taken)
            self.store.commit(f"import {edits.counted(len(new))}", (*self.store.regions, *new))
        else:
            self.store.begin(entry.key, edits.with_ids(regions))

    def _slides_changed(self) -> None:
        entries = {entry.key: entry for entry in self.session.slides}
        for key in self._known - entries.keys():
            self.keeper.forget(key)
            self.store.forget(key)
            self.files.forget(key)
        for key in entries.keys() - self._known:
            self.keeper.look_for(entries[key])
        self._known = set(entries)

    def _current_changed(self) -> None:
        entry = self.session.current
        key = None if entry is None else entry.key
        if key == self._current:  # the same slide with its resolution given
            self.view.refresh()
            return
        self._current = key
        self.state.tool = Tool.MOVE
        self.store.switch()
        self.files.switch()
        self.keeper.switch()
        if entry is not None:
            self.take_over(self._board.offered_before())

    # Tools

    def set_in_front(self, *, is_in_front: bool) -> None:
        """Take the page's keys, or give them back and let go of the tool."""
        self.state.is_in_front = is_in_front
        if not is_in_front:
            self.state.tool = Tool.MOVE
            self.state.selected = frozenset()
        self.measures.set_wanted(is_wanted=is_in_front)
        self._refresh_keys()

    def set_tool(self, tool: Tool) -> None:
        """Take a tool in hand."""
        if self.session.current is not None:
            if tool is not Tool.MOVE:
                self.state.is_visible = True
            self.state.tool = tool

    def set_stroke(self, stroke: Stroke) -> None:
        """Choose what finished outlines do."""
        self.state.stroke = stroke

    def set_radius(self, radius_um: float) -> None:
        """Choose the radius of the brush."""
        self.state.radius_um = min(max(radius_um, LEAST_RADIUS), MOST_RADIUS)

    def set_fill(self, fill: float) -> None:
        """Choose the opacity of areas, 0 to 1."""
        self.state.fill = fill

    def toggle_visible(self) -> None:
        """Show or hide all regions."""
        self.state.is_visible = not self.state.is_visible

    def undo(self) -> None:
        """Take back the last corner of an unfinished outline, else the last step."""
        if not self._board.step_back():
            self.store.undo()

    def redo(self) -> None:
        """Do the last undone step again."""
        self.store.redo()

    def act_on_notice(self) -> None:
        """Do what the quiet line offers."""
        if self.state.notice.action == "Undo":
            self.undo()
        self.state.notice = Notice()

    # Keys

    def keys(self) -> dict[str, Callable[[], object]]:
        """Keys of the page, wherever the viewer has the focus."""
        actions: dict[str, Callable[[], object]] = {
            "undo": self.undo,
            "redo": self.redo,
            "regions.hide": self.toggle_visible,
            "regions.copy": self.selecting.duplicate,
        }
        bound = {key: action for name, action in actions.items() for key in keys_of(name)}
        return bound | self._class_keys("class.choose")

    def pen_keys(self) -> dict[str, Callable[[], object]]:
        """Keys of the page while the regions are the active layer; digits only while drawing."""
        actions: dict[str, Callable[[], object]] = {
            f"tool.{tool.value}": partial(self.set_tool, tool) for tool in TOOLS_WITH_KEYS
        }
        actions["brush.smaller"] = lambda: self.set_radius(self.state.radius_um / 1.25)
        actions["brush.larger"] = lambda: self.set_radius(self.state.radius_um * 1.25)
        actions["regions.select_in_view"] = self.selecting.select_in_view
        bound = {key: action for name, action in actions.items() for key in keys_of(name)}
        return bound | (self._class_keys("class.draw") if self.state.tool.is_drawing else {})

    def _class_keys(self, name: str) -> dict[str, Callable[[], object]]:
        return {key: partial(self.classes.choose_number, place) for place, key in enumerate(keys_of(name))}

    def _refresh_keys(self) -> None:
        self._board.bind_keys(self.keys() if self.state.is_in_front else {})
        self._board.bind_pen_keys(self.pen_keys() if self.state.is_in_front else {})

    # News of the viewer

    def _tool_changed(self, tool: Tool) -> None:
        self.state.tool = tool
        if tool.is_drawing and tool is not Tool.BRUSH:
            self.state.selected = frozenset()

    def _visibility_changed(self, is_visible: bool) -> None:  # noqa: FBT001 - a signal's slot
        self.state.is_visible = is_visible

    def import_files(self, paths: Sequence[Path]) -> None:
        """Add the regions of files."""
        self.files.import_files(paths)
