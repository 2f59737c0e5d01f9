"""Read an XML file event by event, through a parser that refuses entities, and without building a tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, Literal, NamedTuple
from xml.etree.ElementTree import ParseError  # only the error: defusedxml parses

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from napari_histcode.errors import AnnotationFileError

_CHUNK_BYTES = 1 << 16


Corners = list[dict[str, str]]
"""Attributes of the corners of an outline."""

_CORNER_TAGS = frozenset(("Coordinate", "Vertex"))
_NO_ATTRIBUTES: dict[str, str] = {}


class Event(NamedTuple):
    """Start or end of an element; corners, of which there are millions, come with the next end."""

    kind: Literal["start", "end"]
    tag: str
    """Its name without namespace."""
    attributes: dict[str, str]
    """At the start."""
    text: str
    """At the end: its text after its last child."""
    corners: Corners
    """At the end: corners since the last event."""


class _Recorder:
    """What the parser calls."""

    def __init__(self, parser: Any) -> None:
        self.events: list[Event] = []
        self._text: list[str] = []
        self._corners: Corners = []
        parser.ordered_attributes = False  # expat then makes the mapping itself
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in _CORNER_TAGS:
            self._corners.append(attributes)
            return
        self._text.clear()
        self.events.append(Event("start", tag.rpartition("}")[2], attributes, "", []))

    def _end(self, tag: str) -> None:
        if tag in _CORNER_TAGS:
            return
        text = "".join(self._text).strip()
        self.events.append(Event("end", tag.rpartition("}")[2], _NO_ATTRIBUTES, text, self._corners))
        self._text.clear()
        self._corners = []


def stream_events(stream: BinaryIO, name: str) -> Iterator[Event]:
    """Yield starts and ends of elements.

    Parameters
    ----------
    stream : BinaryIO
        The file.
    name : str
        Its name, for messages.

    Raises
    ------
    AnnotationFileError
        If it is not well-formed, ends too early, or declares entities: they can blow up the memory or read
        other files, and no program writes them.
    """
    try:
        parser: Any = DefusedXMLParser(target=object(), forbid_entities=True, forbid_external=True)
        recorder = _Recorder(parser.parser)
        while chunk := stream.read(_CHUNK_BYTES):
            parser.feed(chunk)
            yield from recorder.events
            recorder.events.clear()
        parser.close()
        yield from recorder.events
    except DefusedXmlException as error:
        raise AnnotationFileError(
            f"The annotation file {name} declares XML entities, which are refused ({type(error).__name__}).",
            advice="No annotation program writes them: check where the file comes from.",
        ) from error
    except (ParseError, LookupError) as error:
        raise AnnotationFileError(
            f"The annotation file {name} is not well-formed XML: {error}.",
            advice="It may be incomplete: export or copy it again.",
        ) from error


def number(text: str | None) -> float:
    """Read a number; a decimal comma is understood.

    Raises
    ------
    ValueError
        If it is none, or missing.
    """
    if text is None:
        raise ValueError("a number is missing")
    try:
        return float(text)
    except ValueError:
        return float(text.replace(",", ".", 1))


def corners_of(attributes: Corners) -> list[tuple[float, float]]:
    """Read "X" and "Y" of corners.

    Raises
    ------
    ValueError
        If one is no number, or missing.
    """
    try:
        return [(float(corner["X"]), float(corner["Y"])) for corner in attributes]
    except (KeyError, ValueError):
        return [(number(corner.get("X")), number(corner.get("Y"))) for corner in attributes]
