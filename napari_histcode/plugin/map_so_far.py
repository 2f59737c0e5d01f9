"""The map so far, drawn while the analysis runs; the finished result replaces it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from napari_histcode.heatmap.window import Range, steady
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.preview import MapSoFar
from napari_histcode.plugin.session import Session
from napari_histcode.tiling import TileGrid


class SoFarPainter:
    """Draws what is known of a map, so that the reader who moves about does not feel it.

    Parameters
    ----------
    session : Session
        Whether there is anything to draw on.
    canvas : Canvas
        Where it is drawn.
    maps : MapController
        How maps are drawn.
    """

    def __init__(self, session: Session, canvas: Canvas, maps: MapController) -> None:
        self._session, self._canvas, self._maps = session, canvas, maps
        self._grid: TileGrid | None = None
        self._limits: Range | None = None

    def show(self, so_far: MapSoFar | None) -> None:
        """Draw a map when the window has come to rest; None for nothing new."""
        if so_far is not None:
            self._canvas.when_idle(partial(self._draw, so_far))

    def _draw(self, so_far: MapSoFar) -> None:
        session, entry = self._session, self._session.current
        if entry is None or entry.record.digest != so_far.grid.slide.digest:
            return
        if session.result is not None or session.is_veiled:
            return
        shown = self._maps.shown(so_far.tile_map, so_far.grid, entry)
        before = self._limits if self._grid is so_far.grid else None
        limits = steady(before, shown.heatmap.limits)
        self._grid, self._limits = so_far.grid, limits
        heatmap = replace(shown.heatmap, limits=limits)
        self._canvas.put_map(replace(shown, heatmap=heatmap, is_visible=True))
