"""Several classes: which output of the model stands for which class of regions."""

from __future__ import annotations

from functools import partial

from qtpy.QtWidgets import QWidget

from napari_histcode.plugin.compare.controller import CompareController
from napari_histcode.plugin.compare.guess import class_outputs
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.section import captioned, column
from napari_histcode.plugin.session import Choice

MOST_OUTPUTS = 12
"""More classes than these are no matrix to look at."""


class CompareClassesPanel(FoldingSection):
    """A menu for each output that is a class."""

    def __init__(self, controller: CompareController) -> None:
        super().__init__("Several classes", "Which output stands for which class, for the matrix of all.")
        self._controller = controller
        self._session, self._state = controller.session, controller.state
        self._boxes: dict[str, ChoiceBox] = {}
        self._menus = QWidget()
        self.content.addWidget(self._menus)
        self._session.events.result.connect(self._build)
        for signal in (self._state.events.classes, self._state.events.class_of_output):
            signal.connect(self._refresh)
        self._build()

    def box(self, output: str) -> ChoiceBox:
        """Return the menu of an output."""
        return self._boxes[output]

    def _choose(self, output: str, name: str) -> None:
        self._controller.choose_class(output, name or None)

    def _build(self) -> None:
        """Make the menus of another result."""
        result = self._session.result
        outputs = class_outputs(result.scores) if result is not None else ()
        labels = {p.output: p.label for p in result.scores.predictions} if result is not None else {}
        self._boxes = {
            output: ChoiceBox(
                partial(self._choose, output),
                name=f"class of {output.replace('_', ' ')}",
            )
            for output in outputs[:MOST_OUTPUTS]
        }
        menus = QWidget()
        layout = column(menus)
        layout.addLayout(captioned(*[(labels.get(name, name), box) for name, box in self._boxes.items()]))
        self.content.replaceWidget(self._menus, menus)
        self._menus.deleteLater()
        self._menus = menus
        self._refresh()

    def _refresh(self) -> None:
        names = [row.name for row in self._state.classes]
        self.setVisible(len(names) > 1 and len(self._boxes) > 1)
        chosen = dict(self._state.class_of_output)
        choices = [Choice(name="", label="none"), *[Choice(name=name, label=name) for name in names]]
        for output, box in self._boxes.items():
            box.fill(choices, chosen.get(output, ""))
