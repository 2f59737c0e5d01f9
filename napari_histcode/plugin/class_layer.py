"""The layer of a class for each tile: napari's own labels, with the class's name in the status bar."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels
from napari.utils.colormaps import DirectLabelColormap
from numpy.typing import NDArray

from napari_histcode.plugin.canvas import ShownClasses
from napari_histcode.plugin.class_legend import Legend, LegendClass
from napari_histcode.plugin.layers import classes_layer_data

TRANSPARENT = (0.0, 0.0, 0.0, 0.0)


class ClassLayer(Labels):  # type: ignore[misc]
    """One colour for each class of tiles; it cannot be painted on."""

    def __init__(self, shown: ShownClasses, **keywords: Any) -> None:
        data, own, _ = _layer_data(shown)
        self.shown = shown
        super().__init__(data, colormap=_colormap(shown), opacity=shown.opacity, **own, **keywords)
        self.editable = False

    @property
    def _type_string(self) -> str:
        """Labels to all of napari: for writers, for icons, for copies."""
        return "labels"

    def show(self, shown: ShownClasses) -> None:
        """Paint another state of the same classes."""
        data, own, _ = _layer_data(shown)
        before, self.shown = self.shown, shown
        if shown.grid is not before.grid or shown.record is not before.record:
            self.scale, self.translate, self.units = own["scale"], own["translate"], own["units"]
        if shown.colours != before.colours:  # a tenth of a second: too long for a slider
            self.colormap = _colormap(shown)
        self.opacity = shown.opacity
        self.data = data
        if not self.visible:  # type: ignore[has-type]
            self.visible = True

    def legend(self) -> Legend:
        """Name the classes that are painted, with their colours, in the order of their numbers."""
        shown, present = self.shown, set(np.unique(self.shown.classes).tolist())
        return Legend(
            title=shown.label,
            classes=tuple(
                LegendClass(label=shown.labels.get(number, str(number)), colour=colour)
                for number, colour in sorted(shown.colours.items())
                if number in present
            ),
        )

    def get_status(self, position: Any = None, **keywords: Any) -> dict[str, str]:
        """Name the class under the cursor for napari's status bar."""
        status: dict[str, str] = super().get_status(position, **keywords)
        if position is not None and keywords.get("world"):
            text = self.class_text(np.asarray(position, dtype=np.float64))
            status["value"] = text
            status["coordinates"] = f"{status['coords']}: {text}" if text else status["coords"]
        return status

    def class_text(self, position: NDArray[np.float64]) -> str:
        """Name the class at a world position (row, column); empty where no tile has one."""
        row, column = np.rint(self.world_to_data(position)[-2:]).astype(int)
        rows, columns = self.data.shape
        if not (0 <= row < rows and 0 <= column < columns):
            return ""
        return self.shown.labels.get(int(self.data[row, column]), "")


def _layer_data(shown: ShownClasses) -> Any:
    return classes_layer_data(shown.classes, shown.grid, shown.record, name=shown.name, label=shown.label)


def _colormap(shown: ShownClasses) -> DirectLabelColormap:
    colours: dict[int | None, tuple[float, ...]] = {None: TRANSPARENT, 0: TRANSPARENT}
    for number, rgb in shown.colours.items():
        colours[number] = (*(channel / 255 for channel in rgb), 1.0)
    return DirectLabelColormap(color_dict=colours)
