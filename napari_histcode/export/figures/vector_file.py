"""Sheets as SVG and PDF: text that stays text, shapes that stay shapes, pictures as they are."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from napari_histcode.export.figures.sheet import Sheet
from napari_histcode.export.provenance import PACKAGE, audit_line, software_versions, to_ascii_json

VectorFormat = Literal["svg", "pdf"]

_SETTINGS = {
    "svg.fonttype": "none",  # text, not outlines of letters
    "svg.image_inline": True,
    "pdf.fonttype": 42,  # TrueType: editable, and accepted by journals
    "pdf.inheritcolor": False,
    "image.composite_image": False,
}
_LOCK = threading.Lock()


def vector_bytes(
    sheet: Sheet,
    size_px: tuple[int, int],
    fmt: VectorFormat,
    *,
    dpi: float,
    title: str,
    provenance: Mapping[str, Any],
) -> bytes:
    """Encode a sheet.

    The file says its title, the audit line and the whole audit record, and neither when it was encoded nor
    where: the same sheet and record give the same bytes.

    Parameters
    ----------
    sheet : Sheet
        What to encode.
    size_px : tuple of int
        Width and height of the sheet.
    fmt : {"svg", "pdf"}
        The format.
    dpi : float
        Pixels of the sheet to an inch.
    title : str
        Title of the document.
    provenance : mapping
        Audit record.

    Returns
    -------
    bytes
        The file.
    """
    encoded = io.BytesIO()
    record = to_ascii_json(provenance)
    line = audit_line(provenance)
    program = f"{PACKAGE} {software_versions()[PACKAGE]}"
    with _settings(salt=record):
        figure = sheet.vectors(*size_px, dpi)
        if fmt == "pdf":
            from matplotlib.backends.backend_pdf import FigureCanvasPdf

            canvas: Any = FigureCanvasPdf(figure)
            metadata = {
                "Title": title, "Subject": line, "Keywords": record, "Creator": program, "CreationDate": None,
            }  # fmt: skip
            canvas.print_pdf(encoded, metadata=metadata)
        else:
            from matplotlib.backends.backend_svg import FigureCanvasSVG

            canvas = FigureCanvasSVG(figure)
            metadata = {
                "Title": title, "Description": line, "Source": record, "Creator": program, "Date": None,
            }  # fmt: skip
            canvas.print_svg(encoded, metadata=metadata)
    return encoded.getvalue()


@contextmanager
def _settings(*, salt: str) -> Iterator[None]:
    """Set what the writers look up while they write, and only that; one writer at a time."""
    import matplotlib as mpl

    settings: Any = mpl.rcParams  # its keys are a closed list of literals
    wanted = {**_SETTINGS, "svg.hashsalt": salt}
    with _LOCK:
        before = {name: settings[name] for name in wanted}
        settings.update(wanted)
        try:
            yield
        finally:
            settings.update(before)
