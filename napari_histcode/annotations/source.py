"""Open an annotation file, packed or not, and tell by its content what it is."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from napari_histcode.errors import AnnotationFileError

LARGEST_JSON_BYTES = 4 * 2**30
"""JSON is read piece by piece, so that only the objects themselves take memory."""

LARGEST_XML_BYTES = 512 * 2**20
"""No program writes larger XML annotations; the largest seen have some tens of MB."""

_HEAD_BYTES = 4096
_MEMBERS = (".geojson", ".json", ".xml", ".ndpa")
_XML_TEXT, _JSON_TEXT = b"<", b"{["
_BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, kw_only=True)
class Source:
    """An open annotation file, unpacked."""

    stream: BinaryIO
    """Its bytes from the start."""
    name: str
    """Name of the file, for messages."""
    kind: Literal["json", "xml"]
    """What it holds, by its first character."""

    def text(self) -> io.TextIOWrapper:
        """Return the text of a JSON file: UTF-8, or UTF-16 or UTF-32 with or without byte order mark."""
        head = cast(io.BufferedReader, self.stream).peek(_HEAD_BYTES)[:_HEAD_BYTES]
        return io.TextIOWrapper(self.stream, encoding=json.detect_encoding(head))


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a file; gzip and zip are unpacked on the way, and what is read through it is limited in size.

    Raises
    ------
    AnnotationFileError
        If it is missing, empty, neither JSON nor XML, damaged or too large.
    """
    name = path.name
    advice = "Give a file of regions: GeoJSON, HistomicsUI JSON, or XML of ASAP, ImageScope or NDP.view."
    with ExitStack() as stack:
        try:
            packed = stack.enter_context(path.open("rb"))
            raw = _unpacked(stack, packed, name)
            limited = _Limited(raw, name)
            stream = io.BufferedReader(limited, 1 << 18)
            kind = _kind_of(stream.peek(_HEAD_BYTES), name, advice)
            limited.allow(LARGEST_XML_BYTES if kind == "xml" else LARGEST_JSON_BYTES)
            yield Source(stream=cast(BinaryIO, stream), name=name, kind=kind)
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise AnnotationFileError(
                f"The annotation file {name} cannot be unpacked: {error}.",
                advice="It may be incomplete: copy it again.",
            ) from error
        except UnicodeDecodeError as error:
            raise AnnotationFileError(
                f"The annotation file {name} is not text in {error.encoding}: {error.reason}.",
                advice="Save it as UTF-8.",
            ) from error
        except OSError as error:
            raise AnnotationFileError(
                f"The annotation file {name} cannot be read: {error.strerror or error}.", advice=advice
            ) from error


class _Limited(io.RawIOBase):
    """Reads from another stream up to a number of bytes; more is an error, also out of a small gzip file."""

    def __init__(self, raw: BinaryIO, name: str) -> None:
        self._raw = raw
        self._name = name
        self._n_read = 0
        self._most = LARGEST_JSON_BYTES

    def allow(self, n_bytes: int) -> None:
        self._most = n_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        data = self._raw.read(len(buffer))
        self._n_read += len(data)
        if self._n_read > self._most:
            raise AnnotationFileError(
                f"The annotation file {self._name} has more than {self._most // 2**20} MB.",
                advice="Export only the regions that are needed.",
            )
        buffer[: len(data)] = data
        return len(data)


def _unpacked(stack: ExitStack, packed: io.BufferedReader, name: str) -> BinaryIO:
    magic = packed.peek(4)[:4]
    if magic[:2] == b"\x1f\x8b":
        return cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=packed)))
    if magic != b"PK\x03\x04":
        return packed
    archive = stack.enter_context(zipfile.ZipFile(packed))
    members = [member for member in archive.namelist() if member.lower().endswith(_MEMBERS)]
    if len(members) != 1:
        raise AnnotationFileError(
            f"The archive {name} holds {len(members)} annotation files.",
            advice="Unpack it and give one of its files.",
        )
    return cast(BinaryIO, stack.enter_context(archive.open(members[0])))


def _kind_of(head: bytes, name: str, advice: str) -> Literal["json", "xml"]:
    first = head.removeprefix(b"\xef\xbb\xbf")
    for mark in _BYTE_ORDER_MARKS:
        first = first.removeprefix(mark)
    first = first.replace(b"\0", b"").lstrip()[:1]  # UTF-16 of plain characters is them with zeros
    if first and first in _XML_TEXT:
        return "xml"
    if first and first in _JSON_TEXT:
        return "json"
    if not head.strip():
        raise AnnotationFileError(f"The annotation file {name} is empty.", advice=advice)
    raise AnnotationFileError(f"The annotation file {name} is neither JSON nor XML.", advice=advice)
