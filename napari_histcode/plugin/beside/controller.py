"""Session and wishes -> what the second canvas shows, and how both canvases move.

Nothing is drawn at once: a change makes what is drawn stale, and one thing after the other is drawn when the
window has breathed. A slide's own state may be half another's in the middle of a change; then it is whole.
"""

from __future__ import annotations

from dataclasses import replace

from napari_histcode.plugin.annotate.controller import AnnotateController
from napari_histcode.plugin.beside.linking import Link
from napari_histcode.plugin.beside.movement import Movement
from napari_histcode.plugin.beside.offers import first_showing, has_map, name_of, offers, showing_of
from napari_histcode.plugin.beside.regions import RegionsBeside
from napari_histcode.plugin.beside.screen import BesideScreen
from napari_histcode.plugin.beside.state import BesideState, Showing
from napari_histcode.plugin.canvas import ShownMap
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.session import Result, SlideEntry

NO_PLACE = "This version of napari has no place for a second canvas."


class BesideController:
    """Opens and closes the second canvas and keeps it up to date.

    Parameters
    ----------
    main : Controller
        Knows the slides, their results and how maps are drawn.
    annotate : AnnotateController
        Knows the regions.
    screen : BesideScreen
        The second canvas.
    """

    def __init__(self, main: Controller, annotate: AnnotateController, screen: BesideScreen) -> None:
        self.state = BesideState()
        self._main, self._session, self._screen = main, main.session, screen
        self._regions = RegionsBeside(annotate, main.jobs)
        self.movement = Movement(self.state, self._session, screen)
        self._drawn: SlideEntry | None = None
        self._is_due = self._is_map_stale = self._are_regions_stale = False
        self._current_key: str | None = None
        events = self._session.events
        events.current.connect(self._current_changed)
        for signal in (
            events.slides, events.result, events.map_rows, events.map_kind, events.visible_maps,
            events.analysing, events.selected_map, events.shows_file_names,
        ):  # fmt: skip
            signal.connect(self._refresh)
        for signal in (
            events.result, events.tool_maps, events.normalisation, events.sequential, events.diverging,
            events.windows, events.hides_outside, events.is_smooth, events.opacity, events.veiled,
        ):  # fmt: skip
            signal.connect(self._map_changed)
        self._regions.changed.connect(self._regions_changed)
        screen.bind_toggle(self.toggle)

    def end(self) -> None:
        """Close for good."""
        self.close()
        self._screen.disconnect()

    # Wishes

    def toggle(self) -> None:
        """Open the second canvas, or close it."""
        if self.state.is_open:
            self.close()
        else:
            self.open()

    def open(self) -> None:
        """Show something beside: what was shown the last time, if it is still there."""
        state = self.state
        if state.is_open or self._session.current is None:
            return
        if state.showing is None or self._session.entry(state.showing.slide_key) is None:
            state.showing = first_showing(self._session, self._result_of)
        self._current_key = self._session.current.key
        if not self._screen.open():
            self._screen.say(NO_PLACE)
            return
        state.is_open = True
        self._refresh()

    def close(self) -> None:
        """Take the second canvas away."""
        self._drawn = None
        self._is_due = False  # what was to be drawn goes with the screen
        self.state.is_open = False
        self._regions.forget()
        self._screen.close()

    def choose(self, name: str) -> None:
        """Show one of the offers."""
        self.state.showing = showing_of(name)
        self._map_changed()

    @property
    def chosen(self) -> str:
        """Name of the offer that is shown."""
        showing = self.state.showing
        if showing is None:
            return ""
        return name_of(replace(showing, map_name=None) if self._is_hidden(showing.slide_key) else showing)

    def _is_hidden(self, key: str) -> bool:
        return key in self._session.veiled

    def _result_of(self, key: str) -> Result | None:
        """Find what is known of an open slide and may be shown to its reader."""
        return None if self._is_hidden(key) else self._main.results.of(key)

    @property
    def link(self) -> Link | None:
        """How positions on the two canvases answer to one another; None if nobody can tell."""
        return self.movement.link

    # News

    def _current_changed(self) -> None:
        """Keep what is compared: choosing here what is there exchanges the two."""
        entry, before, showing = self._session.current, self._current_key, self.state.showing
        self._current_key = None if entry is None else entry.key
        if entry is None or showing is None or before == entry.key:
            self._refresh()
            return
        if showing.slide_key == before:
            self.state.showing = replace(showing, slide_key=entry.key)
        elif (
            showing.slide_key == entry.key and before is not None and self._session.entry(before) is not None
        ):
            self.movement.exchange(entry.record)
            self.state.showing = replace(showing, slide_key=before)
        self.movement.forget()
        self._drawn = None  # its regions may be shared with the other canvas, or no longer
        self._refresh()

    def _map_changed(self) -> None:
        self._is_map_stale = True
        self._refresh()

    def _regions_changed(self) -> None:
        self._are_regions_stale = True
        self._refresh()

    # Drawing

    def _refresh(self) -> None:
        if self.state.is_open and not self._is_due:
            self._is_due = True
            self._screen.later(self._draw_next)

    def _draw_next(self) -> None:
        """Draw one thing that is out of date, and come back if there was one."""
        self._is_due = False
        if not self.state.is_open:
            return
        if self._session.current is None:
            self.close()
            return
        self._settle()
        if self._draw_slide() or self._draw_map() or self._draw_regions():
            self._refresh()

    def _settle(self) -> None:
        """Let go of what is no longer there, and tell what there is."""
        state, session, current = self.state, self._session, self._session.current
        showing = state.showing
        if current is None:
            return
        if showing is None or self._session.entry(showing.slide_key) is None:
            showing = Showing(slide_key=current.key)
        is_hidden = self._is_hidden(showing.slide_key)  # then it comes back by itself
        if showing.map_name is not None and not is_hidden and not has_map(session, showing, self._result_of):
            showing = replace(showing, map_name=None)
        self._screen.keep_slides({entry.key for entry in session.slides})
        state.is_other_slide = showing.slide_key != current.key
        state.offers = offers(session, showing, self._result_of)
        state.showing = showing
        state.why_free = self.movement.why_free

    def _draw_slide(self) -> bool:
        entry = self._shown_entry
        if entry is None or entry is self._drawn:
            return False
        self._screen.show_slide(entry.key)
        self._drawn = entry
        self._is_map_stale = self._are_regions_stale = True
        self.movement.begin()
        return True

    def _draw_map(self) -> bool:
        if not self._is_map_stale:
            return False
        self._is_map_stale = False
        self._screen.show_map(self._shown_map())
        return True

    def _draw_regions(self) -> bool:
        entry = self._drawn
        if not self._are_regions_stale or entry is None:
            return False
        self._are_regions_stale = False
        self._screen.show_regions(self._regions.of(entry), entry.record, is_visible=self._regions.is_visible)
        return True

    def _shown_map(self) -> ShownMap | None:
        showing, entry = self.state.showing, self._drawn
        if showing is None or showing.map_name is None or entry is None:
            return None
        result = self._result_of(entry.key)
        return None if result is None else self._main.maps.shown_on(entry, result, showing.map_name)

    @property
    def _shown_entry(self) -> SlideEntry | None:
        return None if self.state.showing is None else self._session.entry(self.state.showing.slide_key)
