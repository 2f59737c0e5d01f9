"""The button in the dock's foot that opens a second canvas, pressed while there is one."""

from __future__ import annotations

from napari_histcode.plugin.beside.controller import BesideController
from napari_histcode.plugin.keys.registry import key_of
from napari_histcode.plugin.panels.choice_buttons import show_on
from napari_histcode.plugin.panels.foot import Foot
from napari_histcode.plugin.session import Session


class BesideTool:
    """Opens and closes the second canvas.

    Parameters
    ----------
    foot : Foot
        Where the button stands.
    controller : BesideController
        The second canvas.
    session : Session
        Without a slide there is nothing to show.
    """

    def __init__(self, foot: Foot, controller: BesideController, session: Session) -> None:
        self._state, self._session = controller.state, session
        self.button = foot.add_tool("Side by side", controller.toggle, tooltip="")
        self.button.setCheckable(True)
        controller.state.events.is_open.connect(self._refresh)
        session.events.current.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        has_slide = self._session.current is not None
        key = key_of("beside").replace("Control-", "Ctrl+")
        self.button.setEnabled(has_slide)
        self.button.setToolTip(
            f"A second canvas: the bare slide, another map, or another slide ({key})"
            if has_slide
            else "Open a slide first"
        )
        show_on(self.button, is_on=self._state.is_open)
