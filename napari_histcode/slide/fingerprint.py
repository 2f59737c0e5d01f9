"""The identity of a slide: a digest of what the file holds, whatever it is called."""

from __future__ import annotations

import hashlib
from pathlib import Path

from napari_histcode.slide.dicom_series import series_in, series_of

_END_BYTES = 2**20
_SAMPLE_BYTES = 2**14
_N_SAMPLES = 64
_COMPANION_SUFFIXES = {".vms", ".vmu"}


def digest_of(path: Path) -> str:
    """Return a SHA-256 over the size and samples of a slide's content.

    A gigabyte-sized file is not read whole: its size, its first and last MiB and 64 evenly spaced samples of
    16 KiB are. Slides of several files (a DICOM series, MIRAX, VMS) count all their files, so that it does
    not matter which one is opened.

    Parameters
    ----------
    path : Path
        Slide file or DICOM folder.

    Returns
    -------
    str
        64 hexadecimal digits; the same for a copy of the slide under another name.
    """
    digests = sorted(_file_digest(file) for file in content_files(path))
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def alias_of(digest: str) -> str:
    """Return the short name of a slide for layers and exports."""
    return f"slide-{digest[:8]}"


def content_files(path: Path) -> list[Path]:
    """Return all files that make up the slide at `path`."""
    if path.is_dir():
        return [file for series in series_in(path) for file in series]
    suffix = path.suffix.lower()
    if suffix == ".dcm":
        return series_of(path)
    if suffix == ".mrxs":  # the named file may be empty; the slide is in the folder of the same name
        folder = path.with_suffix("")
        return [
            path,
            *(sorted(file for file in folder.iterdir() if file.is_file()) if folder.is_dir() else ()),
        ]
    if suffix in _COMPANION_SUFFIXES:
        stem = path.stem
        return [path, *sorted(f for f in path.parent.glob("*") if f != path and f.name.startswith(stem))]
    return [path]


def _file_digest(path: Path) -> str:
    size = path.stat().st_size
    digest = hashlib.sha256(str(size).encode())
    with path.open("rb") as file:
        digest.update(file.read(_END_BYTES))
        for i in range(1, _N_SAMPLES + 1):
            offset = size * i // (_N_SAMPLES + 1)
            if _END_BYTES <= offset < size - _END_BYTES:
                file.seek(offset)
                digest.update(file.read(_SAMPLE_BYTES))
        file.seek(max(_END_BYTES, size - _END_BYTES))
        digest.update(file.read(_END_BYTES))
    return digest.hexdigest()
