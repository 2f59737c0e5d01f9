"""What the page Ask found, told quietly where the reader looks: at the readings and at the list of maps."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

from napari_histcode.plugin.ask import faithful_words, trust_words
from napari_histcode.plugin.ask.faithful_state import FaithfulState
from napari_histcode.plugin.ask.trust_state import TrustState
from napari_histcode.plugin.panels.section import button, label
from napari_histcode.plugin.style import SPACING_PX
from napari_histcode.scores.faithfulness_ranking import verdict


class TrustNote(QWidget):
    """How many reasons for caution there are, with a way to read them.

    Parameters
    ----------
    state : TrustState
        The judgement.
    open_page : callable
        Shows the reasons.
    """

    def __init__(self, state: TrustState, open_page: Callable[[], object]) -> None:
        super().__init__()
        self._state = state
        self.text = label(role="error")
        self.open_button = button("see Ask", open_page, tooltip="Read them on the page Ask", role="link")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING_PX)
        layout.addWidget(self.text)
        layout.addWidget(self.open_button)
        layout.addStretch(1)
        state.events.trust.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        trust = self._state.trust
        notice = trust_words.notice(trust)
        self.text.setText(f"⚠ {notice}" if notice else "")
        self.text.setToolTip("\n".join(trust_words.sentence(one) for one in trust.warnings) if trust else "")
        self.setVisible(bool(notice))


class FaithfulNote(QLabel):
    """Which map is the most faithful one, beside the heading of the list of maps."""

    def __init__(self, state: FaithfulState) -> None:
        super().__init__()
        self._state = state
        self.setProperty("role", "muted")
        self.setAccessibleName("most faithful map")
        state.events.measured.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        measured = self._state.measured
        self.setText("" if measured is None else faithful_words.note(measured))
        self.setToolTip("" if measured is None else f"{measured.label}: {verdict(measured)}")
        self.setVisible(measured is not None)
