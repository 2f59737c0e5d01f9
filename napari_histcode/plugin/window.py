"""A napari window with the dock open, and a picture of it once everything is drawn."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import napari
from qtpy.QtCore import QEventLoop, QTimer
from qtpy.QtWidgets import QApplication

from napari_histcode.plugin.dock import HistCodeDock
from napari_histcode.plugin.queue.plan import is_any_active
from napari_histcode.plugin.session import Phase

PLUGIN, WIDGET = "napari-histcode", "HistCode"
POLL_MS = 50
SETTLE_S = 0.6
"""After the last layer has loaded, for napari to draw it."""


def open_window(
    *, title: str = "HistCode", theme: str | None = None, offers_tour: bool = False
) -> tuple[napari.Viewer, HistCodeDock]:
    """Open napari with the dock at its right.

    Parameters
    ----------
    title : str
        Title of the window.
    theme : str, optional
        One of napari's themes, for this window only.
    offers_tour : bool
        Whether somebody new is shown the first steps; not where nobody is there to read them.
    """
    viewer = napari.Viewer(title=title)
    if theme is not None:
        viewer.theme = theme
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, WIDGET)
    if not offers_tour:
        dock.guidance.tour.withhold()
    return viewer, dock


def is_settled(viewer: napari.Viewer, dock: HistCodeDock) -> bool:
    """Whether nothing is being opened or analysed, and all visible layers have their pixels."""
    session = dock.session
    is_busy = session.opening.phase is not Phase.IDLE or is_any_active(dock.controller.queue.state.items)
    is_busy |= dock.saving.state.activity.phase is not Phase.IDLE
    return not is_busy and all(layer.loaded for layer in viewer.layers if layer.visible)


def wait_until(condition: Callable[[], bool], *, patience_s: float) -> bool:
    """Let the window live until a condition holds; False if it does not in time."""
    loop, timer = QEventLoop(), QTimer()
    deadline = time.monotonic() + patience_s
    is_met = False

    def look() -> None:
        nonlocal is_met
        is_met = condition()
        if is_met or time.monotonic() > deadline:
            loop.quit()

    timer.timeout.connect(look)
    timer.start(POLL_MS)
    loop.exec()
    timer.stop()
    return is_met


def settle(viewer: napari.Viewer, dock: HistCodeDock, *, patience_s: float) -> bool:
    """Let the window live until everything is drawn; False if that takes too long."""
    is_met = wait_until(lambda: is_settled(viewer, dock), patience_s=patience_s)
    end = time.monotonic() + SETTLE_S
    wait_until(lambda: time.monotonic() > end, patience_s=2 * SETTLE_S)
    return is_met and is_settled(viewer, dock)


def save_picture(viewer: napari.Viewer, path: Path) -> None:
    """Save a picture of the whole window, canvas and dock.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    QApplication.processEvents()
    pixels = viewer.window.screenshot(canvas_only=False, flash=False)
    from PIL import Image

    from napari_histcode.files import replacing

    with replacing(path) as temporary:
        Image.fromarray(pixels[..., :3]).save(temporary, format="PNG", optimize=True)
