"""Tiles that the page speaks of: those that are clicked, and the features that belong to them."""

from __future__ import annotations

from napari_histcode.plugin.blind.words import HIDDEN
from napari_histcode.plugin.canvas import Pick
from napari_histcode.plugin.layers import px0_from_world
from napari_histcode.plugin.session import Session
from napari_histcode.tiling.lookup import tile_at

NO_RESULT = "Analyse the slide first (page Read): its tiles are compared by their features."
NO_FEATURES = "The features of this result are not here. Analyse the slide (page Read)."

NO_TILE = "There is no tile: click on tissue that was analysed."


def missing(session: Session) -> str:
    """Say what is missing before tiles can be compared; empty if nothing is."""
    if session.result is None or session.current is None:
        return HIDDEN if session.is_veiled else NO_RESULT
    return NO_FEATURES if session.result.bag is None else ""


def picked_tile(session: Session, pick: Pick) -> int | None:
    """Find the tile of the current result that was clicked; None where there is none."""
    if session.result is None or session.current is None:
        return None
    x, y = px0_from_world(pick.world, session.current.record).tolist()
    return tile_at(session.result.scores.grid, (x, y))


def counted(number: int, noun: str) -> str:
    """Count things: "1 tile", "1,204 tiles"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
