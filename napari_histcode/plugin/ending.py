"""How a dock ends: all work joined, the viewer let go of, napari's settings as they were."""

from __future__ import annotations

from collections.abc import Callable

from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.napari_canvas import NapariCanvas


def ending(
    controller: Controller,
    canvas: NapariCanvas,
    restore_settings: Callable[[], None],
    *closings: Callable[[], None],
) -> Callable[[], None]:
    """Make the function that ends a dock. It does not refer to the widget, whose C++ side may be gone."""
    has_ended = False

    def end() -> None:
        nonlocal has_ended
        if has_ended:
            return
        has_ended = True
        controller.close()
        canvas.disconnect()
        events = controller.session.events
        for name in events:
            events[name].disconnect()
        for close in closings:
            close()
        restore_settings()

    return end
