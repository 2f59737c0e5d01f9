"""A cover page for the reports of several slides."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from napari_histcode.errors import ResultError
from napari_histcode.export.figures.images import shrink
from napari_histcode.export.layout import REPORT_FILE
from napari_histcode.export.page import embedded, page
from napari_histcode.export.png import jpeg_bytes
from napari_histcode.export.provenance import timestamp
from napari_histcode.export.read_result import read_document, read_overview
from napari_histcode.export.report import number
from napari_histcode.files import replacing

THUMBNAIL_PX = 420
"""Longer side of a slide's picture, in pixels."""

_MOST_PREDICTIONS = 6


def export_index(folders: Sequence[str | Path], path: str | Path) -> Path:
    """Write a page that leads to the reports of several result folders.

    The page shows aliases only. Its links hold the names of the folders, relative to the page, so folders
    that shall not name a slide have to be called by alias.

    Parameters
    ----------
    folders : sequence of str or Path
        Result folders, beside or below the page.
    path : str or Path
        The file to write.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    ResultError
        If a folder holds no finished result, or does not lie below the folder of the page.
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    cards = [_card(Path(folder), path.parent) for folder in folders]
    count = f"{len(cards)} slide{'' if len(cards) == 1 else 's'}"
    body = [
        f'<h1>{count}</h1><p class="lead">Each leads to its report.</p>',
        f'<div class="grid" style="margin-top:1.5rem">{"".join(cards)}</div>',
    ]
    text = page(f"{count}: reports", body, foot=f"written {timestamp()}")
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def _card(folder: Path, beside: Path) -> str:
    document = read_document(folder)
    try:
        relative = folder.resolve().relative_to(beside.resolve())
        alias = str(document["provenance"]["slide"]["alias"])
        model = " ".join(str(document["provenance"]["model"][key]) for key in ("name", "version"))
        tiles = int(document["tiles"]["n_tiles"])
        predictions = [_prediction(entry) for entry in document["predictions"][:_MOST_PREDICTIONS]]
    except (KeyError, TypeError, ValueError) as error:
        raise ResultError(
            f"{folder} cannot stand on a cover page: {error}",
            advice="Put the page above the result folders, or analyse the slide again.",
        ) from error
    link = "/".join(quote(part) for part in (*relative.parts, REPORT_FILE))
    picture = embedded(jpeg_bytes(shrink(read_overview(folder), THUMBNAIL_PX)), f"overview of {alias}")
    lines = "".join(f"<div>{escape(line)}</div>" for line in predictions)
    return (
        f'<a class="card" href="{escape(link)}"><div class="window">{picture}</div><div class="text">'
        f'<h2>{escape(alias)}</h2><div class="lead">{tiles:,} tiles, model {escape(model)}</div>'
        f"{lines}</div></a>"
    )


def _prediction(entry: dict[str, Any]) -> str:
    value = float("nan") if entry["value"] is None else float(entry["value"])
    return f"{entry['label']}: {number(value)} {entry['unit'] or entry['quantity']}"
