"""From regions and choices to what is seen on the slide: picture, pen, names, tool."""

from __future__ import annotations

import shapely
from psygnal import Signal

from napari_histcode.annotations import Annotation
from napari_histcode.annotations.annotation import Rgb
from napari_histcode.plugin.annotate.board import Name, PenRing, PenStyle, RegionBoard
from napari_histcode.plugin.annotate.colours import UNCLASSIFIED, colour_of
from napari_histcode.plugin.annotate.edits import class_label
from napari_histcode.plugin.annotate.paint import Pen
from napari_histcode.plugin.annotate.picture import RegionPicture
from napari_histcode.plugin.annotate.scene import Scene
from napari_histcode.plugin.annotate.shaping import rings_of
from napari_histcode.plugin.annotate.state import AnnotateState, Tool
from napari_histcode.plugin.annotate.store import RegionStore
from napari_histcode.slide import SlideRecord

MOST_IN_HAND = 200
MOST_CORNERS_IN_HAND = 40_000
"""More selected regions, or corners, are not put into the pen: napari would be slow to drag them."""

MOST_NAMES = 60
"""So many regions have their class or name written beside them; more would hide the slide."""


class RegionView:
    """Keeps the board showing what the store holds.

    Parameters
    ----------
    store : RegionStore
        The regions.
    state : AnnotateState
        What is chosen.
    board : RegionBoard
        Where they are drawn.
    """

    painted = Signal()
    """What is to be seen of the regions has changed."""

    def __init__(self, store: RegionStore, state: AnnotateState, board: RegionBoard) -> None:
        self._store, self._state, self._board = store, state, board
        self._picture: RegionPicture | None = None
        self._shown: tuple[str, SlideRecord] | None = None
        self._classes = state.classes
        self.scene = Scene((), self.colour_of)
        store.changed.connect(self.refresh)
        state.events.selected.connect(self._refresh_pen)
        state.events.classes.connect(self.recolour)
        for signal in (state.events.tool, state.events.class_name, state.events.radius_um):
            signal.connect(self.refresh_tool)
        for signal in (state.events.fill, state.events.is_in_front):
            signal.connect(self._refill)
        state.events.is_visible.connect(self._refresh_visibility)
        board.set_describer(self.describe)

    @property
    def picture(self) -> RegionPicture | None:
        """All regions of the current slide as they are painted; None without a slide."""
        return self._picture

    def colour_of(self, region: Annotation) -> Rgb:
        """Colour in which a region is drawn."""
        return colour_of(region, self._state.classes)

    def refresh(self) -> None:
        """Show the regions of the store."""
        entry = self._store.entry
        if entry is None:
            self._picture = self._shown = None
            self.scene = Scene((), self.colour_of)
            self._board.show(None, None)
            self.painted.emit()
            return
        if self._picture is None or self._shown != (entry.key, entry.record):
            self._show_slide()
        elif self._store.regions is not self.scene.regions:
            self.scene, where = self.scene.edited(self._store.regions)
            self._picture.show(self.scene, where=where)
            self._board.refresh()
        self._refresh_names()
        self._refresh_pen()
        self.painted.emit()

    def _show_slide(self) -> None:
        entry = self._store.entry
        if entry is None:
            return
        self.scene = Scene(self._store.regions, self.colour_of)
        self._picture = RegionPicture(entry.record.dimensions, self.scene, self._pen_of())
        self._shown = (entry.key, entry.record)
        self._board.show(self._picture, entry.record)
        self.refresh_tool()

    def recolour(self) -> None:
        """Draw all regions in the colours of the class list as it is now."""
        if self._picture is not None:
            self.scene = Scene(self._store.regions, self.colour_of)
            self._picture.show(self.scene)
            self._board.refresh()
            self._refresh_names()
            self._refresh_pen()
            self.painted.emit()
        self.refresh_tool()

    def _refill(self) -> None:
        if self._picture is not None:
            self._picture.show(self.scene, pen=self._pen_of())
            self._board.refresh()
            self.painted.emit()

    def _pen_of(self) -> Pen:
        """Fill regions while they are worked on; elsewhere the fill would change the colours of maps."""
        return Pen(fill=self._state.fill if self._state.is_in_front else 0.0)

    def _refresh_visibility(self) -> None:
        self._board.set_visible(is_visible=self._state.is_visible)
        self.painted.emit()

    def refresh_tool(self) -> None:
        """Hand the tool over with the colour and the radius that it draws with."""
        name = self._state.class_name
        colour = UNCLASSIFIED if name is None else self._state.classes.colour_of(name)
        self._board.set_tool(self._state.tool, PenStyle(colour=colour, radius_px0=self.radius_px0))

    @property
    def radius_px0(self) -> tuple[float, float]:
        """Radius of the brush along x and y in level-0 pixels."""
        entry, radius = self._store.entry, self._state.radius_um
        if entry is None or entry.record.mpp is None:
            return radius, radius
        return radius / entry.record.mpp.x, radius / entry.record.mpp.y

    @property
    def is_too_much_in_hand(self) -> bool:
        """Whether more is selected than can be dragged."""
        return bool(self._state.selected) and not self._in_hand()

    def _in_hand(self) -> tuple[Annotation, ...]:
        if self._state.tool.is_drawing and self._state.tool is not Tool.BRUSH:
            return ()
        if len(self._state.selected) > MOST_IN_HAND:
            return ()
        chosen = tuple(region for region in self._store.selected if region.has_area)
        n_corners = sum(int(shapely.get_num_coordinates(region.geometry)) for region in chosen)
        return chosen if n_corners <= MOST_CORNERS_IN_HAND else ()

    def _refresh_pen(self) -> None:
        self._board.set_pen(
            [
                PenRing(key=(str(region.id), number), xy_px0=ring, colour=self.colour_of(region))
                for region in self._in_hand()
                for number, ring in enumerate(rings_of(region.geometry))
            ]
        )

    def _refresh_names(self) -> None:
        regions = self._store.regions
        names = []
        for region in regions if len(regions) <= MOST_NAMES else ():
            left, top, _, _ = region.geometry.bounds
            text = region.name or class_label(region.class_name)
            names.append(Name(xy_px0=(left, top), text=text, colour=self.colour_of(region)))
        self._board.set_names(names)

    def describe(self, x: float, y: float) -> str:
        """Name the region at a place."""
        region = self.scene.at((x, y))
        if region is None:
            return ""
        parts = [class_label(region.class_name), region.name, "locked" if region.is_locked else ""]
        return " · ".join(part for part in parts if part)
