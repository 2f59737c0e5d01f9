"""Explore: the tiles on a plane, linked with the slide."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from napari_histcode.annotations.annotation import Rgb
from napari_histcode.exploration.components import Components
from napari_histcode.exploration.project import Method, Projection
from napari_histcode.heatmap.window import through_window
from napari_histcode.plugin.annotate.state import AnnotateState
from napari_histcode.plugin.ask import explore_tasks
from napari_histcode.plugin.ask.cluster_controller import ClusterController
from napari_histcode.plugin.ask.explore_colours import CLUSTER_COLOURS, colours_of_classes, colours_of_map
from napari_histcode.plugin.ask.explore_picture import limits_of, nearest_point
from napari_histcode.plugin.ask.explore_state import Colouring, ExploreState, Painted, Selection
from napari_histcode.plugin.ask.explore_tasks import Laid, RegionClasses
from napari_histcode.plugin.ask.explore_words import NO_UMAP
from napari_histcode.plugin.ask.latest import LatestJob
from napari_histcode.plugin.ask.tiles import missing, picked_tile
from napari_histcode.plugin.canvas import Canvas, MarkedTiles, Pick, ShownClasses
from napari_histcode.plugin.compare.walk import MOST_OUTLINED, box_of
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.jobs import JobOutcome
from napari_histcode.plugin.map_controller import draw_as_chosen
from napari_histcode.plugin.session import Activity, Phase
from napari_histcode.plugin.wording import error_text, progress_line
from napari_histcode.progress import Progress

SELECTION_NAME = "explore.selection"
SELECTION_COLOUR: Rgb = (0, 215, 255)
"""Neither in tissue nor in the colour scales."""


class ExploreController:
    """Turns choices on the plane into jobs, outlines and state.

    Parameters
    ----------
    main : Controller
        The window's controller: the session and the maps.
    annotate : AnnotateState
        Colours of classes.
    canvas : Canvas
        Where tiles are clicked, outlined and painted.
    """

    def __init__(self, main: Controller, annotate: AnnotateState, canvas: Canvas) -> None:
        self.session = main.session
        self.state = ExploreState()
        self._main = main
        self._annotate = annotate
        self._canvas = canvas
        self._plane = {"pca": LatestJob(main.jobs), "umap": LatestJob(main.jobs)}
        self._lasso = LatestJob(main.jobs)
        self._classing = LatestJob(main.jobs)
        self._known: dict[Method, Projection] = {}
        self._components: Components | None = None
        self._is_active = False
        self.clusters = ClusterController(self.session, self.state, canvas, main.jobs)
        events = self.session.events
        events.result.connect(self._result_changed)
        events.annotations.connect(self._regions_changed)
        for signal in (
            events.selected_map, events.tool_maps, events.windows, events.normalisation, events.sequential,
            events.diverging, self.state.events.clusters, self.state.events.regions,
        ):  # fmt: skip
            signal.connect(self._paint_if_seen)
        canvas.events.clicked.connect(self._clicked)
        self._result_changed()

    def set_active(self, *, is_active: bool) -> None:
        """Lay the tiles out and listen to clicks, or hide what is painted on the slide."""
        self._is_active = is_active
        self._set_picking()
        self.clusters.set_active(is_active=is_active)
        self._show_selection()
        if is_active:
            self._regions_changed()
            self._lay_out()
            self._paint()

    # The plane

    def choose_method(self, method: Method) -> None:
        """Lay the tiles out in this way."""
        self.state.method = method
        self.state.pointed = None
        self._lay_out()

    def cancel(self) -> None:
        """Stop laying out; UMAP itself goes on unseen until it is done."""
        method = self.state.method
        self._plane[method].forget()
        self.state.projecting = Activity(text="Stopped.")
        if method == "umap":
            self.choose_method("pca")

    def _lay_out(self) -> None:
        state, result = self.state, self.session.result
        if not self._is_active or result is None or result.bag is None:
            return
        method = state.method
        known = self._known.get(method)
        if known is not None:
            self._show_plane(known)
            return
        if method == "umap" and not explore_tasks.has_umap():
            state.projecting = Activity(text=NO_UMAP, is_error=True)
            return
        state.projecting = Activity(phase=Phase.WORKING, text="Arranging the tiles …")
        if self._plane[method].is_busy:
            return
        work = partial(explore_tasks.lay_out, result.bag, method, self._components)
        self._plane[method].ask(
            work, answer=partial(self._laid, method), on_progress=partial(self._progressed, method)
        )

    def _progressed(self, method: Method, progress: Progress) -> None:
        if self.state.projecting.phase is Phase.WORKING and method == self.state.method:
            fraction = progress.fraction if progress.total else None
            self.state.projecting = Activity(
                phase=Phase.WORKING, text=progress_line(progress), fraction=fraction
            )

    def _laid(self, method: Method, outcome: JobOutcome[Laid]) -> None:
        if outcome.error is not None:
            if method == self.state.method:
                self.state.projecting = Activity(text=error_text(outcome.error), is_error=True)
        elif outcome.value is not None:
            self._components = outcome.value.components
            self._known[method] = outcome.value.projection
            if method == self.state.method:
                self._show_plane(outcome.value.projection)
            self.clusters.take_components(self._components)

    def _show_plane(self, projection: Projection) -> None:
        self.state.projecting = Activity()
        if self.state.projection is not projection:
            self.state.painted = None
            self.state.projection = projection
        self._paint()

    # Colours

    def colour_by(self, colouring: Colouring) -> None:
        """Colour the points by the selected map, by cluster, or by the class of regions."""
        self.state.colouring = colouring
        if colouring == "clusters" and not self.state.shows_clusters:
            self.show_clusters(is_shown=True)
        if colouring == "regions":
            self._class_tiles()
        self._paint()

    def show_clusters(self, *, is_shown: bool) -> None:
        """Find clusters, paint them on the slide and colour the points by them, or do not."""
        state = self.state
        if is_shown and state.colouring == "map":
            state.colouring = "clusters"
        elif not is_shown and state.colouring == "clusters":
            state.colouring = "map"
        self.clusters.show(is_shown=is_shown)
        self._paint()

    def _paint_if_seen(self) -> None:
        if self._is_active:
            self._paint()

    def _paint(self) -> None:
        """Colour the points; those of a kind that is not known yet keep the colours they have."""
        state, result = self.state, self.session.result
        if state.projection is None or result is None:
            return
        if state.colouring == "clusters" and state.clusters is not None:
            colours = colours_of_classes(state.clusters.labels, CLUSTER_COLOURS)
            state.painted = Painted(colours=colours, meaning="coloured by cluster")
        elif state.colouring == "regions" and state.regions is not None:
            colours = colours_of_classes(state.regions.labels, state.regions.colours)
            state.painted = Painted(colours=colours, meaning="grey: in no region")
        elif state.colouring == "map" or state.painted is None:
            state.painted = self._painted_by_map()

    def _painted_by_map(self) -> Painted | None:
        session, maps = self.session, self._main.maps
        if session.result is None or session.selected_map is None:
            return None
        made = {one.name for one in session.tool_maps}
        if session.selected_map not in made | set(session.result.scores.map_names):
            return self.state.painted  # a tool's map is being taken away: another one is selected next
        grid = session.result.scores.grid
        tile_map = maps.map(session.selected_map)
        heatmap = draw_as_chosen(tile_map, grid, session.normalisation)
        seen = through_window(heatmap, maps.window_of(heatmap), hides_outside=False)
        colours = colours_of_map(seen, grid, maps.colormap_of(heatmap))
        return Painted(colours=colours, meaning=f"coloured by {tile_map.label} ({heatmap.quantity})")

    def _class_tiles(self) -> None:
        """Find the class of each tile by the regions."""
        result = self.session.result
        if result is None or not self.state.has_regions:
            return
        work = partial(
            explore_tasks.classes_of_tiles,
            result.scores.grid,
            self.session.annotations,
            self._annotate.classes,
        )
        self._classing.ask(work, answer=self._classed)

    def _classed(self, outcome: JobOutcome[RegionClasses]) -> None:
        if outcome.error is not None:
            self._canvas.report(outcome.error)
        elif outcome.value is not None:
            self.state.regions = outcome.value

    def _regions_changed(self) -> None:
        if not self._is_active:
            return
        state = self.state
        state.has_regions = any(one.has_area for one in self.session.annotations)
        if not state.has_regions:
            state.regions = None
            if state.colouring == "regions":
                self.colour_by("map")
        elif state.colouring == "regions":
            self._class_tiles()

    # The plane and the slide

    def lasso(self, corners: Sequence[tuple[float, float]]) -> None:
        """Choose the tiles whose points lie inside a line."""
        projection = self.state.projection
        if projection is not None:
            work = partial(explore_tasks.select, projection.points, tuple(corners))
            self._lasso.ask(work, answer=self._selected)

    def clear_selection(self) -> None:
        """Choose no tiles."""
        self._lasso.forget()
        self.state.selection = None
        self._show_selection()

    def point_at(self, xy: tuple[float, float]) -> None:
        """Mark the point nearest to a place of the plane, and fly to its tile."""
        projection = self.state.projection
        if projection is not None:
            tile = nearest_point(projection.points, xy, limits_of(projection.points))
            self.state.pointed = tile
            self._main.fly_to_tile(tile)

    def pick(self, *, is_picking: bool) -> None:
        """Let clicks on the slide mark points, or not."""
        self.state.is_picking = is_picking
        self._set_picking()

    def _clicked(self, pick: Pick) -> None:
        state, entry, result = self.state, self.session.current, self.session.result
        if not (self._is_active and state.is_picking) or state.projection is None:
            return
        tile = picked_tile(self.session, pick)
        state.pointed = tile
        if entry is not None and result is not None:
            boxes = () if tile is None else (box_of(result.scores.grid, tile),)
            self._canvas.outline_tiles(boxes, entry.record)

    def _set_picking(self) -> None:
        self._canvas.set_picking(is_on=self._is_active and self.state.is_picking and not self.state.missing)

    def _selected(self, outcome: JobOutcome[np.ndarray[tuple[int], np.dtype[np.intp]]]) -> None:
        if outcome.error is not None:
            self._canvas.report(outcome.error)
        elif outcome.value is not None:
            self.state.selection = Selection(tiles=outcome.value)
            self._show_selection()

    def _show_selection(self) -> None:
        """Outline the chosen tiles; of many, which no one could tell apart, paint their area instead."""
        session, selection = self.session, self.state.selection
        if session.result is None or session.current is None:
            return
        grid, record = session.result.scores.grid, session.current.record
        tiles = selection.tiles if selection is not None and self._is_active else np.empty(0, np.intp)
        are_few = len(tiles) <= MOST_OUTLINED
        boxes = tuple(box_of(grid, int(tile)) for tile in tiles) if are_few else ()
        self._canvas.mark_tiles((MarkedTiles(boxes=boxes, colour=SELECTION_COLOUR),), record)
        if are_few:
            self._canvas.set_classes_visible(SELECTION_NAME, is_visible=False)
            return
        classes = np.zeros(len(grid), np.int16)
        classes[tiles] = 1
        self._canvas.put_classes(
            ShownClasses(
                name=SELECTION_NAME,
                label="chosen tiles",
                grid=grid,
                classes=classes,
                colours={1: SELECTION_COLOUR},
                labels={1: "chosen"},
                record=record,
            )
        )

    # Other results

    def _result_changed(self) -> None:
        state = self.state
        for job in (*self._plane.values(), self._lasso, self._classing):
            job.forget()
        self._known, self._components = {}, None
        state.missing = missing(self.session)
        state.selection = state.pointed = state.painted = state.projection = state.regions = None
        state.projecting = Activity()
        self.clusters.forget()
        if self._is_active:
            self._set_picking()
            self._canvas.when_idle(self._came_back)

    def _came_back(self) -> None:
        if self._is_active:
            self._regions_changed()
            self._lay_out()
