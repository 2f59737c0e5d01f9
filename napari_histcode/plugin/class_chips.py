"""The legend of classes on the canvas: a chip in each class's colour with its name on it.

napari has colour bars for values and none for classes. Chips are its own lines of text, each in a box of the
class's colour, so that they are legible in either theme and are in every picture of the canvas.
"""

from __future__ import annotations

import napari
from napari.components.overlays import TextOverlay

from napari_histcode.plugin.class_legend import Legend, Line, lines_of, text_colour

FONT_PT = 8
_KEY = "histcode_class"


class ClassChips:
    """Shows the legends of all visible layers of classes, one below the other.

    Parameters
    ----------
    viewer : napari.Viewer
        The viewer.
    position : str
        Corner of the canvas.
    """

    def __init__(self, viewer: napari.Viewer, position: str) -> None:
        self._viewer = viewer
        self._position = position
        self._slots: list[TextOverlay] = []
        self._legends: dict[str, Legend] = {}

    def put(self, name: str, legend: Legend | None) -> None:
        """Show the legend of a layer; None, or one without classes, takes it away."""
        before = dict(self._legends)
        if legend is None or not legend.classes:
            self._legends.pop(name, None)
        else:
            self._legends[name] = legend
        if self._legends != before:
            self._show(lines_of(tuple(self._legends.values())))

    def clear(self) -> None:
        """Take everything away from the viewer."""
        self._legends = {}
        for number in range(len(self._slots)):
            self._viewer.canvas.overlays.pop(f"{_KEY}_{number}", None)
        self._slots = []

    def _show(self, lines: tuple[Line, ...]) -> None:
        """Write the lines, the first slot the highest; slots without a line are kept for the next time."""
        while len(self._slots) < len(lines):
            slot = TextOverlay(position=self._position, font_size=FONT_PT, visible=True)
            self._viewer.canvas.overlays.update({f"{_KEY}_{len(self._slots)}": slot})
            self._slots.append(slot)
        for slot, line in zip(self._slots, lines, strict=False):
            slot.text = line.text
            slot.box_color = None if line.colour is None else tuple(c / 255 for c in line.colour)
            slot.color = None if line.colour is None else text_colour(line.colour)
            slot.visible = True
        for slot in self._slots[len(lines) :]:
            slot.visible = False
