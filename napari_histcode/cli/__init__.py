"""The command line: the same functions as the window, the same numbers."""

from napari_histcode.cli.main import main

__all__ = ["main"]
