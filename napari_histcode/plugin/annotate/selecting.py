"""Which regions are selected, and what can be done with them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

import shapely
from psygnal import Signal
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.annotate import edits, shaping
from napari_histcode.plugin.annotate.board import Picked, RegionBoard
from napari_histcode.plugin.annotate.drawing import STAYS
from napari_histcode.plugin.annotate.state import AnnotateState, Tool
from napari_histcode.plugin.annotate.store import RegionStore, is_editable
from napari_histcode.plugin.annotate.view import MOST_IN_HAND, RegionView
from napari_histcode.plugin.canvas import Canvas

COPY_SHIFT = 0.15
"""A copy lies beside its region by this share of the region's width and height."""


KEEPING_TOOLS = (Tool.SELECT, Tool.VERTICES, Tool.INSERT, Tool.REMOVE, Tool.BRUSH)
"""Tools with which selected regions stay in hand."""


class Selecting:
    """Selects regions and edits those that are selected.

    Parameters
    ----------
    store : RegionStore
        The regions.
    state : AnnotateState
        Takes the selection.
    view : RegionView
        Knows what lies where.
    board : RegionBoard
        Where regions are picked.
    canvas : Canvas
        Can fly to a region.
    """

    classified = Signal(object)
    """Somebody gave regions a class: which, None for unclassified."""

    def __init__(
        self, store: RegionStore, state: AnnotateState, view: RegionView, board: RegionBoard, canvas: Canvas
    ) -> None:
        self._store, self._state, self._view = store, state, view
        self._board, self._canvas = board, canvas
        board.events.picked.connect(self.pick)
        board.events.boxed.connect(self.select_box)
        board.events.deleted.connect(self.delete)
        board.events.pasted.connect(self.duplicate)
        board.events.all_wanted.connect(self.select_in_view)

    # Selecting

    def pick(self, picked: Picked) -> None:
        """Select what lies at a place."""
        region = self._view.scene.at(picked.xy_px0, reach_px0=picked.reach_px0)
        selected = self._state.selected
        if region is None:
            self._state.selected = selected if picked.is_adding else frozenset()
            return
        identity = frozenset({str(region.id)})
        if picked.is_adding:
            self._state.selected = selected ^ identity
        elif not (picked.keeps_selection and identity <= selected):
            self._state.selected = identity

    def select(self, ids: Collection[str]) -> None:
        """Select these regions, and take the tool that selects, so that they can be seen and dragged."""
        if ids and self._state.tool not in KEEPING_TOOLS:
            self._state.tool = Tool.SELECT
        self._state.selected = frozenset(ids)

    def select_box(self, box: tuple[float, float, float, float]) -> None:
        """Select the regions that meet a box."""
        window = shapely.box(*box)
        found = self._view.scene.within(box)
        is_met = shapely.intersects(found.geometry, window)
        chosen = [str(region.id) for region, met in zip(found.regions, is_met, strict=True) if met]
        self._state.selected = frozenset(chosen)
        if self._view.is_too_much_in_hand:
            self._store.say(f"{edits.counted(len(chosen))} selected; at most {MOST_IN_HAND} can be dragged.")

    def select_in_view(self) -> None:
        """Select the regions in view, to edit them all."""
        entry = self._store.entry
        if entry is None:
            return
        left, top, width, height = self._canvas.view_box(entry.record)
        if self._state.tool not in KEEPING_TOOLS:
            self._state.tool = Tool.SELECT
        self.select_box((left, top, left + width, top + height))

    def fly_to(self, identity: str) -> None:
        """Select a region and bring it into view."""
        entry = self._store.entry
        found = edits.find(self._store.regions, {identity})
        if entry is None or not found:
            return
        left, top, right, bottom = found[0].geometry.bounds
        self.select({identity})
        size = max(right - left, bottom - top, 1.0)
        self._canvas.fly_to(
            (left, top, max(right - left, size / 50), max(bottom - top, size / 50)), entry.record
        )

    # What can be done with those that are selected

    def delete(self) -> None:
        """Delete them."""
        free = self._free()
        if free:
            gone: dict[str, Annotation | None] = {str(region.id): None for region in free}
            what = edits.counted(len(free))
            self._store.commit(
                f"delete {what}",
                edits.put(self._store.regions, gone),
                notice=f"Deleted {what}.{self._locked_note()}",
            )

    def reclassify(self, class_name: str | None) -> None:
        """Give them another class."""
        free = {str(region.id) for region in self._free() if region.class_name != class_name}
        if free:
            label = f"make {edits.counted(len(free))} {edits.class_label(class_name)}"
            classes = self._state.classes
            changed = edits.change(
                self._store.regions, free, lambda region: edits.reclassified(region, class_name, classes)
            )
            self._store.commit(label, changed)
            self.classified.emit(class_name)

    def rename(self, name: str) -> None:
        """Name them."""
        wanted = name.strip() or None
        free = {str(region.id) for region in self._free() if region.name != wanted}
        if free:
            changed = edits.change(self._store.regions, free, lambda region: replace(region, name=wanted))
            self._store.commit(f"name {edits.counted(len(free))}", changed)

    def set_locked(self, *, is_locked: bool) -> None:
        """Lock or unlock them."""
        ids = {str(region.id) for region in self._store.selected if region.is_locked != is_locked}
        if ids:
            changed = edits.change(
                self._store.regions, ids, lambda region: replace(region, is_locked=is_locked)
            )
            verb = "lock" if is_locked else "unlock"
            self._store.commit(f"{verb} {edits.counted(len(ids))}", changed)

    def duplicate(self) -> None:
        """Copy them to a place beside themselves."""
        chosen = self._store.selected
        if not chosen:
            return
        left, top, right, bottom = shapely.total_bounds([region.geometry for region in chosen]).tolist()
        copies = edits.duplicated(chosen, (COPY_SHIFT * (right - left), COPY_SHIFT * (bottom - top)))
        self._store.commit(
            f"copy {edits.counted(len(chosen))}",
            (*self._store.regions, *copies),
            selected=[str(copy.id) for copy in copies],
        )

    def unite(self) -> None:
        """Make one region of them, with the class and the name of the first."""
        self._merge("unite", shaping.united)

    def intersect(self) -> None:
        """Keep what they have in common, as one region."""
        self._merge("intersect", shaping.intersected)

    def subtract(self) -> None:
        """Take the smaller ones out of the largest; they stay."""
        self._cut("subtract from the largest", keeps_others=True)

    def make_hole(self) -> None:
        """Make holes of the smaller ones in the largest."""
        self._cut("make a hole", keeps_others=False)

    def fill_holes(self) -> None:
        """Fill their holes."""
        holed = [region for region in self._areas() if shaping.n_holes(region.geometry)]
        if not holed:
            self._store.say("The selected regions have no holes.")
            return
        changed: dict[str, Annotation | None] = {
            str(region.id): edits.moved_geometry(region, shaping.without_holes(region.geometry))
            for region in holed
        }
        n = sum(shaping.n_holes(region.geometry) for region in holed)
        self._store.commit(f"fill {edits.counted(n, 'hole')}", edits.put(self._store.regions, changed))

    def _merge(self, label: str, merge: Callable[[list[BaseGeometry]], BaseGeometry]) -> None:
        areas = self._areas()
        if len(areas) < 2:
            self._store.say("Select two regions or more first.")
            return
        merged = merge([region.geometry for region in areas])
        if merged.is_empty:
            self._store.say("The selected regions have nothing in common.", is_error=True)
            return
        first, *others = areas
        changed: dict[str, Annotation | None] = {str(region.id): None for region in others}
        changed[str(first.id)] = edits.moved_geometry(first, merged)
        self._store.commit(
            f"{label} {edits.counted(len(areas))}",
            edits.put(self._store.regions, changed),
            selected=[str(first.id)],
        )

    def _cut(self, label: str, *, keeps_others: bool) -> None:
        areas = sorted(self._areas(), key=lambda region: -float(region.geometry.area))
        if len(areas) < 2:
            self._store.say("Select a region and those to be cut out of it first.")
            return
        largest, *others = areas
        rest = shaping.subtracted(largest.geometry, shaping.united([other.geometry for other in others]))
        if rest.is_empty:
            self._store.say("Nothing would be left of the largest region.", is_error=True)
            return
        if rest.equals(largest.geometry):
            self._store.say("The selected regions do not overlap.", is_error=True)
            return
        changed: dict[str, Annotation | None] = {str(largest.id): edits.moved_geometry(largest, rest)}
        if not keeps_others:
            changed |= {str(other.id): None for other in others}
        self._store.commit(label, edits.put(self._store.regions, changed))

    def _areas(self) -> list[Annotation]:
        return [region for region in self._free() if region.has_area]

    def _free(self) -> list[Annotation]:
        """Select those that are not locked, and say so if there are none."""
        chosen = self._store.selected
        free = [region for region in chosen if is_editable(region)]
        if chosen and not free:
            self._store.say(STAYS, is_error=True)
        return free

    def _locked_note(self) -> str:
        n_locked = sum(region.is_locked for region in self._store.selected)
        return f" {edits.counted(n_locked, 'locked region')} stayed." if n_locked else ""
