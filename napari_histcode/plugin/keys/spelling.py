"""Keys as this computer's keyboard names them."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtGui import QKeySequence

FEWEST_RUN = 4
"""So many keys in a row are written as a run: "1 … 9"."""


def key_sequence(key: str) -> QKeySequence:
    """Make Qt's key of napari's spelling: "Control-Shift-Z"."""
    return QKeySequence(_qt_text(key))


def key_text(key: str) -> str:
    """Write a key as it is printed here: "Ctrl+Shift+Z", on a Mac with its signs."""
    return str(key_sequence(key).toString(QKeySequence.SequenceFormat.NativeText))


def keys_text(keys: Sequence[str]) -> str:
    """Write all keys of one shortcut."""
    texts = [key_text(key) for key in keys]
    if len(keys) >= FEWEST_RUN and all(key[-1].isdigit() for key in keys):
        return f"{texts[0]} … {texts[-1][-1]}"
    return ", ".join(texts)


def _qt_text(key: str) -> str:
    modifiers, last = key[:-1].replace("-", "+"), key[-1:]
    text = modifiers + last
    return text.replace("Control", "Ctrl").replace("Enter", "Return").replace("Arrow", "")
