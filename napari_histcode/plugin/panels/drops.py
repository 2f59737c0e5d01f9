"""Files that are dropped on the dock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from qtpy.QtCore import QEvent, QMimeData, QObject
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QWidget

from napari_histcode.plugin.panels.drop_zone import DropZone


class Drops(QObject):
    """Takes files wherever on a widget they are dropped.

    Parameters
    ----------
    widget : QWidget
        The widget; owns this.
    zone : DropZone
        Lights up while files are over the widget.
    take : callable
        Takes the files.
    """

    def __init__(self, widget: QWidget, zone: DropZone, take: Callable[[Sequence[Path]], None]) -> None:
        super().__init__(widget)
        self._zone = zone
        self._take = take
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802, ARG002 - Qt's name
        """Welcome files, calm down, or take them."""
        if isinstance(a1, QDragEnterEvent) and a1.type() == QEvent.Type.DragEnter:
            if paths_of(a1.mimeData()):
                self._zone.set_hovered(is_hovered=True)
                a1.acceptProposedAction()
            return True
        if a1 is not None and a1.type() == QEvent.Type.DragLeave:
            self._zone.set_hovered(is_hovered=False)
            return True
        if isinstance(a1, QDropEvent) and a1.type() == QEvent.Type.Drop:
            self._zone.set_hovered(is_hovered=False)
            a1.acceptProposedAction()
            self._take(paths_of(a1.mimeData()))
            return True
        return False


def paths_of(mime: QMimeData | None) -> list[Path]:
    """Find the files of this machine in what is dragged."""
    urls = mime.urls() if mime is not None else []
    return [Path(url.toLocalFile()) for url in urls if url.isLocalFile()]
