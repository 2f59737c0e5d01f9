"""Find similar: from a click or a region to a map and a list, at once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations.annotation import Rgb
from napari_histcode.comparison.classes_of import UNCLASSIFIED
from napari_histcode.plugin.annotate.state import AnnotateState
from napari_histcode.plugin.ask import similar_tasks
from napari_histcode.plugin.ask.latest import LatestJob
from napari_histcode.plugin.ask.similar_state import SimilarState
from napari_histcode.plugin.ask.similar_tasks import Similar, SimilarRequest
from napari_histcode.plugin.ask.similar_words import OF_CLASS, SELECTED, region_choices
from napari_histcode.plugin.ask.tiles import NO_TILE, missing, picked_tile
from napari_histcode.plugin.canvas import Canvas, MarkedTiles, Pick
from napari_histcode.plugin.compare.walk import MOST_OUTLINED, box_of
from napari_histcode.plugin.jobs import JobOutcome, JobRunner
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.session import Activity, Result, Session
from napari_histcode.plugin.wording import error_text
from napari_histcode.similarity.feature_space import FeatureSpace

QUERY_COLOUR: Rgb = (0, 215, 255)
"""Of the line around the tiles that are searched for: neither in tissue nor in the colour scales."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """What was searched for on a slide, to be there again when somebody comes back to it."""

    result: Result
    tiles: tuple[int, ...]
    region: str | None


class SimilarController:
    """Turns clicks and choices into questions, and answers into a map, outlines and state.

    Parameters
    ----------
    session : Session
        What is open; its regions.
    annotate : AnnotateState
        Which regions are selected.
    canvas : Canvas
        Where tiles are clicked and outlined.
    jobs : JobRunner
        Where work is done.
    maps : MapController
        The maps.
    """

    def __init__(
        self,
        session: Session,
        annotate: AnnotateState,
        canvas: Canvas,
        jobs: JobRunner,
        maps: MapController,
    ) -> None:
        self.session = session
        self.state = SimilarState()
        self._annotate = annotate
        self._canvas = canvas
        self._maps = maps
        self._latest = LatestJob(jobs)
        self._spaces: dict[bool, FeatureSpace] = {}
        self._asked: dict[str, _Asked] = {}
        self._is_active = False
        session.events.result.connect(self._result_changed)
        session.events.slides.connect(self._forget_closed)
        session.events.annotations.connect(self._regions_changed)
        annotate.events.selected.connect(self._regions_changed)
        canvas.events.clicked.connect(self._clicked)
        self._result_changed()

    def set_active(self, *, is_active: bool) -> None:
        """Listen to clicks and outline what is searched for, or do not."""
        self._is_active = is_active
        self._set_picking()
        self._outline()
        if is_active:
            self._regions_changed()
            self._ask_again()

    # What is searched for

    def pick(self, *, is_picking: bool) -> None:
        """Let clicks on the slide choose tiles, or not."""
        self.state.is_picking = is_picking
        self._set_picking()

    def search_tiles(self, tiles: tuple[int, ...]) -> None:
        """Search for these tiles."""
        self.state.region = None
        self.state.tiles = tiles
        self._ask()
        self._outline()  # takes napari longer than the search, which goes on meanwhile

    def search_region(self, choice: str) -> None:
        """Search for the tiles of regions: of a class, or of those that are selected."""
        self.state.tiles = ()
        self.state.region = choice
        self._ask()
        self._outline()

    def clear(self) -> None:
        """Search for nothing, and take the map away."""
        self._latest.forget()
        state = self.state
        state.tiles, state.region = (), None
        self._forget_answer()
        self._remember()

    def set_centred(self, *, is_centred: bool) -> None:
        """See similarity from the mean of the slide, or from zero."""
        self.state.is_centred = is_centred
        self._ask()

    def set_apart(self, *, is_apart: bool) -> None:
        """Leave out neighbours of tiles that are listed, or list all."""
        self.state.is_apart = is_apart
        self._ask()

    def set_n_shown(self, n_shown: int) -> None:
        """List so many tiles."""
        self.state.n_shown = n_shown
        self._ask()

    def _clicked(self, pick: Pick) -> None:
        state = self.state
        if not (self._is_active and state.is_picking) or state.missing:
            return
        tile = picked_tile(self.session, pick)
        if tile is None:
            state.comparing = Activity(text=NO_TILE)
            return
        if pick.is_removing or (pick.is_adding and tile in state.tiles):
            left = tuple(known for known in state.tiles if known != tile)
            if left == state.tiles:
                return
            if not left:
                self.clear()
                return
            self.search_tiles(left)
        else:
            self.search_tiles((*state.tiles, tile) if pick.is_adding else (tile,))

    def _set_picking(self) -> None:
        self._canvas.set_picking(is_on=self._is_active and self.state.is_picking and not self.state.missing)

    # Regions

    def _regions_changed(self) -> None:
        if self._is_active:
            self.state.regions = region_choices(self.session.annotations, self._annotate.selected)

    def _geometries(self) -> tuple[BaseGeometry, ...]:
        """Return the regions that are searched for."""
        choice = self.state.region
        areas = [one for one in self.session.annotations if one.has_area]
        if choice == SELECTED:
            return tuple(one.geometry for one in areas if one.id in self._annotate.selected)
        if choice is None:
            return ()
        wanted = choice.removeprefix(OF_CLASS)
        return tuple(one.geometry for one in areas if (one.class_name or UNCLASSIFIED) == wanted)

    # Questions and answers

    def _ask(self) -> None:
        state, result = self.state, self.session.result
        if result is None or result.bag is None or not (state.tiles or state.region):
            return
        self._remember()
        request = SimilarRequest(
            bag=result.bag,
            tiles=state.tiles,
            regions=self._geometries(),
            is_centred=state.is_centred,
            is_apart=state.is_apart,
            n_shown=state.n_shown,
            space=self._spaces.get(state.is_centred),
        )
        self._latest.ask(partial(similar_tasks.find_similar, request), answer=self._answered)

    def _answered(self, outcome: JobOutcome[Similar]) -> None:
        found = outcome.value
        if outcome.error is not None:
            self._forget_answer()
            self.state.comparing = Activity(text=error_text(outcome.error), is_error=True)
        elif found is not None:
            self._spaces[found.request.is_centred] = found.space
            self.state.comparing = Activity()
            self.state.answer = found
            self._outline()
            self._maps.put(found.map)
            if found.map.name not in self.session.visible_maps:
                self._maps.show_alone(found.map.name)

    def _outline(self) -> None:
        """Outline what is searched for; of a region the region itself is seen."""
        result, entry = self.session.result, self.session.current
        if result is None or entry is None:
            return
        tiles = self.state.tiles[:MOST_OUTLINED] if self._is_active else ()
        boxes = tuple(box_of(result.scores.grid, tile) for tile in tiles)
        self._canvas.mark_tiles((MarkedTiles(boxes=boxes, colour=QUERY_COLOUR),), entry.record)

    # Other results and slides

    def _result_changed(self) -> None:
        state, entry = self.state, self.session.current
        self._latest.forget()
        self._spaces = {}
        state.missing = missing(self.session)
        state.answer = None
        state.comparing = Activity()
        asked = self._asked.get(entry.key) if entry is not None else None
        is_known = asked is not None and asked.result is self.session.result
        state.tiles = asked.tiles if asked is not None and is_known else ()
        state.region = asked.region if asked is not None and is_known else None
        if self._is_active:
            self._set_picking()
            self._canvas.when_idle(self._came_back)

    def _came_back(self) -> None:
        """Search again for what was searched for on this slide, once its own maps are drawn."""
        if self._is_active:
            self._outline()
            self._ask_again()

    def _ask_again(self) -> None:
        if self.state.answer is None and not self._latest.is_busy:
            self._ask()

    def _remember(self) -> None:
        session, state = self.session, self.state
        if session.current is not None and session.result is not None:
            self._asked[session.current.key] = _Asked(
                result=session.result, tiles=state.tiles, region=state.region
            )

    def _forget_answer(self) -> None:
        found, self.state.answer = self.state.answer, None
        if found is not None:
            self._maps.take(found.map.name)
        self.state.comparing = Activity()
        self._outline()

    def _forget_closed(self) -> None:
        keys = {entry.key for entry in self.session.slides}
        self._asked = {key: asked for key, asked in self._asked.items() if key in keys}
