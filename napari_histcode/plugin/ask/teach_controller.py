"""Teach: each mark is learned from at once, and the probability map follows."""

from __future__ import annotations

from functools import partial

from napari_histcode.plugin.annotate.state import AnnotateState
from napari_histcode.plugin.ask import teach_tasks
from napari_histcode.plugin.ask.latest import LatestJob
from napari_histcode.plugin.ask.teach_classes import TeachClasses
from napari_histcode.plugin.ask.teach_keeping import TeachKeeping
from napari_histcode.plugin.ask.teach_marks import SlideMarks
from napari_histcode.plugin.ask.teach_state import TeachState
from napari_histcode.plugin.ask.teach_tasks import Lesson, LessonRequest, Offered
from napari_histcode.plugin.ask.tiles import NO_TILE, missing, picked_tile
from napari_histcode.plugin.canvas import Canvas, MarkedTiles, Pick
from napari_histcode.plugin.compare.walk import box_of
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.jobs import JobOutcome
from napari_histcode.plugin.session import Activity
from napari_histcode.plugin.wording import error_text
from napari_histcode.teaching.scaling import Scaling


class TeachController:
    """Turns clicks and regions into lessons, and what was learned into a map and state.

    Parameters
    ----------
    main : Controller
        The window's controller: the session, the maps, the list of models.
    annotate : AnnotateState
        Classes with their colours.
    canvas : Canvas
        Where tiles are clicked and outlined.
    """

    def __init__(self, main: Controller, annotate: AnnotateState, canvas: Canvas) -> None:
        self.session = main.session
        self.state = TeachState()
        self._main = main
        self._canvas = canvas
        self._latest = LatestJob(main.jobs)
        self._marks: dict[str, SlideMarks] = {}
        self._scaling: Scaling | None = None
        self._drawn: str | None = None
        self._is_active = False
        self.keeping = TeachKeeping(main, self.state, lambda: self.marks)
        self.classes = TeachClasses(
            self.session, self.state, annotate, forget=self._forget_class, changed=self._classes_changed
        )
        events = self.session.events
        events.result.connect(self._result_changed)
        events.slides.connect(self._forget_closed)
        events.annotations.connect(self._regions_changed)
        canvas.events.clicked.connect(self._clicked)
        self._result_changed()

    def set_active(self, *, is_active: bool) -> None:
        """Listen to clicks and outline marks, or do not."""
        self._is_active = is_active
        self._set_picking()
        self._outline()
        if is_active:
            self._regions_changed()
            if self.state.lesson is None:
                self._learn()

    # Marks

    @property
    def marks(self) -> SlideMarks | None:
        """The clicks on the current slide; None without a result."""
        entry, result = self.session.current, self.session.result
        if entry is None or result is None:
            return None
        known = self._marks.get(entry.key)
        grid = result.scores.grid
        return SlideMarks(grid=grid) if known is None else known.on_grid(grid)

    def pick(self, *, is_picking: bool) -> None:
        """Let clicks on the slide mark tiles, or not."""
        self.state.is_picking = is_picking
        self._set_picking()

    def unmark(self, *, is_unmarking: bool) -> None:
        """Let clicks take marks away, or give them."""
        self.state.is_unmarking = is_unmarking

    def use_regions(self, *, is_used: bool) -> None:
        """Count tiles in regions as marks; classes of regions that are not there yet are added."""
        self.state.uses_regions = is_used
        if is_used:
            self.classes.add_missing(teach_tasks.classes_of_regions(self.session.annotations))
        self._learn()

    def mark(self, tile: int, key: int) -> None:
        """Give a tile a class."""
        marks = self.marks
        if marks is not None:
            self._take(marks.marked(tile, key))

    def undo(self) -> None:
        """Take the last click back."""
        marks = self.marks
        if marks is not None:
            self._take(marks.undone())

    def _clicked(self, pick: Pick) -> None:
        state, marks = self.state, self.marks
        if not (self._is_active and state.is_picking) or state.missing or marks is None:
            return
        tile = picked_tile(self.session, pick)
        if tile is None:
            state.learning = Activity(text=NO_TILE)
        elif pick.is_removing or state.is_unmarking:
            self._take(marks.unmarked(tile))
        else:
            self.mark(tile, state.chosen)

    def _take(self, marks: SlideMarks) -> None:
        entry = self.session.current
        if entry is None:
            return
        self._marks[entry.key] = marks
        self.state.asked = None
        self._show_marks(marks)
        self._learn()
        self._outline()  # takes napari a while, and the lesson goes on meanwhile

    def _show_marks(self, marks: SlideMarks | None) -> None:
        state = self.state
        state.n_clicked = len(marks.class_of) if marks is not None else 0
        state.can_undo = marks is not None and bool(marks.before)

    def _set_picking(self) -> None:
        self._canvas.set_picking(is_on=self._is_active and self.state.is_picking and not self.state.missing)

    def _outline(self) -> None:
        """Outline the clicked tiles in the colours of their classes; regions are seen themselves."""
        entry, marks = self.session.current, self.marks
        if entry is None or marks is None:
            return
        groups = []
        for one in self.state.classes if self._is_active else ():
            own = (tile for tile, key in marks.class_of.items() if key == one.key)
            boxes = tuple(box_of(marks.grid, tile) for tile in own)
            groups.append(MarkedTiles(boxes=boxes, colour=one.colour))
        self._canvas.mark_tiles(groups, entry.record)

    # Learning

    def _learn(self) -> None:
        """Learn from the marks as they are now."""
        session, marks, state = self.session, self.marks, self.state
        result = session.result
        if result is None or result.bag is None or marks is None:
            return
        if not (marks.class_of or state.uses_regions):
            self._latest.forget()
            self._forget_lesson()
            return
        request = LessonRequest(
            bag=result.bag,
            classes=state.classes,
            clicked=marks.class_of,
            regions=session.annotations if state.uses_regions else (),
            scaling=self._scaling,
        )
        self._latest.ask(partial(teach_tasks.learn_from, request), answer=self._learned)

    def _learned(self, outcome: JobOutcome[Lesson]) -> None:
        state, lesson = self.state, outcome.value
        if outcome.error is not None:
            self._forget_lesson()
            state.learning = Activity(text=error_text(outcome.error), is_error=True)
            return
        if lesson is None:
            return
        self._scaling = lesson.scaling
        state.n_marked = {
            one.key: len(lesson.tiles_of[one.name])
            for one in lesson.request.classes
            if one.name in lesson.tiles_of
        }
        state.learning = Activity()
        state.lesson = lesson
        self._show_map()

    def _forget_lesson(self) -> None:
        state = self.state
        state.lesson = None
        state.asked = None
        state.n_marked = {}
        state.learning = Activity()
        self._take_map()

    # The map

    def show_class(self, key: int) -> None:
        """Show the probability of this class."""
        self.state.shown = key
        self._show_map()

    def _show_map(self) -> None:
        """Show the probability of the chosen class, or of the first one that was taught."""
        state, lesson = self.state, self.state.lesson
        if lesson is None or lesson.taught is None:
            self._take_map()
            return
        maps = {one.output: one for one in lesson.taught.maps}
        taught = [one for one in lesson.request.classes if one.name in maps]
        if state.shown not in [one.key for one in taught]:
            state.shown = taught[0].key
        shown = next(one for one in taught if one.key == state.shown)
        tile_map = maps[shown.name]
        if self._drawn not in (None, tile_map.name):
            self._take_map()
        self._drawn = tile_map.name
        window = f"{tile_map.name}/raw"
        if window not in self.session.windows:  # probabilities are held against 0 and 1
            self.session.windows = {**self.session.windows, window: (0.0, 1.0)}
        self._main.maps.put(tile_map, is_passing=True)
        if tile_map.name not in self.session.visible_maps:
            self._main.maps.show_alone(tile_map.name)

    def _take_map(self) -> None:
        drawn, self._drawn = self._drawn, None
        if drawn is not None:
            self._main.maps.take(drawn)

    # What to mark next

    def ask_about(self, tile: int) -> None:
        """Fly to a tile that is offered, and ask for its class."""
        lesson = self.state.lesson
        self.state.asked = next((one for one in lesson.offered if one.tile == tile), None) if lesson else None
        self._main.fly_to_tile(tile)

    def answer(self, key: int) -> None:
        """Give the tile that is asked about a class, and forget the outline around it."""
        asked, entry = self.state.asked, self.session.current
        if isinstance(asked, Offered) and entry is not None:
            self._canvas.outline_tiles((), entry.record)
            self.mark(asked.tile, key)

    # Other classes, regions, results and slides

    def _classes_changed(self) -> None:
        self._outline()
        self._learn()

    def _forget_class(self, key: int) -> None:
        self._marks = {slide: marks.without_class(key) for slide, marks in self._marks.items()}
        self.state.asked = None
        self._show_marks(self.marks)

    def _regions_changed(self) -> None:
        if not self._is_active:
            return
        self.state.has_regions = bool(teach_tasks.classes_of_regions(self.session.annotations))
        if self.state.uses_regions:
            self._learn()

    def _result_changed(self) -> None:
        """Forget what was learned of another result; the marks of each slide stay."""
        state = self.state
        self._latest.forget()
        self._scaling = self._drawn = None
        state.missing = missing(self.session)
        state.lesson = state.asked = None
        state.n_marked = {}
        state.learning = state.saving = state.exporting = Activity()
        state.saved = ""
        self._show_marks(self.marks)
        if self._is_active:
            self._set_picking()
            self._canvas.when_idle(self._came_back)

    def _came_back(self) -> None:
        """Learn again from the marks of this slide, once its own maps are drawn."""
        if self._is_active:
            self._outline()
            if self.state.lesson is None:
                self._learn()

    def _forget_closed(self) -> None:
        keys = {entry.key for entry in self.session.slides}
        self._marks = {key: marks for key, marks in self._marks.items() if key in keys}
