"""A contact sheet: the tiles at the two ends of a map, at the resolution of the scan, on one page.

Pictures are neither enlarged nor reduced, so that they bear a closer look than a gallery on the screen; the
type follows their size, and the page is as large as they need. Only very large tiles are reduced, and very
small ones are drawn with whole pixels repeated; the sheet says at how many micrometres per pixel.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import UnknownFormatError
from napari_histcode.export.figures.figure_frame import FRAME, facts_of, set_foot, set_header
from napari_histcode.export.figures.figure_panels import sentence
from napari_histcode.export.figures.legend import draw_scale_bar
from napari_histcode.export.figures.sheet import INK, LINE_HEIGHT, SOFT_INK, Sheet
from napari_histcode.export.figures.sheet_tiles import (
    SheetTile,
    choose_tiles,
    picture_side,
    with_pictures,
)
from napari_histcode.export.figures.vector_file import vector_bytes
from napari_histcode.export.png import write_png
from napari_histcode.export.provenance import provenance_of, with_normalisation
from napari_histcode.files import replacing
from napari_histcode.progress import CancelToken, ProgressCallback, ignore_progress
from napari_histcode.scores.scores import SlideScores, TileMap
from napari_histcode.slide import Slide
from napari_histcode.tiling import TileGrid

SHEET_SUFFIXES = (".png", ".pdf")
"""Endings of a contact sheet's file, and so its formats."""

_MOST_COLUMNS = 6
_LEAST_COLUMNS = 3  # of which the page has the width at least, for the words
_TYPE = 0.072  # of a tile's side
_GREY = (226, 226, 226)


def export_tile_sheet(
    scores: SlideScores,
    name: str,
    slide: Slide,
    path: str | Path,
    *,
    n_tiles: int = 10,
    width_mm: float = 180.0,
    provenance: Mapping[str, Any] | None = None,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Path:
    """Write the tiles at the two ends of a map as a contact sheet.

    Parameters
    ----------
    scores : SlideScores
        Scores of the slide.
    name : str
        The map.
    slide : Slide
        The slide that they are of.
    path : str or Path
        The file to write; its ending, one of `SHEET_SUFFIXES`, says the format.
    n_tiles : int
        Highest and lowest tiles, at most so many of each.
    width_mm : float
        Width at which the sheet asks to be printed; its pixels stay the slide's.
    provenance : mapping, optional
        Audit record; made from the scores if not given.
    progress : callable
        Called after each tile.
    cancel : CancelToken, optional
        Looked at before each tile.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    UnknownFormatError
        If the file ends otherwise.
    UnknownMapError
        If there is no such map.
    ResultError
        If the map has no tile to show.
    OutputError
        If the file cannot be written.
    AnalysisCancelledError
        If it was cancelled.
    """
    path = Path(path)
    check_ending(path)
    tile_map = scores.map(name)
    record = with_normalisation(provenance or provenance_of(scores), "raw")
    groups = with_pictures(choose_tiles(tile_map, n_tiles), slide, scores.grid, progress, cancel)
    sheet, size_px = draw_tile_sheet(scores, tile_map, *groups, made=_date(record))
    record |= {"map": name, "tiles": [_described(tile, scores.grid) for group in groups for tile in group]}
    title = f"contact sheet, {tile_map.label}, {scores.grid.slide.alias}"
    dpi = size_px[0] / (width_mm / 25.4)
    if cancel is not None:
        cancel.raise_if_cancelled()
    if path.suffix.lower() == ".png":
        return write_png(path, sheet.render(*size_px), title=title, provenance=record, dpi=dpi)
    encoded = vector_bytes(sheet, size_px, "pdf", dpi=dpi, title=title, provenance=record)
    with replacing(path) as temporary:
        temporary.write_bytes(encoded)
    return path


def check_ending(path: Path) -> None:
    """Refuse a file that a contact sheet cannot be written to.

    Raises
    ------
    UnknownFormatError
        If it ends in none of `SHEET_SUFFIXES`.
    """
    if path.suffix.lower() not in SHEET_SUFFIXES:
        raise UnknownFormatError(
            f"A contact sheet cannot be written as {path.suffix or 'a file without an ending'}.",
            advice=f"Let the name end in {' or '.join(SHEET_SUFFIXES)}.",
        )


def draw_tile_sheet(
    scores: SlideScores,
    tile_map: TileMap,
    highest: Sequence[SheetTile],
    lowest: Sequence[SheetTile],
    *,
    made: str,
) -> tuple[Sheet, tuple[int, int]]:
    """Lay out title, tiles with their values, scale bar and foot.

    Parameters
    ----------
    scores : SlideScores
        Where the map comes from.
    tile_map : TileMap
        The map.
    highest, lowest : sequence of SheetTile
        With pictures.
    made : str
        Date of the sheet.

    Returns
    -------
    sheet : Sheet
        Not rendered.
    size_px : tuple of int
        Its width and height.
    """
    grid = scores.grid
    pixels, repeat = picture_side(grid)
    side = pixels * repeat
    place = _Place(n_columns=_n_columns(max(len(highest), len(lowest))), side=side)
    base, left, width = place.base, place.margin, place.content
    sheet, um_per_px = Sheet(), grid.config.tile_um / side
    unit = f" ({tile_map.unit})" if tile_map.unit else ""
    n_values = int(np.isfinite(tile_map.values).sum())
    facts = [
        *facts_of(scores),
        f"pictures at {um_per_px * repeat:.3g} µm/px",
        f"rank 1 is the highest of {n_values:,} {'value' if n_values == 1 else 'values'}",
    ]
    title = f"{sentence(tile_map.label)}: {tile_map.quantity}{unit}"
    y = set_header(sheet, title, facts, x=left, y=place.margin - 0.25 * base, width=width, base=base)
    for heading, tiles in (("Highest values", highest), ("Lowest values", lowest)):
        if tiles:
            y = sheet.text(left, y + base, heading, size=1.15 * base, is_bold=True)
            y = _set_tiles(sheet, tiles, place, round(y + 0.3 * base), repeat, tile_map.unit)
    y = draw_scale_bar(sheet, left, y + 0.6 * base, um_per_px, side, base)
    rule = max(1, round(0.06 * base))
    y = set_foot(sheet, scores, x=left, y=y + 0.9 * base, width=width, base=base, rule=rule)
    origin = f"model sha256 {scores.model_digest[:16]} · slide sha256 {grid.slide.digest[:16]} · made {made}"
    y = sheet.paragraph(left, y, origin, width=width, size=base, colour=SOFT_INK)
    return sheet, (place.width, ceil(y + place.margin - 0.35 * base))


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Measures of a sheet in pixels."""

    n_columns: int
    side: int

    @property
    def base(self) -> float:
        """Size of the type."""
        return _TYPE * self.side

    @property
    def margin(self) -> int:
        return round(0.14 * self.side)

    @property
    def gap(self) -> int:
        return round(0.08 * self.side)

    @property
    def content(self) -> int:
        """Width between the margins."""
        n_columns = max(_LEAST_COLUMNS, self.n_columns)
        return n_columns * self.side + (n_columns - 1) * self.gap

    @property
    def width(self) -> int:
        return self.content + 2 * self.margin


def _n_columns(n_tiles: int) -> int:
    """Spread tiles over equally long rows."""
    return ceil(n_tiles / ceil(n_tiles / _MOST_COLUMNS))


def _set_tiles(
    sheet: Sheet, tiles: Sequence[SheetTile], place: _Place, top: int, repeat: int, unit: str
) -> float:
    """Set rows of tiles with rank, value and percentile below each; return where they end."""
    base, side = place.base, place.side
    below = round(0.25 * base + 2 * LINE_HEIGHT * base)
    for k, tile in enumerate(tiles):
        row, column = divmod(k, place.n_columns)
        x = place.margin + column * (side + place.gap)
        y = top + row * (side + below + place.gap)
        if tile.rgb is None:
            sheet.rectangle(x, y, side, side, _GREY)
            sheet.lines([_cross(x, y, side)], SOFT_INK, width=max(1.0, 0.05 * base))
        else:
            rim = max(1, round(0.04 * base))
            sheet.rectangle(x - rim, y - rim, side + 2 * rim, side + 2 * rim, FRAME)
            sheet.picture(x, y, tile.rgb.repeat(repeat, axis=0).repeat(repeat, axis=1))
        words = y + side + 0.25 * base
        sheet.text(x + side, words, f"rank {tile.rank:,}", size=base, colour=SOFT_INK, align="right")
        line = sheet.text(x, words, _value(tile.value, unit), size=base, colour=INK, is_bold=True)
        note = f"percentile {tile.percentile:.1f}"
        sheet.text(x, line, note, size=base, colour=SOFT_INK)
        if tile.rgb is None:
            sheet.text(x + side, line, "damaged", size=base, colour=SOFT_INK, align="right")
    n_rows = ceil(len(tiles) / place.n_columns)
    return top + n_rows * (side + below) + (n_rows - 1) * place.gap


def _cross(x: int, y: int, side: int) -> NDArray[np.float64]:
    """Draw a line through what cannot be shown."""
    return np.array([(x, y), (x + side, y + side)], float)


def _value(value: float, unit: str) -> str:
    number = f"{value:.4g}".replace("-", "\N{MINUS SIGN}")
    return f"{number} {unit}" if unit and len(unit) <= 4 else number


def _described(tile: SheetTile, grid: TileGrid) -> dict[str, Any]:
    """Say for programs which tile it is."""
    x, y = (grid.index[tile.position] * grid.stride_px0).tolist()
    return {
        "rank": tile.rank, "x": x, "y": y, "value": tile.value, "percentile": tile.percentile,
        "is_damaged": tile.rgb is None,
    }  # fmt: skip


def _date(record: Mapping[str, Any]) -> str:
    """Date of the export, in UTC: that of the record, so that the same record gives the same sheet."""
    created = record.get("exported", record)["created"]
    return f"{str(created)[:10]} (UTC)"
