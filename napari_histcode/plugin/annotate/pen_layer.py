"""The layer in the pathologist's hand: napari's shapes with the selected regions and the outline being drawn.

napari's own drawing makes filled polygons, whose triangulation takes 5 ms an outline, fails with some
freehand lines, and is repeated at every move of the mouse. Here outlines are closed paths, which cost next to
nothing, and areas are painted elsewhere (`picture`). napari's buttons, modes and keys keep their meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import shapely
from napari.layers import Shapes
from napari.layers.shapes._shapes_constants import Mode
from numpy.typing import NDArray

from napari_histcode.plugin.annotate.board import BoardEvents, Drawn, PenRing, PenStyle, Picked
from napari_histcode.plugin.annotate.pen_gestures import (
    DOUBLE_CLICK_MODES,
    DRAG_MODES,
    INSTEAD,
    MODE_TOOLS,
    MOVE_MODES,
    Callbacks,
)
from napari_histcode.plugin.annotate.shaping import Floats, brushed, rings_of
from napari_histcode.plugin.annotate.state import Tool
from napari_histcode.plugin.layers import px0_from_vertices, vertices_from_px0

LINE_PX = 2.0
"""Width of lines on the screen."""

REACH_PX = 5.0
"""A press so many screen pixels beside a line still means it."""

NO_TRANSFORM = "Regions lie where they were drawn: the whole layer cannot be turned or stretched."


class RegionPen(Shapes):  # type: ignore[misc]
    """Selected regions as outlines that can be dragged, and the outline that is being drawn.

    Vertices are level-0 pixels, (row, column) of pixel centres; the layer's scale takes them to the world.
    """

    _drag_modes: ClassVar[Callbacks] = DRAG_MODES
    _move_modes: ClassVar[Callbacks] = MOVE_MODES
    _double_click_modes: ClassVar[Callbacks] = DOUBLE_CLICK_MODES
    _cursor_modes: ClassVar[dict[Mode, str]] = {**Shapes._cursor_modes, Mode.ADD_PATH: "circle"}

    def __init__(self, wants: BoardEvents, **keywords: Any) -> None:
        self.wants = wants
        self.keys: list[tuple[str, int]] = []
        self.corners: list[Floats] = []
        self.held_at_start: dict[str, bool] = {}
        self.style = PenStyle(colour=(255, 215, 0), radius_px0=(1.0, 1.0))
        self.describe: Callable[[float, float], str] = lambda _x, _y: ""
        self._has_ink = False
        super().__init__(ndim=2, **keywords)
        self.events.mode.connect(self._mode_changed)

    @property
    def _type_string(self) -> str:
        """Shapes to all of napari: for controls, icons and copies."""
        return "shapes"

    def _update_thumbnail(self, event: Any = None) -> None:
        """Paint no thumbnail: it takes its time with every stroke."""

    # Places

    @property
    def px0_per_screen_px(self) -> float:
        """Level-0 pixels per pixel of the screen."""
        return float(self._normalized_scale_factor)

    def to_px0(self, row_column: Any) -> Floats:
        """Turn the layer's own coordinates into level-0 x, y."""
        return px0_from_vertices(row_column)

    def event_xy(self, event: Any) -> Floats:
        """Place of the cursor in level-0 pixels."""
        return self.to_px0(self.world_to_data(event.position)[-2:])

    @staticmethod
    def held(event: Any) -> dict[str, bool]:
        """Which of the keys that mean adding and subtracting are held."""
        return {"is_adding": "Shift" in event.modifiers, "is_subtracting": "Alt" in event.modifiers}

    def tell_picked(self, event: Any, *, is_adding: bool, keeps_selection: bool) -> None:
        """Tell that the slide was pressed."""
        x, y = self.event_xy(event).tolist()
        self.wants.picked.emit(
            Picked(
                xy_px0=(x, y),
                reach_px0=REACH_PX * self.px0_per_screen_px,
                is_adding=is_adding,
                keeps_selection=keeps_selection,
            )
        )

    # The selected regions

    def put_rings(self, rings: Sequence[PenRing]) -> None:
        """Hold these rings and no others; those that are there already stay."""
        held = dict(zip(self.keys, self.data, strict=True)) if not self._has_ink else {}
        wanted = {ring.key: self._vertices(ring.xy_px0) for ring in rings}
        is_same = list(wanted) == self.keys and all(
            np.array_equal(held[key], vertices) for key, vertices in wanted.items() if key in held
        )
        if is_same and len(held) == len(wanted):
            return
        self.clear_ink()
        self._remove_shapes(range(self.nshapes))
        self.keys = list(wanted)
        if wanted:
            self.add(
                list(wanted.values()),
                shape_type="path",
                edge_width=LINE_PX * self.px0_per_screen_px,
                edge_color=[_rgba(ring.colour) for ring in rings],
                face_color="transparent",
                gui=True,
            )
        self.select_all_rings()

    def rings(self) -> dict[tuple[str, int], Floats]:
        """Rings as they lie now, (n, 2) x, y."""
        return {key: self.to_px0(data) for key, data in zip(self.keys, self.data, strict=False)}

    def select_all_rings(self) -> None:
        """Select all that is held: a region's holes go where it goes."""
        self.selected_data = set(range(len(self.keys)))

    @staticmethod
    def _vertices(xy_px0: Floats) -> NDArray[np.float32]:
        return vertices_from_px0(xy_px0).astype(np.float32)

    def _remove_shapes(self, places: range) -> None:
        """Remove outlines, from the screen too: napari leaves that to its own end of a drawing."""
        if len(places):
            self.selected_data.clear()
            super().remove(list(places))
            self._moving_value = (None, None)
            self._update_dims()
            self._set_highlight(force=True)

    # The outline being drawn

    def draw_corners(self, cursor: Floats) -> None:
        """Draw an unfinished polygon that reaches to the cursor."""
        self.draw_ink(np.array([*self.corners, cursor, self.corners[0]]))

    def draw_way(self, tool: Tool, way: Sequence[Floats]) -> None:
        """Draw an unfinished freehand line, or the edge of what the brush covers."""
        if tool is Tool.BRUSH:
            self.draw_ink(rings_of(brushed(np.array(way), self.style.radius_px0))[0])
        else:
            self.draw_ink(np.array([*way, way[-1]]))

    def draw_ink(self, xy_px0: Floats) -> None:
        """Draw an unfinished line."""
        vertices = self._vertices(xy_px0)
        if self._has_ink:
            self._data_view.edit(self.nshapes - 1, vertices)
            self.refresh(extent=False, thumbnail=False)
            return
        self._is_creating = self._has_ink = True
        self.add(
            vertices,
            shape_type="path",
            edge_width=LINE_PX * self.px0_per_screen_px,
            edge_color=_rgba(self.style.colour),
            face_color="transparent",
            gui=True,
        )

    def clear_ink(self) -> None:
        """Wipe the unfinished line."""
        self.corners = []
        self._is_creating = False
        if self._has_ink:
            self._has_ink = False
            self._remove_shapes(range(self.nshapes - 1, self.nshapes))
            self.select_all_rings()

    def step_back(self) -> bool:
        """Take back the last corner of an unfinished polygon; False if there is none."""
        if not self.corners:
            return False
        last = self.corners.pop()
        if self.corners:
            self.draw_corners(last)
        else:
            self.clear_ink()
        return True

    def _finish_drawing(self, event: Any = None) -> None:  # noqa: ARG002 - napari's signature
        """End a polygon, as Enter, a double click and another tool do."""
        corners, held = self.corners, self.held_at_start
        self.clear_ink()
        if len(corners) > 2:
            self.wants.drawn.emit(Drawn(tool=Tool.POLYGON, xy_px0=np.array(corners), **held))

    # What napari's keys and buttons do

    @property
    def mode(self) -> str:
        """What the mouse does, in napari's words."""
        return str(self._mode)

    @mode.setter
    def mode(self, mode: str | Mode) -> None:
        wanted = Mode(mode)
        if wanted is Mode.TRANSFORM:
            self.wants.refused.emit(NO_TRANSFORM)
            return
        Shapes.mode.fset(self, INSTEAD.get(wanted, wanted))

    def _mode_changed(self, _event: Any = None) -> None:
        if self._mode in MODE_TOOLS:
            self.wants.tool_changed.emit(MODE_TOOLS[self._mode])

    def remove_selected(self) -> None:
        """Ask for the selected regions to be deleted, which can be undone."""
        if self.keys:
            self.wants.deleted.emit()

    def _copy_data(self) -> None:
        """Do nothing yet: copies are made when they are pasted."""

    def _paste_data(self) -> None:
        """Ask for copies of the selected regions."""
        self.wants.pasted.emit()

    def _get_value(self, position: Any) -> tuple[int | None, int | None]:
        """Find a corner or a line, else the region around the place: outlines have no inside of their own."""
        found: tuple[int | None, int | None] = super()._get_value(position)
        if found[0] is not None or self._is_creating or not self.keys:
            return found
        point = shapely.Point(*self.to_px0(position[-2:]))
        for place, ring in enumerate(self.rings().values()):
            if len(ring) > 3 and shapely.Polygon(ring).contains(point):
                return place, None
        return found

    def get_status(self, position: Any = None, **keywords: Any) -> dict[str, str]:
        """Name the region under the cursor for napari's status bar."""
        status: dict[str, str] = super().get_status(position, **keywords)
        if position is not None and keywords.get("world"):
            text = self.describe(*self.to_px0(self.world_to_data(position)[-2:]).tolist())
            status["value"] = text
            status["coordinates"] = f"{status['coords']}: {text}" if text else status["coords"]
        return status


def _rgba(colour: tuple[int, int, int]) -> list[float]:
    return [*(channel / 255 for channel in colour), 1.0]
