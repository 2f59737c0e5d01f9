"""Where long work shows how far it has come: always at the same place of a section."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from napari_histcode.plugin.panels.section import button, label, row
from napari_histcode.plugin.session import Activity, Phase
from napari_histcode.plugin.style import set_role

STEPS = 1000


class JobLine(QWidget):
    """A thin bar, a line of words and a way to stop; after the end only the words.

    Parameters
    ----------
    cancel : callable
        Called when the user wants to stop.
    tooltip : str
        What stopping means.
    """

    def __init__(self, cancel: Callable[[], object], *, tooltip: str) -> None:
        super().__init__()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, STEPS)
        self.text = label(wraps=True)
        self.cancel_button = button("Cancel", cancel, tooltip=tooltip)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(row(self.bar, self.cancel_button, stretch=0))
        layout.addWidget(self.text)

    def show_activity(self, activity: Activity) -> None:
        """Show what is going on, or how it ended."""
        is_busy = activity.phase is not Phase.IDLE
        self.setVisible(is_busy or bool(activity.text))
        self.bar.setVisible(is_busy)
        self.cancel_button.setVisible(is_busy)
        self.cancel_button.setEnabled(activity.phase is Phase.WORKING)
        self.text.setText(activity.text)
        set_role(self.text, "error" if activity.is_error else "plain" if is_busy else "muted")
        self.bar.setValue(
            round(STEPS * (activity.fraction or 0))
        )  # no busy animation: it repaints all the time
