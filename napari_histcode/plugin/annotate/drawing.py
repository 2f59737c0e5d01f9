"""What finished outlines, strokes and drags do to the regions."""

from __future__ import annotations

import shapely
from psygnal import Signal
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.annotate import edits, shaping
from napari_histcode.plugin.annotate.board import Drawn, RegionBoard, RingKey
from napari_histcode.plugin.annotate.shaping import Floats, Shaped, ShapingError
from napari_histcode.plugin.annotate.state import AnnotateState, Stroke, Tool
from napari_histcode.plugin.annotate.store import RegionStore, is_editable
from napari_histcode.plugin.annotate.view import RegionView

MENDED = "Its outline crossed itself and was mended."
STAYS = "Locked regions stay as they are; unlock them first."


class Drawing:
    """Turns what was drawn into steps of the history.

    Parameters
    ----------
    store : RegionStore
        The regions.
    state : AnnotateState
        Class, tool and manner of drawing.
    view : RegionView
        Knows what lies where.
    board : RegionBoard
        Where it was drawn.
    """

    placed = Signal(object)
    """Somebody drew a region by hand, or went on with one: its class, None for unclassified."""

    def __init__(
        self, store: RegionStore, state: AnnotateState, view: RegionView, board: RegionBoard
    ) -> None:
        self._store, self._state, self._view = store, state, view
        board.events.drawn.connect(self.draw)
        board.events.edited.connect(self.reshape)
        board.events.corner_added.connect(self.add_corner)
        board.events.corner_removed.connect(self.remove_corner)

    def draw(self, drawn: Drawn) -> None:
        """Take a finished outline or stroke."""
        try:
            shaped = self._on_slide(self._shape(drawn))
        except ShapingError as problem:
            self._store.say(f"Nothing was drawn: {problem}.", is_error=True)
            return
        stroke = self._state.stroke
        if drawn.is_subtracting:
            stroke = Stroke.SUBTRACT
        elif drawn.is_adding:
            stroke = Stroke.ADD
        if stroke is Stroke.SUBTRACT:
            self._subtract(shaped)
        elif stroke is Stroke.ADD:
            self._add(shaped, self._to_add_to(shaped.geometry), drawn)
        else:
            self._add(shaped, self._under_brush(drawn), drawn)

    def _shape(self, drawn: Drawn) -> Shaped:
        if drawn.tool is Tool.BRUSH:
            return shaping.mended(shaping.brushed(drawn.xy_px0, self._view.radius_px0))
        if drawn.tool is Tool.ELLIPSE:
            return Shaped(geometry=shaping.ellipse_in(drawn.xy_px0))
        return shaping.outline(drawn.xy_px0)

    def _on_slide(self, shaped: Shaped) -> Shaped:
        """Cut what reaches beyond the slide."""
        entry = self._store.entry
        if entry is None:
            raise ShapingError("there is no slide")
        slide = shapely.box(0, 0, *entry.record.dimensions)
        if slide.covers(shaped.geometry):
            return shaped
        inside = shaping.intersected([shaped.geometry, slide])
        if inside.is_empty:
            raise ShapingError("it lies outside the slide")
        return Shaped(geometry=inside, is_mended=shaped.is_mended)

    def _to_add_to(self, geometry: BaseGeometry) -> Annotation | None:
        """Choose the region that grows: a selected one, else one of the class that the stroke meets."""
        chosen = [region for region in self._store.selected if region.has_area]
        if chosen:
            return (self._view.scene.meeting(geometry, chosen) or chosen)[0]
        of_class = [
            region
            for region in self._view.scene.meeting(geometry)
            if region.class_name == self._state.class_name and is_editable(region)
        ]
        return of_class[0] if of_class else None

    def _under_brush(self, drawn: Drawn) -> Annotation | None:
        """Choose the region in which a brush stroke began, if it is of the class."""
        if drawn.tool is not Tool.BRUSH:
            return None
        start = shapely.Point(drawn.xy_px0[0])
        around = self._view.scene.within(start.bounds).regions
        return next(
            (
                region
                for region in around
                if region.class_name == self._state.class_name
                and region.has_area
                and is_editable(region)
                and region.geometry.intersects(start)
            ),
            None,
        )

    def _add(self, shaped: Shaped, target: Annotation | None, drawn: Drawn) -> None:
        regions, name = self._store.regions, self._state.class_name
        mended = f" {MENDED}" if shaped.is_mended else ""
        if target is None:
            is_whole = drawn.tool is Tool.ELLIPSE and shaped.geometry.equals(self._shape(drawn).geometry)
            new = edits.make_region(shaped.geometry, name, self._state.classes, is_ellipse=is_whole)
            label = f"draw {edits.class_label(name)}"
            said = f"Drew {edits.class_label(name)}.{mended}"
            self._store.commit(label, (*regions, new), notice=said)
            self.placed.emit(name)
            return
        if not is_editable(target):
            self._store.say(STAYS, is_error=True)
            return
        grown = edits.moved_geometry(target, shaping.united([target.geometry, shaped.geometry]))
        label = f"add to {edits.class_label(target.class_name)}"
        said = f"Added to {edits.class_label(target.class_name)}.{mended}"
        self._store.commit(label, edits.put(regions, {str(target.id): grown}), notice=said)
        self.placed.emit(target.class_name)

    def _subtract(self, shaped: Shaped) -> None:
        chosen = self._store.selected
        pool = [region for region in chosen if region.has_area] if chosen else None
        meant = self._view.scene.meeting(shaped.geometry, pool)
        if pool is None:
            meant = [region for region in meant if region.class_name == self._state.class_name]
        free = [region for region in meant if is_editable(region)]
        if not free:
            what = "selected region" if pool else f"{edits.class_label(self._state.class_name)} region"
            self._store.say(
                STAYS if meant else f"Nothing to subtract from: no {what} is there.", is_error=True
            )
            return
        changed: dict[str, Annotation | None] = {}
        for region in free:
            rest = shaping.subtracted(region.geometry, shaped.geometry)
            changed[str(region.id)] = None if rest.is_empty else edits.moved_geometry(region, rest)
        self._store.commit(
            f"subtract from {edits.counted(len(free))}",
            edits.put(self._store.regions, changed),
            notice=f"Subtracted from {edits.counted(len(free))}.",
        )

    # Drags and corners

    def reshape(self, rings: dict[RingKey, Floats]) -> None:
        """Take rings that were dragged or reshaped in the pen."""
        by_region: dict[str, dict[int, Floats]] = {}
        for (identity, number), ring in rings.items():
            by_region.setdefault(identity, {})[number] = ring
        changed: dict[str, Annotation | None] = {}
        is_mended = False
        try:
            for region in edits.find(self._store.regions, by_region):
                moved = _really_moved(region, by_region[str(region.id)])
                if not moved:
                    continue
                if not is_editable(region):
                    raise ShapingError(STAYS)
                shaped = self._on_slide(shaping.with_rings(region.geometry, moved))
                is_mended |= shaped.is_mended
                changed[str(region.id)] = edits.moved_geometry(region, shaped.geometry)
        except ShapingError as problem:
            self._snap_back(str(problem))
            return
        if changed:
            what = edits.counted(len(changed))
            said = f"Changed {what}. {MENDED if is_mended else ''}".strip()
            self._store.commit(f"change {what}", edits.put(self._store.regions, changed), notice=said)

    def add_corner(self, key: RingKey, xy: tuple[float, float]) -> None:
        """Put a corner into a ring."""
        self._edit_ring(key, "add a corner", lambda ring: shaping.insert_corner(ring, xy))

    def remove_corner(self, key: RingKey, corner: int) -> None:
        """Take a corner out of a ring."""
        self._edit_ring(key, "remove a corner", lambda ring: shaping.remove_corner(ring, corner))

    def _edit_ring(self, key: RingKey, label: str, edit: object) -> None:
        identity, number = key
        found = edits.find(self._store.regions, {identity})
        if not found or not callable(edit):
            return
        region = found[0]
        try:
            if not is_editable(region):
                raise ShapingError(STAYS)
            ring = edit(shaping.rings_of(region.geometry)[number])
            shaped = shaping.with_rings(region.geometry, {number: ring})
        except ShapingError as problem:
            self._snap_back(str(problem))
            return
        changed = edits.moved_geometry(region, shaped.geometry)
        self._store.commit(label, edits.put(self._store.regions, {identity: changed}))

    def _snap_back(self, why: str) -> None:
        """Show the regions in the pen as they were."""
        self._store.say(f"{why[:1].upper()}{why[1:].rstrip('.')}.", is_error=True)
        self._view.refresh()


def _really_moved(region: Annotation, rings: dict[int, Floats]) -> dict[int, Floats]:
    """Keep the rings that differ from the region's by more than the pen's single precision."""
    own = shaping.rings_of(region.geometry)
    moved = {}
    for number, ring in rings.items():
        if number >= len(own):
            continue
        if len(ring) != len(own[number]) or abs(ring - own[number]).max() > PRECISION_PX:
            moved[number] = ring
    return moved


PRECISION_PX = 0.02
"""napari keeps vertices in single precision: that much on the largest slides."""
