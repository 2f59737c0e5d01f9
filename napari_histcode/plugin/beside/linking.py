"""Where one canvas looks, told from where the other one does: pure arithmetic without a viewer.

On a slide with ``u`` micrometres per level-0 pixel (along x and y), a canvas that is turned by ``n`` quarters
clockwise shows the position ``p`` at

    screen = R^n ((p - centre) * u) / world_per_screen_px + size / 2,    R (x, y) = (-y, x)

Two canvases are linked when positions that answer to one another stand at the same place of both, whatever
the zoom. With an anchor ``a`` on the one slide that answers to ``b`` on the other, which is turned by ``q``
quarters more,

    p' = b + R^-q ((p - a) * u) / u'

so that both show as many micrometres in a pixel of the screen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from napari_histcode.plugin.layers import Pair

SAME_PX = 0.01
"""Two sights whose middles lie nearer than this on the screen are the same: cameras round."""

SAME_ZOOM = 1e-6
"""So are two whose zooms differ by a smaller share than this."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """Where a canvas looks."""

    centre_px0: Pair
    """Level-0 position x, y in the middle of the canvas."""
    world_per_screen_px: float
    """How much of the world a pixel of the screen shows: micrometres, or level-0 pixels where unknown."""
    n_quarters: int = 0
    """Quarter turns clockwise from upright, 0 to 3."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """How positions here answer to positions there."""

    here_px0: Pair
    """A level-0 position x, y of the slide here."""
    there_px0: Pair
    """The position of the slide there that answers to it."""
    here_unit: Pair = (1.0, 1.0)
    """World units per level-0 pixel along x and y here: micrometres, or 1 where they are not known."""
    there_unit: Pair = (1.0, 1.0)
    """The same there."""
    n_quarters: int = 0
    """By how many quarters clockwise the slide there is turned more than the one here."""

    @property
    def is_identity(self) -> bool:
        """Whether both show the same place of one slide."""
        return (
            self.here_px0 == self.there_px0 and self.here_unit == self.there_unit and self.n_quarters % 4 == 0
        )


def same_place() -> Link:
    """Link two canvases that show the same slide."""
    return Link(here_px0=(0.0, 0.0), there_px0=(0.0, 0.0))


def back(link: Link) -> Link:
    """Tell the same from the other side."""
    return Link(
        here_px0=link.there_px0,
        there_px0=link.here_px0,
        here_unit=link.there_unit,
        there_unit=link.here_unit,
        n_quarters=-link.n_quarters % 4,
    )


def place_there(xy_px0: Pair, link: Link) -> Pair:
    """Tell which position there answers to one here, in level-0 pixels of either slide."""
    if link.is_identity:
        return xy_px0
    across = (xy_px0[0] - link.here_px0[0]) * link.here_unit[0]
    down = (xy_px0[1] - link.here_px0[1]) * link.here_unit[1]
    across, down = turned((across, down), -link.n_quarters)
    return (
        link.there_px0[0] + across / link.there_unit[0],
        link.there_px0[1] + down / link.there_unit[1],
    )


def sight_there(sight: Sight, link: Link) -> Sight:
    """Tell where the canvas there looks when the one here looks so."""
    return replace(
        sight,
        centre_px0=place_there(sight.centre_px0, link),
        n_quarters=(sight.n_quarters + link.n_quarters) % 4,
    )


def align(link: Link, here: Sight, there: Sight) -> Link:
    """Let the middles of both canvases, and their turns as they are, answer to one another."""
    return replace(
        link,
        here_px0=here.centre_px0,
        there_px0=there.centre_px0,
        n_quarters=(there.n_quarters - here.n_quarters) % 4,
    )


def turned(xy: Pair, n_quarters: int) -> Pair:
    """Turn a vector by quarters clockwise, as seen with y down; exact."""
    x, y = xy
    return ((x, y), (-y, x), (-x, -y), (y, -x))[n_quarters % 4]


def place_on_screen(xy_px0: Pair, sight: Sight, unit: Pair, size_px: Pair) -> Pair:
    """Tell where on a canvas a level-0 position is drawn.

    Parameters
    ----------
    xy_px0 : (x, y)
        Level-0 position.
    sight : Sight
        Where the canvas looks.
    unit : (x, y)
        World units per level-0 pixel.
    size_px : (width, height)
        Size of the canvas.

    Returns
    -------
    (x, y)
        In pixels of the screen from the canvas's top-left corner.
    """
    across = (xy_px0[0] - sight.centre_px0[0]) * unit[0] / sight.world_per_screen_px
    down = (xy_px0[1] - sight.centre_px0[1]) * unit[1] / sight.world_per_screen_px
    across, down = turned((across, down), sight.n_quarters)
    return across + size_px[0] / 2, down + size_px[1] / 2


def is_same(one: Sight, other: Sight, unit: Pair) -> bool:
    """Whether two sights of a slide cannot be told apart on the screen."""
    if one.n_quarters != other.n_quarters:
        return False
    if abs(one.world_per_screen_px / other.world_per_screen_px - 1) > SAME_ZOOM:
        return False
    return all(
        abs(a - b) * u / one.world_per_screen_px < SAME_PX
        for a, b, u in zip(one.centre_px0, other.centre_px0, unit, strict=True)
    )
