"""How the maps of a slide were left, for when the reader comes back to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from napari_histcode.plugin.session import Session
from napari_histcode.scores.scores import MapKind, TileMap


@dataclass(frozen=True, kw_only=True, eq=False)
class MapScene:
    """What of the session belongs to one result."""

    tool_maps: tuple[TileMap, ...]
    """Maps of tools that hold whatever the tool is at by now."""
    visible: frozenset[str]
    """Names of the maps that were switched on."""
    selected: str | None
    """The map that the panel spoke of."""
    kind: MapKind
    """Which kind of map the rows of outputs showed."""
    windows: Mapping[str, tuple[float, float]]
    """Windows of values that the user set."""
    is_bare: bool = False
    """Whether the reader had switched off all maps."""


def take_scene(session: Session, passing: frozenset[str]) -> MapScene:
    """Remember how the maps of the current result are shown.

    Parameters
    ----------
    session : Session
        Shows a result.
    passing : frozenset of str
        Names of tools' maps that would be wrong later, since they answer a question that changes.
    """
    kept = tuple(made for made in session.tool_maps if made.name not in passing)
    selected = session.selected_map
    return MapScene(
        tool_maps=kept,
        visible=(session.visible_maps | session.covered_maps) - passing,
        selected=None if selected in passing else selected,
        kind=session.map_kind,
        windows={
            key: value for key, value in session.windows.items() if key.rsplit("/", 1)[0] not in passing
        },
        is_bare=not session.visible_maps and not session.covered_maps,
    )
