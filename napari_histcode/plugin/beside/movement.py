"""Both canvases as one: where the one goes, the other follows, and the pointer is seen on both."""

from __future__ import annotations

from dataclasses import dataclass, replace

from napari_histcode.plugin.beside.linking import (
    Link,
    Sight,
    align,
    back,
    is_same,
    place_there,
    same_place,
    sight_there,
)
from napari_histcode.plugin.beside.screen import BesideScreen, Side
from napari_histcode.plugin.beside.state import BesideState
from napari_histcode.plugin.layers import Pair, px0_from_world, um_per_px0
from napari_histcode.plugin.session import Session, SlideEntry
from napari_histcode.slide import SlideRecord

UNKNOWN_SCALE = "The resolution of one slide is not known: give it to look at both at one scale."


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pair:
    """The slides of both canvases."""

    here: SlideEntry
    there: SlideEntry

    @property
    def keys(self) -> tuple[str, str]:
        return self.here.key, self.there.key

    @property
    def is_one_slide(self) -> bool:
        return self.here.key == self.there.key

    def record(self, side: Side) -> SlideRecord:
        return (self.here if side is Side.HERE else self.there).record


class Movement:
    """Moves the two canvases together.

    Parameters
    ----------
    state : BesideState
        What is shown, and whether it is linked.
    session : Session
        The open slides; the current one is on the viewer's own canvas.
    screen : BesideScreen
        The cameras.
    """

    def __init__(self, state: BesideState, session: Session, screen: BesideScreen) -> None:
        self._state, self._session, self._screen = state, session, screen
        self._links: dict[tuple[str, str], Link] = {}
        self._known: dict[Side, Sight] = {}
        self._drawn: tuple[str, str] | None = None
        self._is_leading = False
        screen.events.moved.connect(self._moved)
        screen.events.pointed.connect(self._pointed)

    @property
    def link(self) -> Link | None:
        """How positions answer to one another; None if the slides cannot be brought to one scale.

        Until somebody aligns two slides, their middles answer to one another.
        """
        pair = self._pair()
        return None if pair is None else self._link_of(pair)

    def _link_of(self, pair: _Pair) -> Link | None:
        if pair.is_one_slide:
            return same_place()
        here, there = pair.record(Side.HERE), pair.record(Side.THERE)
        if (here.mpp is None) != (there.mpp is None):
            return None
        known = self._links.get(pair.keys)
        if known is None and pair.keys[::-1] in self._links:
            known = back(self._links[pair.keys[::-1]])
        if known is None:
            known = Link(here_px0=_middle(here), there_px0=_middle(there))
        return replace(known, here_unit=unit_of(here), there_unit=unit_of(there))

    @property
    def why_free(self) -> str:
        """Why the canvases cannot move together; empty if they can."""
        return "" if self.link is not None or self._pair() is None else UNKNOWN_SCALE

    def set_linked(self, *, is_linked: bool) -> None:
        """Move both together, or each by itself."""
        self._state.is_linked = is_linked
        self.forget()
        self._moved(Side.HERE)

    def align_here(self) -> None:
        """Let what is in the middle of both canvases answer to one another, and move them together."""
        pair, link = self._pair(), self.link
        if pair is None or link is None:
            return
        if not pair.is_one_slide:
            here, there = self._sight(Side.HERE, pair), self._sight(Side.THERE, pair)
            self._keep(align(link, here, there), pair)
        self.set_linked(is_linked=True)

    def turn(self) -> None:
        """Turn the other slide by a quarter clockwise, about the middle of its canvas."""
        pair, link = self._pair(), self.link
        if pair is None or pair.is_one_slide:
            return
        there = self._sight(Side.THERE, pair)
        turned = replace(there, n_quarters=(there.n_quarters + 1) % 4)
        if link is not None and self._state.is_linked:
            self._keep(align(link, self._sight(Side.HERE, pair), turned), pair)
        self._go(Side.THERE, turned, pair)

    def begin(self) -> None:
        """Find the view of a slide that has just been put on the second canvas."""
        self.forget()
        pair = self._pair()
        if pair is not None:
            self._drawn = pair.keys
            for side in Side:
                self._screen.point(side, None, pair.record(side))
        if self.link is None:
            self._screen.fit()
        else:
            self._lead(Side.HERE)

    def exchange(self, record: SlideRecord) -> None:
        """Look here where the other canvas looks on its slide, which is about to come over."""
        if self._state.is_open and self._drawn is not None and self._drawn[1] != self._drawn[0]:
            here, there = (self._screen.sight(side, record) for side in Side)
            self._is_leading = True
            self._screen.look(Side.HERE, replace(there, n_quarters=here.n_quarters), record)
            self._is_leading = False

    def forget(self) -> None:
        """Forget where both have looked: it was on other slides, or by themselves."""
        self._known = {}

    def _moved(self, side: Side) -> None:
        pair = self._pair()
        is_drawn = pair is not None and pair.keys == self._drawn  # not in the middle of a change of slides
        if is_drawn and not self._is_leading and self._state.is_open and self._state.is_linked:
            self._lead(side)

    def _lead(self, side: Side) -> None:
        """Send the other canvas to where this one looks, unless it only echoes where it was sent."""
        pair, link = self._pair(), self.link
        if pair is None or link is None:
            return
        sight = self._sight(side, pair)
        if side in self._known and is_same(sight, self._known[side], unit_of(pair.record(side))):
            return
        self._known[side] = sight
        self._go(side.other, sight_there(sight, link if side is Side.HERE else back(link)), pair)

    def _go(self, side: Side, sight: Sight, pair: _Pair) -> None:
        self._known[side] = sight
        self._is_leading = True
        try:
            self._screen.look(side, sight, pair.record(side))
        finally:
            self._is_leading = False

    def _pointed(self, side: Side, world: Pair | None) -> None:
        """Mark the place under the pointer on the other canvas, and say what is there."""
        pair, link = self._pair(), self.link
        if pair is None or not self._state.is_open:
            return
        if side is Side.THERE:
            self._screen.say("" if world is None else self._screen.value_at(world))
        xy_px0 = None
        is_meant = self._state.is_linked or pair.is_one_slide
        if world is not None and link is not None and is_meant:
            x, y = px0_from_world(world, pair.record(side)).tolist()
            xy_px0 = place_there((x, y), link if side is Side.HERE else back(link))
        self._screen.point(side.other, xy_px0, pair.record(side.other))
        if world is not None:
            self._screen.point(side, None, pair.record(side))

    def _keep(self, link: Link, pair: _Pair) -> None:
        self._links.pop(pair.keys[::-1], None)
        self._links[pair.keys] = link

    def _sight(self, side: Side, pair: _Pair) -> Sight:
        return self._screen.sight(side, pair.record(side))

    def _pair(self) -> _Pair | None:
        """Find the slides of both canvases; None unless both are open."""
        here, showing = self._session.current, self._state.showing
        if here is None or showing is None:
            return None
        there = self._session.entry(showing.slide_key)
        return None if there is None else _Pair(here=here, there=there)


def unit_of(record: SlideRecord) -> Pair:
    """World units per level-0 pixel along x and y."""
    down, across = um_per_px0(record)
    return across, down


def _middle(record: SlideRecord) -> Pair:
    width, height = record.dimensions
    return width / 2, height / 2
