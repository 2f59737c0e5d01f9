"""PNG files that carry their audit record, and nothing that names a file or a person."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from napari_histcode.errors import ResultError
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.provenance import to_json
from napari_histcode.files import replacing

PROVENANCE_KEY = "histcode:provenance"
"""Keyword of the text chunk with the audit record."""


def write_png(
    path: str | Path,
    rgb: NDArray[np.uint8],
    *,
    title: str,
    provenance: Mapping[str, Any],
    dpi: float | None = None,
) -> Path:
    """Write a picture as PNG with three texts: title, research-use line and audit record.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    texts = PngImagePlugin.PngInfo()
    texts.add_itxt("Title", title)
    texts.add_itxt("Disclaimer", RESEARCH_USE)
    texts.add_itxt(PROVENANCE_KEY, to_json(provenance), zip=True)
    encoded = io.BytesIO()  # in memory first: Pillow does not say why a write to a full disk failed
    options: dict[str, Any] = {} if dpi is None else {"dpi": (dpi, dpi)}
    Image.fromarray(rgb).save(encoded, format="PNG", pnginfo=texts, compress_level=3, **options)
    path = Path(path)
    with replacing(path) as temporary:
        temporary.write_bytes(encoded.getbuffer())
    return path


def read_png(path: str | Path) -> NDArray[np.uint8]:
    """Read a picture as uint8 RGB (height, width, 3).

    Raises
    ------
    ResultError
        If it is missing or damaged.
    """
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ResultError(f"{path} cannot be read as a picture: {error}") from error


def jpeg_bytes(rgb: NDArray[np.uint8], *, quality: int = 88) -> bytes:
    """Encode a picture as JPEG without any metadata, for embedding."""
    encoded = io.BytesIO()
    # without optimize: Pillow's buffer for it is too small for noisy pictures
    Image.fromarray(rgb).save(encoded, format="JPEG", quality=quality, subsampling=0)
    return encoded.getvalue()
