"""Which files of a folder make up one DICOM slide.

A DICOM slide is a series: one file or more for each level, in one folder, with names that mean nothing.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from pathlib import Path

_PREAMBLE = 128
_MAGIC = b"DICM"
_SERIES_INSTANCE_UID = (0x0020, 0x000E)
_HEADER_BYTES = 2**20
_LONG_VRS = {b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"}
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)


def series_uid(path: Path) -> str | None:
    """Return the SeriesInstanceUID of a DICOM file, or None if it is no DICOM file or has none."""
    with path.open("rb") as file:
        start = file.read(_PREAMBLE + len(_MAGIC))
        if start[_PREAMBLE:] != _MAGIC:
            return None
        header = file.read(_HEADER_BYTES)
    try:
        return _find_series_uid(header)
    except struct.error:  # the header ends, or what looks like one is none
        return None


def series_in(folder: Path) -> list[list[Path]]:
    """Return the DICOM files of a folder grouped by series, each group and the list sorted by name."""
    groups: dict[str, list[Path]] = defaultdict(list)
    for file in sorted(folder.iterdir()):
        if file.is_file() and (uid := series_uid(file)) is not None:
            groups[uid].append(file)
    return sorted(groups.values())


def series_of(file: Path) -> list[Path]:
    """Return the DICOM files beside `file` that belong to its series, itself among them."""
    return next((group for group in series_in(file.parent) if file in group), [file])


def _find_series_uid(header: bytes) -> str | None:
    position, depth = 0, 0  # depth counts the open sequences and items of undefined length
    while position + 8 <= len(header):
        tag = struct.unpack_from("<HH", header, position)
        vr = header[position + 4 : position + 6]
        if tag[0] == _ITEM[0] or not vr.isalpha():  # items, and data sets with implicit types
            length = struct.unpack_from("<I", header, position + 4)[0]
            position += 8
        elif vr in _LONG_VRS:
            length = struct.unpack_from("<I", header, position + 8)[0]
            position += 12
        else:
            length = struct.unpack_from("<H", header, position + 6)[0]
            position += 8
        if tag == _SERIES_INSTANCE_UID and depth == 0:
            return header[position : position + length].decode("ascii", "replace").rstrip("\0 ")
        if tag in (_ITEM_END, _SEQUENCE_END):
            depth -= 1
        elif length == _UNDEFINED:
            depth += 1
        else:
            position += length
        if depth == 0 and tag > _SERIES_INSTANCE_UID and tag[0] != _ITEM[0]:
            return None
    return None
