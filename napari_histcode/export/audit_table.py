"""An audit record as pairs of name and text, for a table that people read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from napari_histcode.export.figures.scale import TIMES


def flatten(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """List the leaves of an audit record as pairs of a dotted name and a text."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from flatten(item, f"{prefix}.{key}" if prefix else str(key))
    else:
        yield prefix, _text(value)


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(_text(item) if not isinstance(item, list | tuple) else _pair(item) for item in value)
    return str(value)


def _pair(value: Sequence[Any]) -> str:
    return f" {TIMES} ".join(_text(item) for item in value)
