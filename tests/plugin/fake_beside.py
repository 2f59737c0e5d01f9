"""Two canvases without napari: they look where they are told, and remember what is shown."""

from __future__ import annotations

from collections.abc import Callable, Collection

from napari_histcode.plugin.annotate.picture import RegionPicture
from napari_histcode.plugin.beside.linking import Sight
from napari_histcode.plugin.beside.screen import ScreenEvents, Side
from napari_histcode.plugin.canvas import ShownMap
from napari_histcode.plugin.layers import Pair
from napari_histcode.slide import SlideRecord


class FakeScreen:
    def __init__(self) -> None:
        self.events = ScreenEvents()
        self.is_open = False
        self.has_place = True
        self.slide: str | None = None
        self.map: ShownMap | None = None
        self.picture: RegionPicture | None = None
        self.regions_visible = True
        start = Sight(centre_px0=(500.0, 400.0), world_per_screen_px=4.0)
        self.sights = {Side.HERE: start, Side.THERE: start}
        self.marks: dict[Side, Pair | None] = {}
        self.said = ""
        self.kept: set[str] = set()
        self.n_fitted = 0
        self.toggle: Callable[[], None] | None = None
        self.steps: list[str] = []
        self.waiting: list[Callable[[], None]] = []

    def bind_toggle(self, toggle: Callable[[], None]) -> None:
        self.toggle = toggle

    def disconnect(self) -> None:
        self.close()
        self.toggle = None

    def open(self) -> bool:
        self.is_open = self.has_place
        return self.has_place

    def close(self) -> None:
        self.is_open = False
        self.slide = self.map = self.picture = None
        self.waiting.clear()

    def show_slide(self, key: str) -> None:
        self.slide, self.map, self.picture = key, None, None
        self.steps.append("slide")

    def keep_slides(self, keys: Collection[str]) -> None:
        self.kept = set(keys)

    def show_map(self, shown: ShownMap | None) -> None:
        self.map = shown
        self.steps.append("map")

    def show_regions(self, picture: RegionPicture | None, record: SlideRecord, *, is_visible: bool) -> None:
        self.picture, self.regions_visible = picture, is_visible
        self.steps.append("regions")

    def sight(self, side: Side, record: SlideRecord) -> Sight:
        return self.sights[side]

    def look(self, side: Side, sight: Sight, record: SlideRecord) -> None:
        self.sights[side] = sight
        self.events.moved.emit(side)  # as cameras do, whoever moves them

    def move(self, side: Side, sight: Sight) -> None:
        """Move a canvas as somebody would with the mouse."""
        self.sights[side] = sight
        self.events.moved.emit(side)

    def fit(self) -> None:
        self.n_fitted += 1

    def point(self, side: Side, xy_px0: Pair | None, record: SlideRecord) -> None:
        self.marks[side] = xy_px0

    def value_at(self, world: Pair) -> str:
        return "" if self.map is None else f"{self.map.heatmap.label} at {world}"

    def say(self, text: str) -> None:
        self.said = text

    def later(self, callback: Callable[[], None]) -> None:
        self.waiting.append(callback)

    def breathe(self) -> None:
        """Let everything happen that waits for the window to breathe."""
        while self.waiting:
            self.waiting.pop(0)()
