"""A walk over the tiles of one cell of a matrix, and what a click on the slide says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_histcode.comparison.class_table import class_maps
from napari_histcode.comparison.tile_agreement import AGREEMENT_LABELS, TileAgreement
from napari_histcode.comparison.tile_labels import TileLabel
from napari_histcode.plugin.canvas import Canvas, Pick
from napari_histcode.plugin.compare.cut_controller import CutController
from napari_histcode.plugin.compare.mistakes import (
    CLASSES,
    Cell,
    Key,
    class_cells,
    kind_at,
    threshold_cells,
    tiles_of_classes,
    tiles_of_kind,
)
from napari_histcode.plugin.compare.state import Answer, CompareState, Picked, TileGroup
from napari_histcode.plugin.layers import Box, px0_from_world
from napari_histcode.plugin.session import Session
from napari_histcode.tiling.grid import TileGrid
from napari_histcode.tiling.lookup import tile_at

MOST_OUTLINED = 100
"""So many tiles get a line around them, the most wrong ones; more would keep the window waiting."""


class TileWalk:
    """Outlines the tiles of a cell and flies from one to the next.

    Parameters
    ----------
    session : Session
        What is open.
    state : CompareState
        The page's state.
    canvas : Canvas
        Where tiles are outlined, and what flies.
    cut : CutController
        Knows the values of the map.
    """

    def __init__(self, session: Session, state: CompareState, canvas: Canvas, cut: CutController) -> None:
        self._session = session
        self._state = state
        self._canvas = canvas
        self._cut = cut
        self._is_in_front = False
        self._is_renewing = False
        state.events.cut.connect(self._renew_soon)
        canvas.events.clicked.connect(self._clicked)

    def set_in_front(self, *, is_in_front: bool) -> None:
        """Listen to clicks on the slide while the page is in front; take the outlines away after."""
        self._is_in_front = is_in_front
        if not is_in_front:
            self.clear()

    def cells(self) -> tuple[Cell, ...]:
        """List the cells of all matrices that there are, with their numbers of tiles."""
        cut, answer = self._state.cut, self._state.answer
        cells = () if cut is None else tuple(threshold_cells(cut))
        table = answer.comparison.classes if answer is not None else None
        return cells if table is None else (*cells, *class_cells(table))

    def choose(self, key: Key) -> None:
        """Outline the tiles of a cell, and list them."""
        group = self._group(key)
        if group is None:
            return
        self._state.place = self._state.picked = None
        self._state.group = group
        self.show_all()

    def show_all(self) -> None:
        """Outline all tiles of the cell, or as many of them as can be."""
        group = self._state.group
        self._state.place = None
        self._outline(() if group is None else group.tiles[:MOST_OUTLINED].tolist())

    def clear(self) -> None:
        """Speak of no tiles any more."""
        had_any = self._state.group is not None or self._state.picked is not None
        self._state.place = self._state.picked = None
        self._state.group = None
        if had_any:
            self._outline(())

    def step(self, by: int) -> None:
        """Fly to the next tile of the cell, or to the one before; the list is a ring."""
        group, place = self._state.group, self._state.place
        if group is None or not len(group.tiles):
            return
        start = (-1 if by > 0 else 0) if place is None else place
        self.go(int((start + by) % len(group.tiles)))

    def go(self, place: int) -> None:
        """Fly to a tile of the cell."""
        group = self._state.group
        if group is None or not 0 <= place < len(group.tiles):
            return
        self._state.picked = None
        self._state.place = place
        self._fly(int(group.tiles[place]))

    def describe(self, tile: int) -> str:
        """Say in a few words how a tile of the list stands: its value, and how much of it was drawn."""
        answer = self._state.answer
        if answer is None or tile >= len(self._cut.values):
            return ""
        share = answer.comparison.reference.fraction[tile]
        return f"{value_text(float(self._cut.values[tile]))} · {share:.0%} covered"

    def _clicked(self, pick: Pick) -> None:
        entry, answer, cut = self._session.current, self._state.answer, self._state.cut
        if not self._is_in_front or entry is None or answer is None or cut is None:
            return
        x, y = px0_from_world(pick.world, entry.record).tolist()
        grid = answer.comparison.reference.grid
        tile = tile_at(grid, (x, y))
        if tile is None:
            return
        group = self._state.group
        if group is not None:
            places = np.flatnonzero(group.tiles == tile)
            self._state.place = int(places[0]) if len(places) else None
        self._state.picked = Picked(tile=tile, lines=self._lines(tile, answer))
        self._fly(tile)

    def _lines(self, tile: int, answer: Answer) -> tuple[str, ...]:
        """Say a tile's value, label and agreement."""
        cut, compared = self._state.cut, self._state.compared
        reference = answer.comparison.reference
        column, row = reference.grid.index[tile].tolist()
        if cut is None or compared is None:
            return ()
        label = TileLabel(int(reference.labels[tile])).name.lower()
        agreement = AGREEMENT_LABELS[TileAgreement(int(cut.agreement[tile]))]
        unit = answer.scores.map(cut.map).unit or compared.quantity
        return (
            f"Tile at column {column}, row {row}: {agreement}",
            f"{compared.label}: {value_text(float(self._cut.values[tile]))} {unit}",
            f"{', '.join(reference.positive)} covers {reference.fraction[tile]:.0%} of it: {label}",
        )

    def _group(self, key: Key) -> TileGroup | None:
        cut, answer = self._state.cut, self._state.answer
        if cut is None or answer is None:
            return None
        title = next((cell.title for cell in self.cells() if cell.key == key), "")
        if key[0] != CLASSES:
            tiles = tiles_of_kind(kind_at(key), cut, self._cut.values)
            return TileGroup(key=key, title=title, tiles=tiles)
        table = answer.comparison.classes
        found = class_maps(answer.scores, dict(answer.question.class_of_output))
        if table is None or found is None:
            return None
        return TileGroup(key=key, title=title, tiles=tiles_of_classes(key, table, found[1]))

    def _renew_soon(self) -> None:
        """Put the list right when a slider has come to rest, not at each of its steps."""
        if self._state.group is None or self._is_renewing:
            return
        self._is_renewing = True
        self._canvas.when_idle(self._renew)

    def _renew(self) -> None:
        self._is_renewing = False
        before = self._state.group
        if before is None:
            return
        group = self._group(before.key)
        if group is None:
            self.clear()
        elif not np.array_equal(group.tiles, before.tiles):
            self._state.place = None
            self._state.group = group
            self.show_all()

    def _fly(self, tile: int) -> None:
        answer, entry = self._state.answer, self._session.current
        if answer is None or entry is None:
            return
        self._outline((tile,))
        self._canvas.fly_to(box_of(answer.comparison.reference.grid, tile), entry.record)

    def _outline(self, tiles: Sequence[int]) -> None:
        answer, entry = self._state.answer, self._session.current
        if entry is None:
            return
        grid = answer.comparison.reference.grid if answer is not None else None
        boxes = [] if grid is None else [box_of(grid, tile) for tile in tiles]
        self._canvas.outline_tiles(boxes, entry.record)


def box_of(grid: TileGrid, tile: int) -> Box:
    """Left, top, width and height of a tile in level-0 pixels."""
    x, y = (grid.index[tile] * np.asarray(grid.stride_px0)).tolist()
    return (x, y, *grid.size_px0)


def value_text(value: float) -> str:
    """Write a value of a map: three significant digits; a dash where there is none."""
    return f"{value:.3g}".replace("-", "\N{MINUS SIGN}") if np.isfinite(value) else "\N{EN DASH}"
