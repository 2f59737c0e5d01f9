"""What if some tissue were not there? The model is asked again whenever a tick, a click or a region changes.

At most one question is worked on and the newest one waits, so that regions can be drawn as fast as one
likes: what lies between is never asked.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from napari_histcode.plugin.annotate.state import AnnotateState
from napari_histcode.plugin.ask import tasks
from napari_histcode.plugin.ask.artefact_finder import ArtefactFinder
from napari_histcode.plugin.ask.choosables import CLICKED, exclusions_of, list_choosables
from napari_histcode.plugin.ask.exclusions import Exclusions
from napari_histcode.plugin.ask.explained import ExplainerState
from napari_histcode.plugin.ask.tasks import WhatIfRequest
from napari_histcode.plugin.ask.what_if_state import WhatIfState
from napari_histcode.plugin.canvas import Canvas, Pick
from napari_histcode.plugin.compare.walk import MOST_OUTLINED, box_of
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.layers import px0_from_world
from napari_histcode.plugin.map_controller import MapController, draw_as_chosen
from napari_histcode.plugin.map_list import first_choice
from napari_histcode.plugin.session import Activity, Session
from napari_histcode.plugin.wording import error_text
from napari_histcode.scores.what_if import WhatIf
from napari_histcode.tiling.lookup import tile_at

PREFIX = "what_if."
"""How the names of maps without excluded tiles begin."""


class WhatIfController:
    """Turns ticks, clicks and regions into questions, and answers into state and a map.

    Parameters
    ----------
    session : Session
        What is open; its regions.
    explainer : ExplainerState
        The current result, taken apart.
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
        explainer: ExplainerState,
        annotate: AnnotateState,
        canvas: Canvas,
        jobs: JobRunner,
        maps: MapController,
    ) -> None:
        self.session = session
        self.explainer = explainer
        self.state = WhatIfState()
        self.finder = ArtefactFinder(session, self.state, canvas, jobs)
        self._annotate = annotate
        self._canvas = canvas
        self._jobs = jobs
        self._maps = maps
        self._is_active = False
        self._wanted: WhatIfRequest | None = None
        self._running: WhatIfRequest | None = None
        self._drawn: str | None = None
        session.events.result.connect(self._forget)
        explainer.events.explained.connect(self._look)
        session.events.annotations.connect(self._regions_changed)
        annotate.events.selected.connect(self._regions_changed)
        self.state.events.artefacts.connect(self._look)
        canvas.events.clicked.connect(self._clicked)

    def set_active(self, *, is_active: bool) -> None:
        """Listen to clicks, outline clicked tiles and paint artefacts, or do not."""
        self._is_active = is_active
        self._canvas.set_picking(is_on=is_active and self.state.is_picking)
        self.finder.set_active(is_active=is_active)
        if is_active:
            self._look()
        if is_active or self.state.clicked:
            self._outline()

    # What is left out

    def tick(self, key: str, *, is_on: bool) -> None:
        """Leave this out, or not."""
        state = self.state
        state.ticked = state.ticked | {key} if is_on else state.ticked - {key}
        self._look()

    def keep_only_inside(self, *, is_only_inside: bool) -> None:
        """Keep only tissue inside the ticked regions, or leave that tissue out."""
        self.state.is_only_inside = is_only_inside
        self._look()

    def pick_tiles(self, *, is_picking: bool) -> None:
        """Let clicks on the slide leave tiles out."""
        self.state.is_picking = is_picking
        self._canvas.set_picking(is_on=self._is_active and is_picking)

    def reset(self) -> None:
        """Leave nothing out; artefacts that were found stay known."""
        state = self.state
        self.pick_tiles(is_picking=False)
        state.ticked, state.clicked, state.is_only_inside = frozenset(), frozenset(), False
        self._outline()
        self._look()

    def choose_map(self, name: str) -> None:
        """Draw this map without what is left out."""
        self.state.map = name
        self._ask()

    def show_before(self, *, is_before: bool) -> None:
        """Show the map of all tiles, or the one without what is left out."""
        self.state.is_before = is_before
        name = self.state.map if is_before else self._drawn
        if name is not None:
            self._maps.show_alone(name)

    def exclusions(self) -> Exclusions:
        """Gather what is left out now."""
        state = self.state
        return exclusions_of(
            self.session.annotations,
            self._annotate.selected,
            state.artefacts,
            state.clicked,
            state.ticked,
            is_only_inside=state.is_only_inside,
        )

    def _clicked(self, pick: Pick) -> None:
        explained, entry, state = self.explainer.explained, self.session.current, self.state
        if not (self._is_active and state.is_picking) or explained is None or entry is None:
            return
        x, y = px0_from_world(pick.world, entry.record).tolist()
        tile = tile_at(explained.explanation.grid, (x, y))
        if tile is None:
            return
        kept = state.clicked if pick.is_adding or tile in state.clicked else frozenset()
        state.clicked = kept ^ {tile}
        state.ticked = state.ticked | {CLICKED} if state.clicked else state.ticked - {CLICKED}
        self._outline()
        self._look()

    def _outline(self) -> None:
        explained, entry = self.explainer.explained, self.session.current
        if explained is None or entry is None:
            return
        tiles = sorted(self.state.clicked)[:MOST_OUTLINED] if self._is_active else []
        boxes = [box_of(explained.explanation.grid, tile) for tile in tiles]
        self._canvas.outline_tiles(boxes, entry.record)

    def _regions_changed(self) -> None:
        """Follow the regions where they have a say, and while somebody looks at the list of them."""
        if self._is_active or self.exclusions().regions or self.state.answer is not None:
            self._look()

    def _look(self) -> None:
        """List what there is, and ask if something is left out."""
        state = self.state
        if self.explainer.explained is None:
            state.choosable = ()
            return
        state.choosable = list_choosables(
            self.session.annotations, self._annotate.selected, state.artefacts, state.clicked, state.ticked
        )
        self._ask()

    # What the model says of the rest

    def _forget(self) -> None:
        """Forget what was left out of another result."""
        state = self.state
        self._wanted = self._running = self._drawn = None
        self.finder.forget()
        state.ticked, state.clicked, state.is_only_inside = frozenset(), frozenset(), False
        state.answer = state.map = None
        state.is_before = False
        state.updating = Activity()
        self._look()

    def _ask(self) -> None:
        explained, exclusions = self.explainer.explained, self.exclusions()
        if explained is None:
            return
        if exclusions.is_empty:
            self._wanted = None
            self._restore()
            return
        if self.state.map is None:
            self.state.map = self._selected_map()
        if self.state.map is None:
            return
        self._wanted = WhatIfRequest(explained=explained, exclusions=exclusions, map=self.state.map)
        if self._running is None:
            self._start(self._wanted)

    def _start(self, request: WhatIfRequest) -> None:
        self._running = request
        work = uninterrupted(tasks.answer_what_if, request)
        self._jobs.start(work, on_end=partial(self._answered, request))

    def _answered(self, request: WhatIfRequest, outcome: JobOutcome[WhatIf]) -> None:
        if self._running is not request:
            return  # the result is gone
        self._running = None
        wanted = self._wanted
        if wanted is None:
            return  # nothing is left out any more
        if outcome.error is not None:
            self.state.updating = Activity(text=error_text(outcome.error), is_error=True)
        elif outcome.value is not None and request.map == wanted.map:
            self.state.updating = Activity()
            self._take(request, outcome.value)
        if wanted is not request:
            self._start(wanted)

    def _take(self, request: WhatIfRequest, answer: WhatIf) -> None:
        """Show the answer, and draw the map without what is left out."""
        self.state.answer = answer
        name = f"{PREFIX}{request.map}"
        if self._drawn not in (None, name):
            self._maps.take(self._drawn or "")
            self._drawn = None
        if answer.is_empty:
            self._restore_map()
            return
        self._share_window(request.map, name)
        found = answer.scores.map(request.map)
        if self._drawn is None:
            self.state.is_before = False
        self._drawn = name
        label = f"{found.label}, without excluded"
        self._maps.put(replace(found, name=name, label=label), is_passing=True)

    def _share_window(self, base: str, name: str) -> None:
        """Give both maps the same colours for the same values: else they could not be compared."""
        session = self.session
        if session.result is None:
            return
        heatmap = draw_as_chosen(self._maps.map(base), session.result.scores.grid, session.normalisation)
        key = f"{name}/{heatmap.config.normalisation}"
        window = self._maps.window_of(heatmap)
        if session.windows.get(key) != window:
            session.windows = {**session.windows, key: window}

    def _restore(self) -> None:
        """Forget the answer, and show the map of all tiles again where its successor is seen."""
        self.state.answer = None
        self.state.is_before = False
        self.state.updating = Activity()
        self._restore_map()
        self.state.map = None

    def _restore_map(self) -> None:
        drawn, self._drawn = self._drawn, None
        if drawn is None:
            return
        if drawn in self.session.visible_maps and self.state.map is not None:
            self._maps.show_alone(self.state.map)
        self._maps.take(drawn)

    def _selected_map(self) -> str | None:
        """Name the map of the model that is selected, or the first one."""
        explained, selected = self.explainer.explained, self.session.selected_map
        if explained is None:
            return None
        scores = explained.result.scores
        if selected in scores.map_names:
            return selected
        return next(iter(first_choice(scores)), None)
