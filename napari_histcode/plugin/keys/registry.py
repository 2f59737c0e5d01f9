"""The shortcuts of the dock. Who binds a key takes it from here; nothing is bound that is not listed.

The letters of the tools are QuPath's. Where that takes a key from napari, the action is named in
``replaces``; all others of napari's go on working, and the sheet lists those that matter here
(`napari_keys`).
"""

from __future__ import annotations

from functools import cache

from napari_histcode.plugin.annotate.class_controller import MOST_HOT_KEYS
from napari_histcode.plugin.keys.shortcut import Scope, Shortcut

ANYWHERE, READ, ANNOTATE, COMPARE = "Anywhere", "Read", "Annotate", "Compare"
DIGITS = tuple(str(number) for number in range(1, MOST_HOT_KEYS + 1))


def _tool(
    name: str, key: str, what: str, *, replaces: str = "", instead: str = "", same: str = ""
) -> Shortcut:
    return Shortcut(
        name=f"tool.{name}", keys=(key,), what=what, group=ANNOTATE, scope=Scope.PEN,
        replaces=(replaces,) if replaces else (), instead=instead, agrees_with=(same,) if same else (),
    )  # fmt: skip


SHORTCUTS = (
    Shortcut(
        name="sheet", keys=("?",), what="Show or hide this sheet", group=ANYWHERE, scope=Scope.WINDOW
    ),
    Shortcut(
        name="focus.swap", keys=("F6",), what="From the slide to the dock, and back",
        group=ANYWHERE, scope=Scope.WINDOW,
    ),
    Shortcut(
        name="blink", keys=("H",), what="Hold: the bare slide, without maps",
        group=ANYWHERE, scope=Scope.SLIDE,
    ),
    Shortcut(
        name="beside", keys=("Control-B",), what="Open or close a second canvas, side by side",
        group=ANYWHERE, scope=Scope.SLIDE,
    ),
    Shortcut(
        name="session.open", keys=("Control-Alt-Shift-O",), what="Open a session",
        group=ANYWHERE, scope=Scope.WINDOW,
    ),
    Shortcut(
        name="session.save", keys=("Control-Shift-S",), what="Save the session",
        group=ANYWHERE, scope=Scope.WINDOW,
    ),
    Shortcut(
        name="session.save_as", keys=("Control-Alt-Shift-S",), what="Save the session as another file",
        group=ANYWHERE, scope=Scope.WINDOW,
    ),
    Shortcut(
        name="overview.move", keys=("Left", "Right", "Up", "Down"),
        what="In the overview: move the view", group=READ, scope=Scope.WIDGET,
    ),
    Shortcut(
        name="window.move", keys=("Left", "Right"),
        what="In the histogram: move one end of the window of values", group=READ, scope=Scope.WIDGET,
    ),
    Shortcut(
        name="window.other_end", keys=("Space",),
        what="In the histogram: take the other end", group=READ, scope=Scope.WIDGET,
    ),
    Shortcut(
        name="window.reset", keys=("Escape",),
        what="In the histogram: put both ends back", group=READ, scope=Scope.WIDGET,
    ),
    Shortcut(
        name="search.down", keys=("Down",),
        what="In the search field: on to the list of maps", group=READ, scope=Scope.WIDGET,
    ),
    Shortcut(
        name="undo", keys=("Control-Z",),
        what="Undo, also the last corner of an unfinished outline",
        group=ANNOTATE, scope=Scope.SLIDE, is_in_dock=True,
    ),
    Shortcut(
        name="redo", keys=("Control-Shift-Z", "Control-Y"), what="Redo",
        group=ANNOTATE, scope=Scope.SLIDE, is_in_dock=True, replaces=("napari:toggle_ndisplay",),
        instead="Ctrl+Y: from 2D to 3D",
    ),
    Shortcut(
        name="regions.hide", keys=("Shift-H",), what="Hide or show all regions",
        group=ANNOTATE, scope=Scope.SLIDE,
    ),
    Shortcut(
        name="regions.copy", keys=("Shift-D",), what="Copy the selected regions",
        group=ANNOTATE, scope=Scope.SLIDE,
    ),
    Shortcut(
        name="class.choose", keys=tuple(f"Control-{digit}" for digit in DIGITS),
        what="Choose a class by its number", group=ANNOTATE, scope=Scope.SLIDE, is_in_dock=True,
    ),
    _tool("move", "M", "Move the slide"),
    _tool("polygon", "P", "Draw a polygon, corner by corner", same="napari:activate_add_polygon_mode"),
    _tool(
        "freehand", "F", "Draw with the button held",
        replaces="napari:move_shapes_selection_to_front", instead="bring shapes to the front",
    ),
    _tool("rectangle", "R", "Draw a rectangle", same="napari:activate_add_rectangle_mode"),
    _tool("ellipse", "O", "Draw an ellipse"),
    _tool(
        "brush", "B", "Paint with the brush",
        replaces="napari:move_shapes_selection_to_back", instead="send shapes to the back",
    ),
    Shortcut(
        name="brush.smaller", keys=("[",), what="Make the brush smaller", group=ANNOTATE, scope=Scope.PEN
    ),
    Shortcut(name="brush.larger", keys=("]",), what="Make the brush larger", group=ANNOTATE, scope=Scope.PEN),
    Shortcut(
        name="regions.select_in_view", keys=("A", "Control-A"), what="Select the regions in view",
        group=ANNOTATE, scope=Scope.PEN, replaces=("napari:select_shapes_in_slice",), instead="select all",
    ),
    Shortcut(
        name="class.draw", keys=DIGITS, what="While drawing: choose a class by its number",
        group=ANNOTATE, scope=Scope.DRAWING,
        replaces=(
            "napari:activate_vertex_remove_mode", "napari:activate_vertex_insert_mode",
            "napari:delete_selected_shapes", "napari:activate_direct_mode", "napari:activate_select_mode",
            "napari:activate_shapes_pan_zoom_mode", "napari:activate_shapes_transform_mode",
        ),
        instead="1 to 7: other tools, and 3 deletes",
    ),
    Shortcut(
        name="outline.give_up", keys=("Escape",), what="Give up the outline in hand",
        group=ANNOTATE, scope=Scope.PEN, replaces=("napari:finish_drawing_shape",), instead="finish it",
    ),
    Shortcut(
        name="outline.back_or_delete", keys=("Backspace",),
        what="Take back a corner, or delete the selected regions; Undo brings them back",
        group=ANNOTATE, scope=Scope.PEN, replaces=("napari:delete_selected_shapes",),
        instead="delete at once",
    ),
    Shortcut(name="tile.next", keys=("N",), what="The next tile", group=COMPARE, scope=Scope.PAGE),
    Shortcut(name="tile.previous", keys=("P",), what="The tile before", group=COMPARE, scope=Scope.PAGE),
)  # fmt: skip
"""In the order of the sheet."""


@cache
def shortcut(name: str) -> Shortcut:
    """Find a shortcut by its name.

    Raises
    ------
    KeyError
        If there is none.
    """
    found = {one.name: one for one in SHORTCUTS}
    return found[name]


def keys_of(name: str) -> tuple[str, ...]:
    """Return the keys of a shortcut."""
    return shortcut(name).keys


def key_of(name: str) -> str:
    """Return the only key of a shortcut."""
    (key,) = keys_of(name)
    return key
