"""Which library opens which slide."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from napari_histcode.errors import CorruptTileError, NotASlideError, SlideNotFoundError
from napari_histcode.slide.backend import Backend, OtherReaderError
from napari_histcode.slide.flat_reader import FlatReader
from napari_histcode.slide.opened_slide import OpenedSlide
from napari_histcode.slide.openslide_reader import OpenslideReader
from napari_histcode.slide.resolution import user_mpp
from napari_histcode.slide.slide import Slide
from napari_histcode.slide.tiff_reader import TiffReader

_READERS: tuple[tuple[str, Callable[[Path], Backend]], ...] = (
    ("tiffslide", TiffReader),
    ("openslide", OpenslideReader),
    ("pillow", FlatReader),
)
_PROBE_PX = 16
_ADVICE = (
    "Slides are SVS, NDPI, MIRAX, DICOM, SCN, BIF, VMS, Philips and OME-TIFF, tiled TIFF, and flat JPEG, PNG "
    "or BMP images. If it should be one, copy it again: it may be incomplete."
)


def open_slide(path: str | os.PathLike[str], *, mpp: float | tuple[float, float] | None = None) -> Slide:
    """Open a slide with the first library that can read it: tiffslide, then openslide, then Pillow.

    Parameters
    ----------
    path : str or path-like
        Slide file, or a folder with the files of one DICOM slide.
    mpp : float or tuple of float, optional
        Micrometres per level-0 pixel (along x and y), where the file does not say or is wrong.

    Returns
    -------
    Slide
        To be closed, best by ``with``. ``slide.mpp`` is None where nobody knows the resolution.

    Raises
    ------
    SlideNotFoundError
        If nothing is there.
    NotASlideError
        If no library can open it, or none of the places probed in it can be decoded.
    ImplausibleMppError
        If `mpp` is outside anything a slide scanner makes.

    Notes
    -----
    A slide with damaged places opens, and raises `CorruptTileError` only where they are read.
    """
    path = Path(path)
    if mpp is not None:
        user_mpp(mpp)  # refuse before the file is opened
    _check_access(path)
    reasons: list[str] = []
    for name, reader in _READERS[1:2] if path.is_dir() else _READERS:
        try:
            backend = reader(path)
        except OtherReaderError as error:
            reasons.append(f"{name}: {error.message.rstrip('.'):.160}")
            continue
        except NotASlideError as error:
            raise NotASlideError(
                f"{path.name!r} cannot be opened as a slide: {error.message}.", advice=error.advice
            ) from error
        try:
            _probe(backend)
            return OpenedSlide(path, backend, mpp=mpp)
        except CorruptTileError as error:
            backend.close()
            reasons.append(f"{name}: {error.message.rstrip('.'):.160}")
        except BaseException:
            backend.close()
            raise
    raise NotASlideError(f"{path.name!r} cannot be opened as a slide ({'; '.join(reasons)}).", advice=_ADVICE)


def _check_access(path: Path) -> None:
    if not path.exists():
        raise SlideNotFoundError(f"There is no slide at {str(path)!r}.", advice="Check the path.")
    if path.is_file():
        try:
            path.open("rb").close()
        except OSError as error:
            raise NotASlideError(
                f"{path.name!r} may not be read: {error.strerror}.", advice="Check the file's permissions."
            ) from error


def _probe(backend: Backend) -> None:
    """Decode a few pixels, and pass if any place of any level can be decoded.

    Raises
    ------
    CorruptTileError
        The first failure, if every place fails.
    """
    first_failure: CorruptTileError | None = None
    for level in reversed(range(len(backend.level_dimensions))):
        width, height = backend.level_dimensions[level]
        size_px = min(_PROBE_PX, width), min(_PROBE_PX, height)
        room_x, room_y = width - size_px[0], height - size_px[1]
        for xy_px in ((0, 0), (room_x // 2, room_y // 2), (room_x, room_y)):
            try:
                backend.read(level, xy_px, size_px)
            except CorruptTileError as failure:
                first_failure = first_failure or failure
            else:
                return
    if first_failure is not None:
        raise first_failure
