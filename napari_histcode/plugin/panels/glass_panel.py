"""Label and macro images of the slide: folded away, read when opened, blurred until clicked."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker

from napari_histcode.plugin.glass.controller import GlassController
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.glass_picture import GlassPictureView
from napari_histcode.plugin.panels.section import label
from napari_histcode.plugin.style import set_role

HEADING = "Label and macro images"
WARNING = (
    "They may show the patient's name or number. They are blurred until you click them, are in no layer, "
    "session or export, and are forgotten when you close this or change the slide."
)


class GlassPanel(FoldingSection):
    """Shows the pictures of the glass on request; absent where the slide has none.

    Parameters
    ----------
    glass : GlassController
        Reads and forgets them.
    """

    def __init__(self, glass: GlassController) -> None:
        super().__init__(HEADING, "")
        self._glass = glass
        self.summary.setVisible(False)
        set_role(self.toggle, "quiet fold")
        self.content.addWidget(label(WARNING, role="muted", wraps=True))
        self.note = label(role="muted", wraps=True)
        self.content.addWidget(self.note)
        self.views: list[GlassPictureView] = []
        self.unfolded.connect(glass.open)
        self.folded.connect(glass.close)
        events = glass.state.events
        events.names.connect(self._refresh)
        events.is_open.connect(self._refresh)
        events.text.connect(self._refresh)
        events.pictures.connect(self._show_pictures)
        self._refresh()

    def _refresh(self) -> None:
        state = self._glass.state
        self.setVisible(bool(state.names))
        if self.is_open != state.is_open:
            with QSignalBlocker(self):
                self.set_open(is_open=state.is_open)
        self.note.setText(state.text)
        self.note.setVisible(bool(state.text))

    def _show_pictures(self) -> None:
        for view in self.views:
            self.content.removeWidget(view)
            view.setParent(None)
            view.deleteLater()
        self.views = [GlassPictureView(picture) for picture in self._glass.state.pictures]
        for view in self.views:
            self.content.addWidget(view)
