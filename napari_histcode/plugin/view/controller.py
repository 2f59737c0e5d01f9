"""Session <-> canvas: where the reader looks, and where the reader wants to look."""

from __future__ import annotations

import numpy as np

from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, RunningJob
from napari_histcode.plugin.layers import Pair
from napari_histcode.plugin.magnification import is_digital, magnification, um_per_screen_px
from napari_histcode.plugin.session import Session, SlideEntry
from napari_histcode.plugin.view.state import SEEN_AT_POWER, Seen, ViewState, look_at
from napari_histcode.progress import CancelToken, ProgressCallback
from napari_histcode.saved.seen import fit_seen
from napari_histcode.slide import Slide
from napari_histcode.slide.overview import read_overview
from napari_histcode.slide.slide import RgbImage

Place = tuple[Pair, float]
"""The level-0 position in the middle of the view, and how much of the world a pixel of the screen shows."""

OVERVIEW_PX = 640
"""Longer side of the overview: twice the width of the dock, for fine screens."""

MOST_PIXELS = 64_000_000
"""A slide whose coarsest level is larger gets no overview: reading it would hold up the view itself."""


class ViewController:
    """Follows the camera and moves it.

    Parameters
    ----------
    session : Session
        The state; its current slide is the one that is looked at.
    canvas : Canvas
        Where it is looked at.
    jobs : JobRunner
        Reads overviews.
    """

    def __init__(self, session: Session, canvas: Canvas, jobs: JobRunner) -> None:
        self.state = ViewState()
        self._session = session
        self._canvas = canvas
        self._jobs = jobs
        self._reading: RunningJob | None = None
        self._overviews: dict[str, tuple[RgbImage, Seen]] = {}
        self._places: dict[str, Place] = {}
        self._recalled: dict[str, Seen] = {}
        session.events.current.connect(self._slide_changed)
        session.events.slides.connect(self._forget_closed)
        canvas.events.view_changed.connect(self._moved)

    def go_to_power(self, power: float) -> None:
        """Zoom to a magnification about the middle of the view."""
        entry = self._session.current
        if entry is not None and entry.record.mpp is not None:
            self._canvas.set_world_per_screen_px(um_per_screen_px(power))

    def fit(self) -> None:
        """Show the whole slide."""
        self._canvas.fit()

    def centre_on(self, xy_px0: Pair) -> None:
        """Put a level-0 position into the middle of the view."""
        if self._session.current is not None:
            self._canvas.centre_on(xy_px0, self._session.current.record)

    def turn(self) -> None:
        """Turn the whole scene by a quarter clockwise."""
        self.turn_to(self.state.n_quarters + 1)

    def turn_to(self, n_quarters: int) -> None:
        """Turn the whole scene to so many quarters clockwise from upright."""
        self.state.n_quarters = n_quarters % 4
        self._canvas.turn(self.state.n_quarters)
        self._moved()

    def show_seen(self, *, is_shown: bool) -> None:
        """Shade what has not been looked at in the overview, or show all of it."""
        self.state.shows_seen = is_shown

    def forget_seen(self) -> None:
        """Begin anew to note what has been looked at."""
        if self.state.seen is not None:
            self.state.seen = np.zeros_like(self.state.seen)

    # What is kept and brought back

    def place_of(self, key: str) -> Place | None:
        """Tell where one looks, or looked last, on an open slide; None where nobody has."""
        entry = self._session.current
        if entry is not None and entry.key == key:
            return self._place_on(entry)
        return self._places.get(key)

    def go_to_place(self, key: str, place: Place) -> None:
        """Look there on a slide: now, or when it comes to the front."""
        self._places[key] = place
        entry = self._session.current
        if entry is not None and entry.key == key:
            self._look_at(place, entry)

    def seen_of(self, key: str) -> Seen | None:
        """Tell what has been looked at on an open slide; None before its overview was read."""
        entry = self._session.current
        if entry is not None and entry.key == key and self.state.seen is not None:
            return self.state.seen
        return self._overviews[key][1] if key in self._overviews else self._recalled.get(key)

    def recall_seen(self, key: str, seen: Seen) -> None:
        """Add what was looked at on a slide another time, as soon as its overview is there."""
        entry, state = self._session.current, self.state
        if entry is not None and entry.key == key and state.seen is not None:
            state.seen = state.seen | fit_seen(seen, state.seen.shape)
        elif key in self._overviews:
            overview, before = self._overviews[key]
            self._overviews[key] = overview, before | fit_seen(seen, before.shape)
        else:
            self._recalled[key] = seen

    def _moved(self) -> None:
        entry, state = self._session.current, self.state
        if entry is None:
            return
        record = entry.record
        state.box = self._canvas.view_box(record)
        if record.mpp is None:
            state.power, state.is_digital = None, False
            return
        power = magnification(self._canvas.world_per_screen_px())
        state.is_digital = is_digital(power, record.mpp.mean)
        state.power = power
        if state.seen is not None and power >= SEEN_AT_POWER:
            state.seen = look_at(state.seen, state.box, record.dimensions)

    def _slide_changed(self) -> None:
        entry, state = self._session.current, self.state
        self._keep()
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        state.overview = state.seen = None
        self._keep_place(entry)
        self._shown = entry
        if entry is None:
            state.box = state.power = None
            return
        self._moved()
        if entry.key in self._overviews:
            state.overview, state.seen = self._overviews[entry.key]
        else:
            self._canvas.when_idle(lambda: self._read(entry))

    _shown: SlideEntry | None = None

    def _keep(self) -> None:
        """Remember what was seen of the slide that goes out of view."""
        if self._shown is not None and self.state.overview is not None and self.state.seen is not None:
            self._overviews[self._shown.key] = (self.state.overview, self.state.seen)

    def _keep_place(self, entry: SlideEntry | None) -> None:
        """Remember where one looked on the slide that goes out of view, and return to that of this one."""
        before = self._shown
        if before is None or (entry is not None and entry.key == before.key):
            return
        self._places[before.key] = self._place_on(before)
        if entry is not None and entry.key in self._places:
            self._look_at(self._places[entry.key], entry)

    def _place_on(self, entry: SlideEntry) -> Place:
        left, top, width, height = self._canvas.view_box(entry.record)
        return (left + width / 2, top + height / 2), self._canvas.world_per_screen_px()

    def _look_at(self, place: Place, entry: SlideEntry) -> None:
        middle, scale = place
        self._canvas.set_world_per_screen_px(scale)
        self._canvas.centre_on(middle, entry.record)

    def _forget_closed(self) -> None:
        open_keys = {entry.key for entry in self._session.slides}
        self._places = {key: place for key, place in self._places.items() if key in open_keys}
        self._recalled = {key: seen for key, seen in self._recalled.items() if key in open_keys}
        self._overviews = {key: kept for key, kept in self._overviews.items() if key in open_keys}

    def _read(self, entry: SlideEntry) -> None:
        width, height = entry.record.level_dimensions[-1]
        if self._shown is not entry or width * height > MOST_PIXELS:
            return

        def read(_progress: ProgressCallback, cancel: CancelToken) -> RgbImage:
            return small_picture(entry.slide, cancel)

        def ended(outcome: JobOutcome[RgbImage]) -> None:
            if outcome.error is not None:
                self._canvas.report(outcome.error)
            elif outcome.value is not None and self._shown is entry:
                self._reading = None
                shape = outcome.value.shape[:2]
                recalled = self._recalled.pop(entry.key, None)
                self.state.seen = np.zeros(shape, bool) if recalled is None else fit_seen(recalled, shape)
                self.state.overview = outcome.value
                self._moved()

        self._reading = self._jobs.start(read, on_end=ended)


def small_picture(slide: Slide, cancel: CancelToken | None = None) -> RgbImage:
    """Read the whole slide as a picture of at most `OVERVIEW_PX` a side."""
    downsample = max(1.0, max(slide.dimensions) / OVERVIEW_PX)
    return read_overview(slide, (downsample, downsample), cancel=cancel)
