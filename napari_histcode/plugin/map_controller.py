"""Maps on the canvas: from a result and the user's choices to what is drawn."""

from __future__ import annotations

from dataclasses import replace
from weakref import WeakKeyDictionary

from napari_histcode.errors import UnknownMapError
from napari_histcode.heatmap import HeatmapConfig, default_config, draw_tile_map
from napari_histcode.heatmap.colour import default_colormap
from napari_histcode.heatmap.heatmap import Heatmap, Normalisation
from napari_histcode.heatmap.window import Range, through_window
from napari_histcode.plugin.canvas import Canvas, ShownMap
from napari_histcode.plugin.map_list import first_choice, map_rows
from napari_histcode.plugin.map_scene import MapScene, take_scene
from napari_histcode.plugin.session import Result, Session, SlideEntry
from napari_histcode.scores.scores import MapKind, TileMap
from napari_histcode.tiling import TileGrid

PERCENTILE = HeatmapConfig(normalisation="percentile")


class MapController:
    """Draws the maps of the current result as the session says.

    A map gets a layer when it is first switched on, so that hundreds of genes cost nothing until asked for.
    """

    def __init__(self, session: Session, canvas: Canvas) -> None:
        self._session = session
        self._canvas = canvas
        self._scenes: WeakKeyDictionary[Result, MapScene] = WeakKeyDictionary()
        self._passing: frozenset[str] = frozenset()
        canvas.events.map_toggled.connect(self._toggled_in_viewer)
        canvas.events.map_removed.connect(self._removed_in_viewer)

    def show(self, result: Result | None) -> None:
        """Show the maps of a result: as they were left, or else one visible, the attention at hand."""
        session = self._session
        if session.result is not None:
            self._scenes[session.result] = take_scene(session, self._passing)
        self._canvas.clear_maps()
        self._passing = frozenset()
        session.visible_maps = frozenset()
        session.selected_map = None  # it may be a tool's, which is about to go
        session.tool_maps, session.windows = (), {}
        session.result = result
        session.map_rows = map_rows(result.scores) if result else ()
        if result is None:
            return
        first = first_choice(result.scores)
        scene = self._scenes.get(result)
        session.is_arranged = scene is not None
        if scene is not None:
            self._return_to(scene)
        else:
            session.map_kind = "single_tile"
        if not session.visible_maps and (scene is None or not scene.is_bare):
            session.visible_maps = frozenset(first[:1])
        if session.selected_map is None:
            session.selected_map = first[0] if first else None
        visible = sorted(session.visible_maps, key=lambda name: (name != session.selected_map, name))
        names = tuple(dict.fromkeys((*visible, *first)))
        if names:
            self._draw(names[0])
            self._draw_later(result, names[1:])

    def _return_to(self, scene: MapScene) -> None:
        session = self._session
        session.tool_maps, session.windows = scene.tool_maps, scene.windows
        if session.result is not None:
            session.map_rows = map_rows(session.result.scores, scene.tool_maps)
        session.map_kind = scene.kind
        session.visible_maps, session.selected_map = scene.visible, scene.selected

    def remember(self, result: Result, scene: MapScene) -> None:
        """Show a result like this when it is shown next."""
        self._scenes[result] = scene

    def scene_of(self, result: Result) -> MapScene | None:
        """Tell how the maps of a result are shown, or were left; None if they were never shown."""
        if result is self._session.result:
            return take_scene(self._session, self._passing)
        return self._scenes.get(result)

    def put(self, tile_map: TileMap, *, is_passing: bool = False) -> None:
        """Show a tool's map of the current result's tiles, alone; one of the same name is replaced.

        Parameters
        ----------
        tile_map : TileMap
            The map.
        is_passing : bool
            Whether it answers a question that the tool forgets on another slide, so that it must not be there
            when the reader comes back.
        """
        session = self._session
        if session.result is None:
            return
        others = self._passing - {tile_map.name}
        self._passing = others | {tile_map.name} if is_passing else others
        is_new = all(known.name != tile_map.name for known in session.tool_maps)
        kept = tuple(tile_map if known.name == tile_map.name else known for known in session.tool_maps)
        session.tool_maps = (*kept, tile_map) if is_new else kept
        session.map_rows = map_rows(session.result.scores, session.tool_maps)  # the label may be another one
        if is_new:
            for name in session.visible_maps:
                self.set_visible(name, is_visible=False)
            self.set_visible(tile_map.name, is_visible=True)
        elif tile_map.name in self._canvas.map_names():
            self._draw(tile_map.name)

    def take(self, name: str) -> None:
        """Take a tool's map away; harmless where there is none."""
        session = self._session
        if session.result is None or all(known.name != name for known in session.tool_maps):
            return
        self._canvas.remove(name)
        session.visible_maps = session.visible_maps - {name}
        session.tool_maps = tuple(known for known in session.tool_maps if known.name != name)
        if session.selected_map == name:
            session.selected_map = next(iter(first_choice(session.result.scores)), None)
        session.map_rows = map_rows(session.result.scores, session.tool_maps)

    def set_visible(self, name: str, *, is_visible: bool) -> None:
        """Switch a map on or off; it is drawn when it is first switched on."""
        session = self._session
        session.visible_maps = session.visible_maps | {name} if is_visible else session.visible_maps - {name}
        if is_visible:
            session.selected_map = name
        if name in self._canvas.map_names():
            self._canvas.set_map_visible(name, is_visible=is_visible)
        elif is_visible:
            self._draw(name)

    def select(self, name: str) -> None:
        """Make this the map that the panel's controls speak of."""
        self._session.selected_map = name

    def set_kind(self, kind: MapKind) -> None:
        """Show another kind of map for every output whose map is switched on."""
        session = self._session
        before, session.map_kind = session.map_kind, kind
        selected = session.selected_map
        for row in session.map_rows:
            old, new = row.name(before), row.name(kind)
            if old == new:
                continue
            if old in session.visible_maps:
                self.set_visible(old, is_visible=False)
                self.set_visible(new, is_visible=True)
            if old == selected:
                selected = new
        session.selected_map = selected

    def set_normalisation(self, normalisation: Normalisation | None) -> None:
        """Show raw values, percentiles or z-scores; None as it suits each map."""
        self._session.normalisation = normalisation
        self._redraw()

    def set_colormap(self, name: str) -> None:
        """Give the selected map, and all maps of its sort (signed or not), another colour scale."""
        heatmap = self.selected_heatmap()
        if heatmap is None:
            return
        if heatmap.is_signed:
            self._session.diverging = name
        else:
            self._session.sequential = name
        self._redraw()

    def set_window(self, window: Range | None) -> None:
        """Spread the selected map's colours over a window of its values; None for what suits the map."""
        heatmap = self.selected_heatmap()
        if heatmap is None:
            return
        key = window_key(heatmap)
        others = {known: value for known, value in self._session.windows.items() if known != key}
        self._session.windows = others if window is None else {**others, key: window}
        if heatmap.name in self._canvas.map_names():
            self._draw(heatmap.name)

    def hide_outside(self, *, is_hidden: bool) -> None:
        """Draw only tiles whose value is in the window, or all."""
        self._session.hides_outside = is_hidden
        self._redraw()

    def set_smooth(self, *, is_smooth: bool) -> None:
        """Let colours pass softly from tile to tile, or show each tile as it is; values stay."""
        self._session.is_smooth = is_smooth
        self._redraw()

    def show_alone(self, name: str) -> None:
        """Switch all other maps off and this one on."""
        for other in self._session.visible_maps - {name}:
            self.set_visible(other, is_visible=False)
        if name not in self._session.visible_maps:
            self.set_visible(name, is_visible=True)
        self._session.selected_map = name

    def window_of(self, heatmap: Heatmap) -> Range:
        """Tell the window through which a heatmap is seen."""
        return self._session.windows.get(window_key(heatmap), heatmap.limits)

    def limits_of(self, heatmap: Heatmap) -> Range:
        """Tell the values at the two ends of a heatmap's colours as it is drawn."""
        return through_window(heatmap, self.window_of(heatmap), hides_outside=False).limits

    def set_opacity(self, opacity: float) -> None:
        """Make all maps so opaque, 0 to 1."""
        self._session.opacity = opacity
        self._canvas.set_opacity(opacity)

    def shown(
        self, tile_map: TileMap, grid: TileGrid, entry: SlideEntry, *, window: Range | None = None
    ) -> ShownMap:
        """Describe a map of any tiles as the session says maps are drawn.

        Parameters
        ----------
        tile_map : TileMap
            The map.
        grid : TileGrid
            Its tiles.
        entry : SlideEntry
            The slide on which it lies.
        window : tuple of float, optional
            The values through which it is seen; by default the user's, or what suits the map.
        """
        session = self._session
        heatmap = draw_as_chosen(tile_map, grid, session.normalisation)
        window = window or self.window_of(heatmap)
        return ShownMap(
            heatmap=through_window(heatmap, window, hides_outside=session.hides_outside),
            record=entry.record,
            raw=draw_tile_map(tile_map, grid).raster,
            percentile=draw_tile_map(tile_map, grid, PERCENTILE).raster,
            raw_unit=tile_map.unit,
            colormap=self.colormap_of(heatmap),
            opacity=session.opacity,
            is_visible=tile_map.name in session.visible_maps,
            is_smooth=session.is_smooth,
        )

    def shown_on(self, entry: SlideEntry, result: Result, name: str) -> ShownMap:
        """Describe a map of any open slide as the session says maps are drawn.

        A map of another slide is seen through the window of the current slide's map of that name, so that
        one colour means one value on both.

        Raises
        ------
        UnknownMapError
            If there is no such map.
        """
        session = self._session
        if result is session.result:
            return replace(self.shown(self.map(name), result.scores.grid, entry), is_visible=True)
        tile_map = result.scores.map(name)
        window = None
        if session.result is not None and any(m.name == name for m in session.result.scores.maps):
            alike = draw_as_chosen(self.map(name), session.result.scores.grid, session.normalisation)
            window = self.window_of(alike)
        shown = self.shown(tile_map, result.scores.grid, entry, window=window)
        return replace(shown, is_visible=True)

    def selected_heatmap(self) -> Heatmap | None:
        """Draw the selected map as it is shown."""
        session = self._session
        if session.result is None or session.selected_map is None:
            return None
        tile_map = self.map(session.selected_map)
        return draw_as_chosen(tile_map, session.result.scores.grid, session.normalisation)

    def map(self, name: str) -> TileMap:
        """Find a map of the current result or of a tool by its name.

        Raises
        ------
        UnknownMapError
            If there is none.
        """
        session = self._session
        made = {tile_map.name: tile_map for tile_map in session.tool_maps}
        if name in made:
            return made[name]
        if session.result is None:
            raise UnknownMapError(f"There is no map {name!r}: nothing has been analysed.")
        return session.result.scores.map(name)

    def colormap_of(self, heatmap: Heatmap) -> str:
        """Name of the colour scale in which a heatmap is drawn."""
        session = self._session
        chosen = session.diverging if heatmap.is_signed else session.sequential
        return chosen or default_colormap(heatmap)

    def _draw_later(self, result: Result, names: tuple[str, ...]) -> None:
        """Draw maps one by one as the window breathes, unless another result has come or one is there."""
        if not names:
            return

        def draw_next() -> None:
            if self._session.result is result:
                if names[0] not in self._canvas.map_names():
                    self._draw(names[0])
                self._draw_later(result, names[1:])

        self._canvas.when_idle(draw_next)

    def _redraw(self) -> None:
        for name in self._canvas.map_names():
            self._draw(name)

    def _draw(self, name: str) -> None:
        session = self._session
        if session.result is None or session.current is None:
            return
        self._canvas.put_map(self.shown(self.map(name), session.result.scores.grid, session.current))

    def _toggled_in_viewer(self, name: str, is_visible: bool) -> None:  # noqa: FBT001 - a signal's slot
        session = self._session
        visible = session.visible_maps | {name} if is_visible else session.visible_maps - {name}
        session.visible_maps = visible

    def _removed_in_viewer(self, name: str) -> None:
        self._session.visible_maps = self._session.visible_maps - {name}


def window_key(heatmap: Heatmap) -> str:
    """Name the values that a window is on: raw values and percentiles of a map are different ones."""
    return f"{heatmap.name}/{heatmap.config.normalisation}"


def draw_as_chosen(tile_map: TileMap, grid: TileGrid, normalisation: Normalisation | None) -> Heatmap:
    """Draw a map with the chosen normalisation, or as it suits the map."""
    chosen = HeatmapConfig(normalisation=normalisation) if normalisation else default_config(tile_map)
    return draw_tile_map(tile_map, grid, chosen)
