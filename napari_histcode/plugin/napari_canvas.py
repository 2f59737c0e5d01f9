"""The canvas in napari's viewer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import napari
from napari.layers import Layer
from napari.utils.notifications import show_error
from qtpy.compat import isalive
from qtpy.QtCore import QTimer

from napari_histcode.plugin import camera
from napari_histcode.plugin.canvas import CanvasEvents, MarkedTiles, Pick, ShownClasses, ShownMap
from napari_histcode.plugin.class_chips import ClassChips
from napari_histcode.plugin.class_layer import ClassLayer
from napari_histcode.plugin.class_legend import Legend
from napari_histcode.plugin.keys.registry import key_of
from napari_histcode.plugin.later import Later
from napari_histcode.plugin.layers import (
    Box,
    LayerData,
    Pair,
    outline_layer_data,
    slide_key_of,
)
from napari_histcode.plugin.map_layer import MapLayer
from napari_histcode.plugin.marks_layer import MarksLayer
from napari_histcode.plugin.slide_layers import SlideLayers
from napari_histcode.plugin.wording import error_text, legend_text
from napari_histcode.slide import SlideRecord

LEGEND_PLACE = "bottom_left"
"""Corner of the canvas for colour bars and what they mean; the scale bar is at the bottom right."""

IDLE_S = 0.15
"""A new layer takes napari a tenth of a second; the next one waits until the window has breathed."""

CLASSES_PLACE = "top_left"
"""Corner for the legend of classes, which may have many lines."""

OUTLINE_COLOUR = "#00d7ff"
"""Of the line around tiles in question: neither in tissue nor in the colour scales."""

BLINK_KEY = key_of("blink")
"""Held, it hides all maps; napari has no use for it."""

VIEW_NEWS_MS = 60
"""The camera tells of every pixel it moves; panels hear of it this often."""

COLOUR_BAR_PX = (16, 120)
"""Width and height."""


class NapariCanvas:
    """Slides and maps as layers of a viewer. Lives on the GUI thread.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer; the public proxy that napari gives to plugins will do.
    """

    def __init__(self, viewer: napari.Viewer) -> None:
        self.events = CanvasEvents()
        self._viewer = viewer
        self._maps: dict[str, MapLayer] = {}
        self._classes: dict[str, ClassLayer] = {}
        self._outline: Layer | None = None
        self._marks = MarksLayer(viewer, self._insert_quietly)
        self._later = Later()
        self._chips = ClassChips(viewer, CLASSES_PLACE)
        self._slides = SlideLayers(viewer, self.when_idle)
        viewer.layers.events.inserted.connect(self._layer_inserted)
        viewer.layers.events.removed.connect(self._layer_removed)
        self._view_timer = QTimer()
        self._view_timer.setSingleShot(True)
        self._view_timer.timeout.connect(self.events.view_changed.emit)
        viewer.scene.camera.events.connect(self._camera_moved)
        viewer.canvas.events.size.connect(self._refresh_legend)
        viewer.bind_key(BLINK_KEY, self._blink, overwrite=True)
        viewer.canvas.overlays.scale_bar.visible = True
        viewer.canvas.overlays.text.position = LEGEND_PLACE
        viewer.canvas.overlays.text.box = True
        viewer.canvas.overlay_tiling.bottom_left = "vertical"
        viewer.canvas.overlay_tiling.top_left = "vertical"

    def disconnect(self) -> None:
        """Stop listening to the viewer and drawing in it; its layers stay."""
        self._later.close()
        self._chips.clear()
        self._slides.close()
        self._viewer.layers.events.inserted.disconnect(self._layer_inserted)
        self._viewer.layers.events.removed.disconnect(self._layer_removed)
        if isalive(self._view_timer):  # type: ignore[no-untyped-call]
            self._view_timer.stop()
        self._viewer.bind_key(BLINK_KEY, None, overwrite=True)
        self._viewer.scene.camera.events.disconnect(self._camera_moved)
        self._viewer.canvas.events.size.disconnect(self._refresh_legend)
        self.set_picking(is_on=False)

    # Slides

    def slide_keys(self) -> tuple[str, ...]:
        """Keys of the slides that are in the viewer already."""
        return self._slides.keys()

    def add_slide(self, data: LayerData, *further: LayerData) -> None:
        """Show a slide, which may have further channels, below all maps and fit it into the view."""
        self._slides.add(data, *further)
        self.fit()

    def place_slide(self, key: str, record: SlideRecord) -> None:
        """Give a slide's layers, and the regions on it, its resolution after the fact."""
        self._slides.place(key, record)
        self.fit()

    def show_only_slide(self, key: str) -> None:
        """Hide all other slides."""
        self._slides.show_only(key)

    # Maps

    def put_map(self, shown: ShownMap) -> None:
        """Draw a map above the slides, or draw it anew if it is there."""
        name = shown.heatmap.name
        layer = self._maps.get(name)
        if layer is None:
            layer = MapLayer(shown)
            layer.neighbours = self._maps.values
            layer.events.visible.connect(partial(self._visible_changed, name))
            self._maps[name] = layer
            place = self._place_of(shown)
            if shown.is_visible and not self._is_drawing:
                self._viewer.layers.insert(place, layer)
            else:
                self._insert_quietly(place, layer)
        else:
            layer.show(shown)
        self._announce(layer)

    def _place_of(self, shown: ShownMap) -> int:
        """Above the slides, and a visible map above those that are not."""
        return self._slides.count() + (len(self._maps) - 1 if shown.is_visible else 0)

    def when_idle(self, callback: Callable[[], None]) -> None:
        """Call back soon, when what has been drawn so far is on the screen."""
        self._later.call(IDLE_S, callback)

    def set_map_visible(self, name: str, *, is_visible: bool) -> None:
        """Switch a map on or off."""
        self._maps[name].visible = is_visible

    def set_opacity(self, opacity: float) -> None:
        """Make all maps so opaque."""
        for layer in self._maps.values():
            layer.opacity = opacity

    def _blink(self, _viewer: Any) -> Iterator[None]:
        """Show the bare slide for as long as the key is held."""
        shown: list[Layer] = [*self._maps.values(), *self._classes.values()]
        layers = [layer for layer in shown if layer.visible]
        opacities = [layer.opacity for layer in layers]
        for layer in layers:
            layer.opacity = 0
        yield
        for layer, opacity in zip(layers, opacities, strict=True):
            layer.opacity = opacity

    def map_names(self) -> tuple[str, ...]:
        """Names of the maps that have a layer."""
        return tuple(self._maps)

    def clear_maps(self) -> None:
        """Remove all maps, classes and outlines of tiles."""
        layers: list[Layer] = [*self._maps.values(), *self._classes.values()]
        layers += [self._outline] if self._outline is not None else []
        names = tuple(self._classes)
        self._maps, self._classes, self._outline = {}, {}, None
        for name in names:
            self._refresh_chips(name)
        self._refresh_legend()
        self._marks.clear()
        for layer in layers:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    def _announce(self, layer: MapLayer) -> None:
        """Give a visible map its colour bar and its line in the legend."""
        layer.colorbar.position = LEGEND_PLACE
        layer.colorbar.size = COLOUR_BAR_PX
        layer.colorbar.visible = layer.visible
        self._refresh_legend()

    def _refresh_legend(self, _event: Any = None) -> None:
        visible = [layer.shown for layer in self._maps.values() if layer.visible]
        legend = self._viewer.canvas.overlays.text
        legend.text = legend_text(visible, width_px=self._viewer.canvas.size[1])
        legend.visible = bool(visible)

    # Tiles: classes, outlines, clicks, the camera

    def put_classes(self, shown: ShownClasses) -> None:
        """Paint a class for each tile above the maps, or paint it anew if it is there."""
        layer = self._classes.get(shown.name)
        if layer is None:
            layer = ClassLayer(shown)
            layer.events.visible.connect(partial(self._refresh_chips, shown.name))
            self._classes[shown.name] = layer
            self._insert_quietly(self._slides.count() + len(self._maps) + len(self._classes) - 1, layer)
        else:
            layer.show(shown)
        self._refresh_chips(shown.name)

    def put_legend(self, name: str, legend: Legend | None) -> None:
        """Show a legend of classes beside those of the maps; None takes it away."""
        self._chips.put(name, legend)

    def _refresh_chips(self, name: str, _event: Any = None) -> None:
        layer = self._classes.get(name)
        self._chips.put(name, layer.legend() if layer is not None and layer.visible else None)

    def set_classes_visible(self, name: str, *, is_visible: bool) -> None:
        """Show or hide classes; harmless where there are none."""
        layer = self._classes.get(name)
        if layer is not None:
            layer.visible = is_visible

    def remove(self, name: str) -> None:
        """Take away a map or classes of this name; harmless where there are none."""
        layer = self._maps.pop(name, None) or self._classes.pop(name, None)
        if layer is not None and layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
        self._refresh_legend()
        self._refresh_chips(name)

    def outline_tiles(self, boxes: Sequence[Box], record: SlideRecord) -> None:
        """Draw a line around tiles that are spoken of; an empty sequence takes it away."""
        layer = self._outline if self._outline in self._viewer.layers else None
        if not boxes:
            if layer is not None:  # kept: taking a layer away and adding one takes napari most of a second
                layer.visible = False
            return
        rings, own, _ = outline_layer_data(boxes, record, colour=OUTLINE_COLOUR)
        if layer is None:
            self._outline = Layer.create(rings, own, "shapes")
            self._outline.editable = False
            self._insert_quietly(len(self._viewer.layers), self._outline)
            return
        layer.scale, layer.units = own["scale"], own["units"]
        layer.current_edge_width = own["edge_width"]
        layer.data = [(ring, "polygon") for ring in rings]
        layer.edge_width, layer.edge_color = own["edge_width"], own["edge_color"]
        layer.face_color = own["face_color"]
        layer.visible = True

    def mark_tiles(self, groups: Sequence[MarkedTiles], record: SlideRecord) -> None:
        """Draw thick lines around groups of tiles, beside `outline_tiles`; none takes them away."""
        self._marks.show(groups, record)

    def _insert_quietly(self, place: int, layer: Layer) -> None:
        """Insert a layer and keep the selection: what is selected can be edited or deleted with one key.

        Nobody hears of the moment in which napari selects the new one: whoever draws would lose the pen.
        """
        selection = self._viewer.layers.selection
        active = selection.active
        if active is None:
            self._viewer.layers.insert(place, layer)
            return
        with selection.events.active.blocker():
            self._viewer.layers.insert(place, layer)
            selection.active = active

    def fly_to(self, box: Box, record: SlideRecord) -> None:
        """Move and zoom so that a box and some of its surroundings fill the view."""
        camera.fly_to(self._viewer, box, record)

    def centre_on(self, xy_px0: Pair, record: SlideRecord) -> None:
        """Put a level-0 position into the middle of the view."""
        camera.centre_on(self._viewer, xy_px0, record)

    def fit(self) -> None:
        """Show all of the slide that is shown; slides that are hidden may be larger, and do not count."""
        shown = [layer for layer in self._viewer.layers if layer.visible and slide_key_of(layer.metadata)]
        self._viewer.reset_view(layers=shown or None)

    def world_per_screen_px(self) -> float:
        """Tell how much of the world a pixel of the screen shows: micrometres where they are known."""
        return camera.world_per_screen_px(self._viewer)

    def set_world_per_screen_px(self, value: float) -> None:
        """Zoom about the middle of the view until a pixel of the screen shows so much of the world."""
        camera.set_world_per_screen_px(self._viewer, value)

    def turn(self, n_quarters: int) -> None:
        """Turn the whole scene to so many quarters clockwise from upright."""
        camera.turn(self._viewer, n_quarters)

    def view_box(self, record: SlideRecord) -> Box:
        """Tell what of the slide is in view; it can reach beyond the slide."""
        return camera.view_box(self._viewer, record)

    def set_picking(self, *, is_on: bool) -> None:
        """Send `CanvasEvents.clicked` for clicks on the slide, or stop doing so."""
        callbacks = self._viewer.mouse_drag_callbacks
        if is_on and self._picked not in callbacks:
            callbacks.append(self._picked)
        elif not is_on and self._picked in callbacks:
            callbacks.remove(self._picked)

    def _picked(self, _viewer: Any, event: Any) -> Iterator[None]:
        """Follow the mouse from a press to its release; a drag is no click."""
        is_drawing = self._is_drawing
        row, column = (float(part) for part in event.position[-2:])
        held = event.modifiers
        pick = Pick(world=(row, column), is_adding="Shift" in held, is_removing="Alt" in held)
        yield
        has_moved = False
        while event.type == "mouse_move":
            has_moved = True
            yield
        if not is_drawing and not has_moved:
            self.events.clicked.emit(pick)

    @property
    def _is_drawing(self) -> bool:
        """Whether the mouse draws or edits in the active layer."""
        return str(getattr(self._viewer.layers.selection.active, "mode", "pan_zoom")) != "pan_zoom"

    # Messages

    def report(self, error: BaseException) -> None:
        """Tell the user what went wrong, in a notification."""
        show_error(error_text(error))

    # The viewer's news

    def _layer_inserted(self, event: Any) -> None:
        layer: Layer = event.value
        key = slide_key_of(layer.metadata)
        if key is not None:
            self.events.slide_added.emit(key)

    def _layer_removed(self, event: Any) -> None:
        layer: Layer = event.value
        key = slide_key_of(layer.metadata)
        if key is not None and not self._slides.of(key):
            self._slides.refresh_ground()
            self._later.call(0, partial(self._tell_removed, key))
        if isinstance(layer, MapLayer) and self._maps.get(layer.map_name) is layer:
            del self._maps[layer.map_name]
            self._refresh_legend()
            self.events.map_removed.emit(layer.map_name)
        if isinstance(layer, ClassLayer) and self._classes.get(layer.shown.name) is layer:
            del self._classes[layer.shown.name]
            self._refresh_chips(layer.shown.name)

    def _tell_removed(self, key: str) -> None:
        """Tell of a slide's end once napari is done: one that closes removes all, and draws no more."""
        if not self._slides.of(key):
            self.events.slide_removed.emit(key)

    def _camera_moved(self, _event: Any = None) -> None:
        if not self._view_timer.isActive():
            self._view_timer.start(VIEW_NEWS_MS)

    def _visible_changed(self, name: str, _event: Any = None) -> None:
        layer = self._maps.get(name)
        if layer is not None:
            self._announce(layer)
            if layer.visible and not self._is_drawing:
                self._viewer.layers.selection.active = layer  # whose words are in the status bar
            self.events.map_toggled.emit(name, layer.visible)
