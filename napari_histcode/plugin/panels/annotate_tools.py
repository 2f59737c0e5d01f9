"""DRAW: what the mouse does on the slide, undo and redo, and what has just happened."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import log

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QDoubleSpinBox, QHBoxLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from napari_histcode.plugin.annotate.controller import LEAST_RADIUS, MOST_RADIUS, AnnotateController
from napari_histcode.plugin.annotate.state import Stroke, Tool
from napari_histcode.plugin.panels.notice_line import NoticeLine
from napari_histcode.plugin.panels.section import Section, button, label, row
from napari_histcode.plugin.style import SPACING_PX, set_role

HAND_TOOLS = (
    (Tool.MOVE, "Move", "Move the slide (M). Hold Space to do so with any tool."),
    (Tool.SELECT, "Select", "Select and drag regions (S); Shift adds. Drag beside them for a box."),
    (Tool.VERTICES, "Corners", "Drag the corners of the selected regions, holes too (D)"),
)
CORNER_TOOLS = (
    (Tool.VERTICES, "drag", "Drag corners (D)"),
    (Tool.INSERT, "add", "Press on an edge to put a corner there (I)"),
    (Tool.REMOVE, "remove", "Press on a corner to take it away (X)"),
)
DRAWING_TOOLS = (
    (
        Tool.POLYGON,
        "Polygon",
        "Press for each corner, double click or Enter to finish, Escape to give up (P)",
    ),
    (Tool.FREEHAND, "Freehand", "Draw with the button held (F, or Shift+P)"),
    (Tool.RECTANGLE, "Rectangle", "Drag from corner to corner (R)"),
    (Tool.ELLIPSE, "Ellipse", "Drag from corner to corner of its box (O or E)"),
    (Tool.BRUSH, "Brush", "Paint: grows the region in which the stroke begins (B); [ and ] change its size"),
)
STROKES = (
    (Stroke.NEW, "new", "A finished outline becomes a region of its own"),
    (Stroke.ADD, "add", "It is united with the selected region, else with one of the class (Shift)"),
    (Stroke.SUBTRACT, "subtract", "It is taken out of the selected regions, else of the class's (Alt)"),
)
SLIDER_STEPS = 200


class AnnotateToolsPanel(Section):
    """Tools, their manners, undo and redo."""

    def __init__(self, annotate: AnnotateController) -> None:
        super().__init__("Draw")
        self._annotate = annotate
        self._state = annotate.state
        self.tools: dict[Tool, QPushButton] = {}
        self.corner_tools: dict[Tool, QPushButton] = {}
        self.strokes: dict[Stroke, QPushButton] = {}
        self.eye_button = button("Hide", annotate.toggle_visible, tooltip="")
        self.undo_button = button("Undo", annotate.undo, tooltip="")
        self.redo_button = button("Redo", annotate.redo, tooltip="")
        self.restored = NoticeLine(annotate.keeper.answer, annotate.keeper.dismiss)
        self.notice = NoticeLine(annotate.act_on_notice)
        for made in (self.undo_button, self.redo_button, self.eye_button):
            set_role(made, "quiet")
            self.heading_row.addWidget(made)
        hands = [self._tool_button(*each) for each in HAND_TOOLS]
        drawing = [self._tool_button(*each) for each in DRAWING_TOOLS]
        self.content.addWidget(self.restored)
        self.content.addLayout(_segments(hands))
        self.content.addLayout(_segments(drawing))
        self.corners_row = _held(
            label("Corners", role="muted"), [self._corner_button(*each) for each in CORNER_TOOLS]
        )
        self.stroke_row = _held(
            label("Outline", role="muted"), [self._stroke_button(*each) for each in STROKES]
        )
        self.brush_row = self._brush_row()
        for widget in (self.corners_row, self.stroke_row, self.brush_row, self.notice):
            self.content.addWidget(widget)
        events = self._state.events
        for signal in (
            events.tool, events.stroke, events.radius_um, events.undo_label, events.redo_label,
            events.is_visible, events.notice, events.restored,
        ):  # fmt: skip
            signal.connect(self._refresh)
        annotate.session.events.current.connect(self._refresh)
        self._refresh()

    def _tool_button(self, tool: Tool, words: str, tooltip: str) -> QPushButton:
        made = _toggle(words, partial(self._annotate.set_tool, tool), tooltip)
        self.tools[tool] = made
        return made

    def _corner_button(self, tool: Tool, words: str, tooltip: str) -> QPushButton:
        made = _toggle(words, partial(self._annotate.set_tool, tool), tooltip)
        made.setAccessibleName(f"{words} corners")
        self.corner_tools[tool] = made
        return made

    def _stroke_button(self, stroke: Stroke, words: str, tooltip: str) -> QPushButton:
        made = _toggle(words, partial(self._annotate.set_stroke, stroke), tooltip)
        self.strokes[stroke] = made
        return made

    def _brush_row(self) -> QWidget:
        self.radius = QDoubleSpinBox()
        self.radius.setAccessibleName("radius of the brush")
        self.radius.setRange(LEAST_RADIUS, MOST_RADIUS)
        self.radius.setDecimals(0)
        self.radius.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.radius.setFixedWidth(86)
        self.radius.setKeyboardTracking(False)
        self.radius.valueChanged.connect(self._annotate.set_radius)
        self.radius_slider = QSlider(Qt.Orientation.Horizontal)
        self.radius_slider.setAccessibleName("size of the brush")
        self.radius_slider.setRange(0, SLIDER_STEPS)
        self.radius_slider.setToolTip("Radius of the brush; [ and ] change it while you draw")
        self.radius_slider.valueChanged.connect(lambda step: self._annotate.set_radius(_radius_of(step)))
        holder = QWidget()
        layout = row(label("Radius", role="muted"), self.radius_slider, self.radius, stretch=1)
        holder.setLayout(layout)
        return holder

    def _refresh(self) -> None:
        state, entry = self._state, self._annotate.session.current
        self.setVisible(entry is not None)
        is_corner_tool = state.tool in self.corner_tools
        for tool, made in self.tools.items():
            made.setChecked(tool is state.tool or (tool is Tool.VERTICES and is_corner_tool))
        for tool, made in self.corner_tools.items():
            made.setChecked(tool is state.tool)
        for stroke, made in self.strokes.items():
            made.setChecked(stroke is state.stroke)
        self.corners_row.setVisible(is_corner_tool)
        self.stroke_row.setVisible(state.tool.is_drawing)
        self.brush_row.setVisible(state.tool is Tool.BRUSH)
        self.radius.setSuffix(" px" if entry is None or entry.record.mpp is None else " µm")
        with QSignalBlocker(self.radius), QSignalBlocker(self.radius_slider):
            self.radius.setValue(state.radius_um)
            self.radius_slider.setValue(_step_of(state.radius_um))
        self._refresh_actions()

    def _refresh_actions(self) -> None:
        state = self._state
        for made, verb, what, keys in (
            (self.undo_button, "Undo", state.undo_label, "Ctrl+Z"),
            (self.redo_button, "Redo", state.redo_label, "Ctrl+Shift+Z, Ctrl+Y"),
        ):
            made.setEnabled(bool(what))
            made.setToolTip(f"{verb} {what} ({keys})" if what else f"Nothing to {verb.lower()}")
        self.eye_button.setText("Hide" if state.is_visible else "Show")
        self.eye_button.setToolTip(f"{self.eye_button.text()} all regions (Shift+H)")
        self.notice.show_notice(state.notice)
        self.restored.show_notice(state.restored)


def _toggle(words: str, chosen: Callable[[], object], tooltip: str) -> QPushButton:
    made = QPushButton(words)
    made.setCheckable(True)
    made.setToolTip(tooltip)
    made.setAccessibleName(words)
    set_role(made, "tool")

    def clicked() -> None:
        chosen()
        made.setChecked(True)  # also where it was chosen already

    made.clicked.connect(lambda _checked=False: clicked())
    return made


def _segments(buttons: list[QPushButton]) -> QHBoxLayout:
    layout = row(*buttons)
    layout.setSpacing(2)
    for position in range(len(buttons)):
        layout.setStretch(position, 1)
    return layout


def _held(caption: QWidget, buttons: list[QPushButton]) -> QWidget:
    holder = QWidget()
    outer = QVBoxLayout(holder)
    outer.setContentsMargins(0, 0, 0, 0)
    layout = row(caption, *buttons)
    layout.setSpacing(SPACING_PX)
    layout.addStretch(1)
    outer.addLayout(layout)
    return holder


def _radius_of(step: int) -> float:
    """Radius at a step of the slider: each step the same share larger."""
    return float(LEAST_RADIUS * (MOST_RADIUS / LEAST_RADIUS) ** (step / SLIDER_STEPS))


def _step_of(radius: float) -> int:
    return round(SLIDER_STEPS * log(radius / LEAST_RADIUS) / log(MOST_RADIUS / LEAST_RADIUS))
