"""Keys of napari's own that matter here, as the user's settings have them now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app_model import Application
from napari.settings import get_settings

from napari_histcode.plugin.keys.registry import SHORTCUTS
from napari_histcode.plugin.keys.shortcut import Scope


@dataclass(frozen=True, kw_only=True)
class NapariShortcut:
    """An action of napari's in our words."""

    action: str
    """Its name in napari's settings."""
    what: str
    """What it does here."""
    is_of_pen: bool = False
    """Whether it holds while the regions are the active layer."""


NAPARI_SHORTCUTS = (
    NapariShortcut(action="napari:hold_for_pan_zoom", what="Hold: move the slide, with any tool"),
    NapariShortcut(action="napari:reset_view", what="Show the whole slide"),
    NapariShortcut(action="napari.scene.zoom_in", what="Closer"),
    NapariShortcut(action="napari.scene.zoom_out", what="Farther"),
    NapariShortcut(action="napari:toggle_selected_visibility", what="Hide or show the selected layer"),
    NapariShortcut(
        action="napari:delete_selected_layers", what="Remove the selected layer; a slide is closed"
    ),
    NapariShortcut(action="napari:toggle_theme", what="Dark or light"),
    NapariShortcut(action="napari:show_shortcuts", what="All of napari's shortcuts, to be changed there"),
    NapariShortcut(action="napari:activate_select_mode", what="Select and drag regions", is_of_pen=True),
    NapariShortcut(action="napari:activate_direct_mode", what="Drag corners", is_of_pen=True),
    NapariShortcut(action="napari:activate_vertex_insert_mode", what="Add a corner", is_of_pen=True),
    NapariShortcut(action="napari:activate_vertex_remove_mode", what="Remove a corner", is_of_pen=True),
    NapariShortcut(action="napari:activate_add_ellipse_mode", what="Draw an ellipse", is_of_pen=True),
    NapariShortcut(
        action="napari:activate_add_polygon_lasso_mode", what="Draw with the button held", is_of_pen=True
    ),
    NapariShortcut(action="napari:activate_shapes_pan_zoom_mode", what="Move the slide", is_of_pen=True),
    NapariShortcut(action="napari:finish_drawing_shape", what="Finish a polygon", is_of_pen=True),
    NapariShortcut(
        action="napari:delete_selected_shapes",
        what="Delete the selected regions; Undo brings them back",
        is_of_pen=True,
    ),
    NapariShortcut(action="napari:copy_selected_shapes", what="Take the selected regions", is_of_pen=True),
    NapariShortcut(action="napari:paste_shape", what="Put down copies of them", is_of_pen=True),
)
"""In the order of the sheet."""


def napari_keys(action: str) -> tuple[str, ...]:
    """Return the keys of an action of napari's as they are set now, in napari's spelling; none if unknown."""
    napari = Application.get_app("napari")
    rules = napari.keybindings if napari is not None else ()
    of_menus = [str(rule.keybinding) for rule in rules if rule.command_id == action]
    return tuple(str(key) for key in get_settings().shortcuts.shortcuts.get(action, of_menus))


def left_of(own: NapariShortcut) -> tuple[str, ...]:
    """Return those of an action's keys that no shortcut of ours has taken for good."""
    taken = set(_always_taken()) if own.is_of_pen else set()
    return tuple(key for key in napari_keys(own.action) if normal(key) not in taken)


def normal(key: str) -> str:
    """Write a key in one way: "Control-Shift-Z" and "Ctrl+Shift+Z" are "ctrl+shift+z"."""
    is_key_itself = key[-1:] in "+-"
    head, last = (key[:-1], key[-1:]) if is_key_itself else (key, "")
    text = head.replace("-", "+") + last
    return text.replace("Control", "Ctrl").lower()


def _always_taken() -> Iterable[str]:
    return (normal(key) for one in SHORTCUTS if one.scope is Scope.PEN for key in one.keys)
