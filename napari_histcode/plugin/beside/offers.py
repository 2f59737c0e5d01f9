"""What can be shown beside: the bare slide, its maps, and the other open slides."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from napari_histcode.plugin.beside.state import Showing
from napari_histcode.plugin.session import Choice, Result, Session, SlideEntry

BARE_SLIDE = "bare slide"
"""What a slide without a map is called."""

ResultOf = Callable[[str], Result | None]
"""Finds the result of an open slide by the slide's key."""


def name_of(showing: Showing) -> str:
    """Write what is shown as the name of a choice."""
    return f"{showing.slide_key}/{showing.map_name or ''}"


def showing_of(name: str) -> Showing:
    """Read the name of a choice: the inverse of `name_of`."""
    key, _, map_name = name.partition("/")
    return Showing(slide_key=key, map_name=map_name or None)


def has_map(session: Session, showing: Showing, result_of: ResultOf) -> bool:
    """Whether there is such a map on that slide now."""
    return showing.map_name in _labels(session, showing.slide_key, result_of)


def offers(session: Session, showing: Showing | None, result_of: ResultOf) -> tuple[Choice, ...]:
    """List what can be shown, in the order of a menu.

    Parameters
    ----------
    session : Session
        Open slides, and the maps of the current one.
    showing : Showing, optional
        What is shown now; it stays in the list as long as it exists.
    result_of : callable
        Finds what is known of a slide and may be shown.

    Returns
    -------
    tuple of Choice
        The current slide bare and with each of its maps, then each other slide bare and with the maps that
        are looked at on the current one.
    """
    current = session.current
    if current is None:
        return ()
    others = [entry for entry in session.slides if entry.key != current.key]
    found: list[Choice] = []
    for entry in (current, *others):
        is_current = entry is current
        labels = _labels(session, entry.key, result_of)
        wanted = _maps_here(session) if is_current else _maps_there(session, entry, result_of)
        if showing is not None and showing.slide_key == entry.key and showing.map_name is not None:
            wanted = (*wanted, showing.map_name)
        names = [name for name in dict.fromkeys(wanted) if name in labels]
        prefix = "" if is_current else f"{_called(entry, session)}: "
        found.append(
            Choice(
                name=name_of(Showing(slide_key=entry.key)),
                label=f"{prefix}{BARE_SLIDE}",
                tooltip="The slide without a map" if is_current else "The other slide without a map",
            )
        )
        found += [
            Choice(
                name=name_of(Showing(slide_key=entry.key, map_name=name)),
                label=f"{prefix}{labels[name]}",
            )
            for name in names
        ]
    return tuple(found)


def first_showing(session: Session, result_of: ResultOf) -> Showing | None:
    """Choose what to begin with: the bare slide beside its map, or two slides if there is no map."""
    current = session.current
    if current is None:
        return None
    others = [entry for entry in session.slides if entry.key != current.key]
    if others and not session.visible_maps and result_of(current.key) is None:
        return Showing(slide_key=others[-1].key)
    return Showing(slide_key=current.key)


def _called(entry: SlideEntry, session: Session) -> str:
    return entry.slide.path.name if session.shows_file_names else entry.record.alias


def _maps_here(session: Session) -> tuple[str, ...]:
    return tuple(row.name(session.map_kind) for row in session.map_rows)


def _maps_there(session: Session, entry: SlideEntry, result_of: ResultOf) -> Sequence[str]:
    """Choose the maps of another slide: those that are on or at hand here, or those of this sort."""
    result = result_of(entry.key)
    if result is None:
        return ()
    names = [tile_map.name for tile_map in result.scores.maps]
    here = [name for name in (session.selected_map, *sorted(session.visible_maps)) if name in names]
    if here:
        return tuple(name for name in here if name is not None)
    return tuple(m.name for m in result.scores.maps if m.kind in (session.map_kind, "attention"))


def _labels(session: Session, key: str, result_of: ResultOf) -> dict[str, str]:
    """Names and labels of a slide's maps, those of tools included if it is the current one."""
    result = result_of(key)
    if result is None:
        return {}
    made = session.tool_maps if result is session.result else ()
    return {tile_map.name: tile_map.label for tile_map in (*result.scores.maps, *made)}
