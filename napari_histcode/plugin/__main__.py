"""Open the window with slides in it, or save a picture of that window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import napari
from qtpy.QtCore import QTimer

from napari_histcode.errors import HistCodeError
from napari_histcode.plugin.dock import HistCodeDock
from napari_histcode.plugin.window import is_settled, open_window, save_picture, settle
from napari_histcode.saved.places import is_session

PATIENCE_S = 600.0
"""Longest wait for slides and the analysis before a picture is taken."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Open the window; return the exit status."""
    options = _parser().parse_args(arguments)
    viewer, dock = open_window(theme=options.theme, offers_tour=options.screenshot is None)
    _open_all(dock, options)
    if options.screenshot is None:
        if options.analyse:
            _analyse_when_settled(viewer, dock)
        napari.run()
        return 0
    return _take_picture(viewer, dock, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m napari_histcode.plugin", description=__doc__)
    add = parser.add_argument
    add("slides", nargs="*", type=Path, metavar="SLIDE", help="slides to open, or a session (.histcode.json)")
    add("--mpp", type=float, help="micrometres per pixel, where the files do not say")
    add("--result", type=Path, metavar="DIR", help="finished result of the first slide, to show")
    add("--annotations", type=Path, metavar="FILE", help="GeoJSON regions on the first slide, to show")
    add("--model", help="name or folder of the model to choose")
    add("--analyse", action="store_true", help="analyse the last slide at once")
    add("--screenshot", type=Path, metavar="OUT.png", help="save a picture of the window and exit")
    add("--size", type=_size, default="1366x768", metavar="WxH", help="size of the window in a picture")
    add("--theme", choices=("dark", "light"), help="napari's theme, for this window only")
    return parser


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    try:
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size: write it like 1366x768") from None


def _open_all(dock: HistCodeDock, options: argparse.Namespace) -> None:
    if options.model:
        dock.controller.menu.choose_model(options.model)
    slides = [path for path in options.slides if not is_session(path)]
    for path in options.slides:
        if is_session(path):
            dock.saving.open(path)
    for position, path in enumerate(slides):
        is_first = position == 0
        dock.controller.open_slide(
            path,
            mpp=options.mpp,
            result=options.result if is_first else None,
            annotations=options.annotations if is_first else None,
        )


def _analyse_when_settled(viewer: napari.Viewer, dock: HistCodeDock) -> None:
    timer = QTimer(dock)

    def look() -> None:
        if is_settled(viewer, dock):
            timer.stop()
            dock.controller.analyse()

    timer.timeout.connect(look)
    timer.start(100)


def _take_picture(viewer: napari.Viewer, dock: HistCodeDock, options: argparse.Namespace) -> int:
    complaints: list[str] = []
    dock.saving.state.events.notice.connect(
        lambda notice, _before: complaints.append(notice.text) if notice.is_error else None
    )
    for signal in (dock.session.events.opening, dock.session.events.analysing):
        signal.connect(
            lambda activity, _before: complaints.append(activity.text) if activity.is_error else None
        )
    viewer.window.resize(*options.size)
    is_drawn = settle(viewer, dock, patience_s=PATIENCE_S)
    if options.analyse and is_drawn:
        dock.controller.analyse()
        is_drawn = settle(viewer, dock, patience_s=PATIENCE_S)
    if not is_drawn:
        complaints.append(f"The window was not drawn within {PATIENCE_S:.0f} s.")
    try:
        save_picture(viewer, options.screenshot)
    except HistCodeError as error:
        complaints.append(str(error))
    viewer.close()
    sys.stderr.writelines(f"{complaint}\n" for complaint in complaints)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
