"""The question about a slide that does not state its resolution: asked, never guessed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from qtpy.QtWidgets import QDoubleSpinBox, QFrame, QVBoxLayout

from napari_histcode.plugin.magnification import describe, magnification
from napari_histcode.plugin.panels.section import button, label, row
from napari_histcode.plugin.style import SPACING_PX, set_role
from napari_histcode.slide.record import PLAUSIBLE_MPP

SUGGESTIONS = (0.25, 0.5, 1.0)
"""Micrometres per pixel of 40x, 20x and 10x scans."""


class MppQuestion(QFrame):
    """Asks for micrometres per pixel, with the usual values one click away.

    Parameters
    ----------
    answer : callable
        Called with the user's value.
    """

    def __init__(self, answer: Callable[[float], object]) -> None:
        super().__init__()
        set_role(self, "question")
        self.value = QDoubleSpinBox()
        self.value.setRange(0, PLAUSIBLE_MPP[1])
        self.value.setDecimals(4)
        self.value.setSingleStep(0.05)
        self.value.setSpecialValueText("unknown")
        self.value.setSuffix(" µm/px")
        self.value.setToolTip("Micrometres per pixel of the finest level; the scanner's settings say it")
        self.value.setAccessibleName("resolution in micrometres per pixel")
        self.use_button = button(
            "Use", lambda: answer(self.value.value()), tooltip="Take this resolution for the slide"
        )
        self.use_button.setEnabled(False)
        self.value.valueChanged.connect(lambda value: self.use_button.setEnabled(value > 0))
        self.suggestions = [
            button(
                f"{describe(magnification(mpp))}: {mpp:g}",
                partial(self.value.setValue, mpp),
                tooltip=f"A {describe(magnification(mpp))} scan usually has {mpp:g} µm/px",
            )
            for mpp in SUGGESTIONS
        ]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACING_PX + 2, SPACING_PX + 2, SPACING_PX + 2, SPACING_PX + 2)
        layout.setSpacing(SPACING_PX)
        layout.addWidget(
            label("This slide does not state its resolution. At which was it scanned?", wraps=True)
        )
        layout.addLayout(row(*self.suggestions))
        layout.addLayout(row(self.value, self.use_button, stretch=0))
