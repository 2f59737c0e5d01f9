"""Tiles that were found, as a table and as a sheet of pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from napari_histcode.export.figures.blend import resize_rgb
from napari_histcode.export.figures.sheet import SOFT_INK, Sheet
from napari_histcode.export.png import write_png
from napari_histcode.export.provenance import to_json
from napari_histcode.export.tables import provenance_beside
from napari_histcode.files import replacing
from napari_histcode.similarity.hit import Hit

TILE_PX = 128
"""Width of a tile on the sheet in pixels."""
COLUMNS = 10

_MARGIN, _GAP = 24, 10
_TYPE = 13.0


def hits_table(hits: Sequence[Hit]) -> pd.DataFrame:
    """Lay out hits as a table: one row a tile, places in level-0 pixels."""
    return pd.DataFrame(
        {
            "rank": [hit.rank for hit in hits],
            "similarity": [hit.similarity for hit in hits],
            "slide": [hit.alias for hit in hits],
            "x": [hit.xy_px0[0] for hit in hits],
            "y": [hit.xy_px0[1] for hit in hits],
            "width": [hit.size_px0[0] for hit in hits],
            "height": [hit.size_px0[1] for hit in hits],
            "column": [hit.place[0] for hit in hits],
            "row": [hit.place[1] for hit in hits],
            "slide_digest": [hit.slide_digest for hit in hits],
        },
        index=pd.RangeIndex(len(hits)),
    )


def export_hits(hits: Sequence[Hit], path: str | Path, *, provenance: Mapping[str, Any]) -> Path:
    """Write hits as CSV, with the audit record beside it.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    path = Path(path)
    with replacing(provenance_beside(path)) as beside, replacing(path) as temporary:
        beside.write_text(to_json(provenance, indent=2) + "\n", encoding="utf-8")
        hits_table(hits).to_csv(temporary, index=False, encoding="utf-8", lineterminator="\n")
    return path


def export_contact_sheet(
    hits: Sequence[Hit],
    pictures: Mapping[int, NDArray[np.uint8]],
    path: str | Path,
    *,
    title: str,
    provenance: Mapping[str, Any],
) -> Path:
    """Write the found tiles side by side as PNG, each with its rank and similarity.

    Parameters
    ----------
    hits : sequence of Hit
        In the order of the sheet.
    pictures : mapping
        Rank to uint8 (height, width, 3) of those whose slide is at hand; the others are left out.
    path : str or Path
        The file.
    title : str
        First line.
    provenance : mapping
        Audit record.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    sheet = draw_contact_sheet([hit for hit in hits if hit.rank in pictures], pictures, title=title)
    return write_png(path, sheet, title=title, provenance=provenance)


def draw_contact_sheet(
    hits: Sequence[Hit], pictures: Mapping[int, NDArray[np.uint8]], *, title: str
) -> NDArray[np.uint8]:
    """Draw the sheet: (height, width, 3)."""
    sheet = Sheet()
    top = int(sheet.text(_MARGIN, _MARGIN, title, size=1.3 * _TYPE, is_bold=True)) + _GAP
    caption = int(3 * _TYPE)
    for k, hit in enumerate(hits):
        row, column = divmod(k, COLUMNS)
        x = _MARGIN + column * (TILE_PX + _GAP)
        y = top + row * (TILE_PX + caption + _GAP)
        sheet.picture(x, y, resize_rgb(pictures[hit.rank], (TILE_PX, TILE_PX)))
        below = sheet.text(x, y + TILE_PX + 2, f"{hit.rank}   {hit.similarity:.2f}", size=_TYPE)
        sheet.text(x, below, hit.alias, size=0.8 * _TYPE, colour=SOFT_INK)
    rows = max(1, -(-len(hits) // COLUMNS))
    width = 2 * _MARGIN + COLUMNS * (TILE_PX + _GAP) - _GAP
    return sheet.render(width, top + rows * (TILE_PX + caption + _GAP) + _MARGIN)
