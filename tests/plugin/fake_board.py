"""A board without napari: remembers what it was told, and calls back when the test says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.annotate.board import BoardEvents, Name, PenRing, PenStyle
from napari_histcode.plugin.annotate.picture import RegionPicture
from napari_histcode.plugin.annotate.state import Tool
from napari_histcode.slide import SlideRecord

Keys = Mapping[str, Callable[[], object]]


class FakeBoard:
    def __init__(self) -> None:
        self.events = BoardEvents()
        self.picture: RegionPicture | None = None
        self.record: SlideRecord | None = None
        self.n_refreshed = 0
        self.rings: list[PenRing] = []
        self.names: list[Name] = []
        self.tool = Tool.MOVE
        self.style: PenStyle | None = None
        self.is_visible = True
        self.keys: dict[str, Callable[[], object]] = {}
        self.pen_keys: dict[str, Callable[[], object]] = {}
        self.waiting: list[tuple[float, Callable[[], None]]] = []
        self.offered: tuple[Annotation, ...] = ()
        self.has_corner = False
        self.describe: Callable[[float, float], str] = lambda _x, _y: ""

    def show(self, picture: RegionPicture | None, record: SlideRecord | None) -> None:
        self.picture, self.record = picture, record

    def refresh(self) -> None:
        self.n_refreshed += 1

    def set_pen(self, rings: Sequence[PenRing]) -> None:
        self.rings = list(rings)

    def set_names(self, names: Sequence[Name]) -> None:
        self.names = list(names)

    def set_tool(self, tool: Tool, style: PenStyle) -> None:
        self.tool, self.style = tool, style

    def set_visible(self, *, is_visible: bool) -> None:
        self.is_visible = is_visible

    def set_describer(self, describe: Callable[[float, float], str]) -> None:
        self.describe = describe

    def bind_keys(self, keys: Keys) -> None:
        self.keys = dict(keys)

    def bind_pen_keys(self, keys: Keys) -> None:
        self.pen_keys = dict(keys)

    def step_back(self) -> bool:
        had_corner, self.has_corner = self.has_corner, False
        return had_corner

    def offered_before(self) -> tuple[Annotation, ...]:
        offered, self.offered = self.offered, ()
        return offered

    def later(self, seconds: float, callback: Callable[[], None]) -> None:
        self.waiting.append((seconds, callback))

    def run_later(self) -> None:
        while self.waiting:
            self.waiting.pop(0)[1]()

    def disconnect(self) -> None:
        self.keys = {}
