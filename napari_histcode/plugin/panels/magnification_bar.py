"""How far in the view is, in the pathologist's unit, and buttons to go elsewhere."""

from __future__ import annotations

from functools import partial

from qtpy.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from napari_histcode.plugin.magnification import STEPS, describe, magnification
from napari_histcode.plugin.panels.section import button, label, row
from napari_histcode.plugin.session import Session
from napari_histcode.plugin.style import SPACING_PX
from napari_histcode.plugin.view.controller import ViewController


class MagnificationBar(QWidget):
    """A line that reads "10x", and buttons from the whole slide to 40x.

    Parameters
    ----------
    session : Session
        Knows the slide.
    view : ViewController
        Knows the view, and moves it.
    """

    def __init__(self, session: Session, view: ViewController) -> None:
        super().__init__()
        self._session = session
        self._view = view
        self.reading = label()
        self.reading.setAccessibleName("magnification")
        self.reading.setToolTip("10x shows one micrometre in each pixel of the screen")
        self.reading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.turn_button = button("Turn", view.turn, tooltip="Turn the whole scene by 90° clockwise")
        self.fit_button = button("Fit", view.fit, tooltip="Show the whole slide")
        self.step_buttons = tuple(
            button(describe(power).rstrip("x"), partial(view.go_to_power, power), tooltip="")
            for power in STEPS
        )
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(2)
        for each in (self.fit_button, *self.step_buttons):
            each.setProperty("role", "step")
            each.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            buttons.addWidget(each, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, SPACING_PX, 0, 0)
        layout.setSpacing(SPACING_PX)
        layout.addLayout(row(self.reading, self.turn_button, stretch=0))
        layout.addLayout(buttons)
        for signal in (view.state.events.power, view.state.events.is_digital):
            signal.connect(self._refresh)
        session.events.current.connect(self._slide_changed)
        self._slide_changed()

    def _slide_changed(self) -> None:
        entry = self._session.current
        mpp = entry.record.mpp if entry is not None else None
        for power, each in zip(STEPS, self.step_buttons, strict=True):
            each.setEnabled(mpp is not None)
            each.setAccessibleName(f"magnify {describe(power)}")
            if mpp is None:
                each.setToolTip("Give the slide's resolution first")
            elif power > 1.02 * magnification(mpp.mean):
                each.setToolTip(f"{describe(power)}: larger than it was scanned, with no more detail")
            else:
                each.setToolTip(f"{describe(power)}: {10 / power:.3g} µm for each pixel of the screen")
        self._refresh()

    def _refresh(self) -> None:
        state = self._view.state
        if state.power is None:
            self.reading.setText("")
            return
        digital = " · finer than the scan" if state.is_digital else ""
        self.reading.setText(f"Viewed at {describe(state.power)}{digital}")
