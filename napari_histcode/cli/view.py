"""``histcode view``: open slides in the window, in a process of its own.

The window is started by name, since nothing below the plugin imports napari or Qt.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from napari_histcode.errors import MissingExtraError

WINDOW = "napari_histcode.plugin"


def run_view(options: argparse.Namespace) -> int:
    """Open the window and wait until it is closed."""
    arguments = [str(path) for path in options.slides]
    if options.mpp:
        arguments += ["--mpp", str(options.mpp)]
    if options.result:
        arguments += ["--result", str(options.result)]
    return open_window(arguments)


def open_window(arguments: Sequence[str], *, wrapper: Sequence[str] = ()) -> int:
    """Run the window with these arguments, inside ``wrapper`` (a virtual screen) if given.

    Raises
    ------
    MissingExtraError
        If napari is not installed.
    """
    if find_spec("napari") is None:
        raise MissingExtraError(
            "The window needs napari, which is not installed.",
            advice='Install it with: pip install "napari[pyqt6]"',
        )
    command = [*wrapper, sys.executable, "-m", WINDOW, *arguments]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - our own module


def has_screen() -> bool:
    """Whether a window can be shown to somebody."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
