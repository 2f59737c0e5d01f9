"""The first thing a user sees: a place to drop a slide, with two buttons."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QVBoxLayout

from napari_histcode.plugin.panels.section import button, label, row
from napari_histcode.plugin.style import MARGIN_PX, SPACING_PX, set_role


class DropZone(QFrame):
    """Says what to do next. The whole dock takes what is dropped; this is where one aims.

    Parameters
    ----------
    ask : callable
        Lets the user choose a file.
    open_sample : callable
        Opens the bundled sample.
    """

    def __init__(
        self,
        *,
        ask: Callable[[], object],
        open_sample: Callable[[], object],
    ) -> None:
        super().__init__()
        set_role(self, "drop")
        invitation = label("Drop a slide here, or open the sample", wraps=True)
        invitation.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.open_button = button("Open slide …", ask, tooltip="Choose a slide file", role="primary")
        self.sample_button = button(
            "Open the sample",
            open_sample,
            tooltip="A mosaic of osteosarcoma fields with the pathologists' labels",
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN_PX, 2 * MARGIN_PX, MARGIN_PX, 2 * MARGIN_PX)
        layout.setSpacing(2 * SPACING_PX)
        layout.addWidget(invitation)
        buttons = row(self.open_button, self.sample_button)
        buttons.insertStretch(0, 1)
        buttons.addStretch(1)
        layout.addLayout(buttons)

    def set_hovered(self, *, is_hovered: bool) -> None:
        """Welcome files that are about to be dropped."""
        self.setProperty("hovered", is_hovered)
        style = self.style()
        if style is not None:
            style.unpolish(self)
            style.polish(self)
