"""Tables of one row a tile, as parquet or CSV, for pandas, R or a spreadsheet.

Parquet carries the audit record in the file's own metadata. CSV has no such place, and a comment would
trip readers, so the record lies beside it as ``<name>.provenance.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from napari_histcode.errors import OutputError, ResultError, UnknownFormatError
from napari_histcode.export.provenance import provenance_of, to_json
from napari_histcode.files import replacing
from napari_histcode.scores.scores import SlideScores

PLACE_COLUMNS = ("x", "y", "width", "height", "column", "row", "tissue_fraction")
"""Columns before the maps: level-0 pixels, place on the lattice, share of tissue."""

METADATA_KEY = b"histcode.provenance"
"""Key of the audit record in a parquet file."""


def tile_table(scores: SlideScores) -> pd.DataFrame:
    """Lay out the scores as a table.

    Parameters
    ----------
    scores : SlideScores
        Scores of a slide.

    Returns
    -------
    DataFrame
        One row a tile, in the grid's order. ``x, y, width, height`` of the tile in level-0 pixels (not
        rounded), ``column, row`` on the lattice, ``tissue_fraction`` from 0 to 1, then one column of raw
        values a map, named as the map.

    Raises
    ------
    ResultError
        If two maps have one name, or one has the name of a column.
    """
    names = [*PLACE_COLUMNS, *scores.map_names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ResultError(f"Two columns would have one name: {', '.join(twice)}.", advice="Rename the maps.")
    grid = scores.grid
    xy = grid.xy_px0
    columns = {
        "x": xy[:, 0],
        "y": xy[:, 1],
        "width": grid.size_px0[0],
        "height": grid.size_px0[1],
        "column": grid.index[:, 0],
        "row": grid.index[:, 1],
        "tissue_fraction": grid.tissue_fraction,
    }
    columns |= {tile_map.name: tile_map.values for tile_map in scores.maps}
    return pd.DataFrame(columns, index=pd.RangeIndex(len(grid)))


def export_tile_table(
    scores: SlideScores, path: str | Path, *, provenance: Mapping[str, Any] | None = None
) -> Path:
    """Write the table of tiles.

    Parameters
    ----------
    scores : SlideScores
        Scores of a slide.
    path : str or Path
        Ends in ".parquet" or ".csv", which decides the format.
    provenance : mapping, optional
        Audit record; made from the scores if not given.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    UnknownFormatError
        If the path ends in something else.
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    record = to_json(provenance or provenance_of(scores), indent=2)
    table = tile_table(scores)
    suffix = path.suffix.lower()
    if suffix == ".parquet":
        with replacing(path) as temporary:
            _write_parquet(table, temporary, record)
    elif suffix == ".csv":
        with replacing(provenance_beside(path)) as beside, replacing(path) as temporary:
            beside.write_text(record + "\n", encoding="utf-8")
            table.to_csv(temporary, index=False, encoding="utf-8", lineterminator="\n")
    else:
        raise UnknownFormatError(
            f"A table of tiles cannot be written as {path.name!r}.", advice="End it in .parquet or .csv."
        )
    return path


def read_tile_table(path: str | Path) -> pd.DataFrame:
    """Read a table of tiles, parquet or CSV.

    Raises
    ------
    ResultError
        If the file is missing, damaged, or holds no table of tiles.
    """
    path = Path(path)
    try:
        table = pd.read_csv(path) if path.suffix.lower() == ".csv" else pd.read_parquet(path)
    except (OSError, ValueError) as error:  # pyarrow's errors are either
        raise ResultError(f"{path} cannot be read as a table of tiles: {error}") from error
    missing = [name for name in PLACE_COLUMNS if name not in table.columns]
    if missing:
        raise ResultError(f"{path} is no table of tiles: it lacks {', '.join(missing)}.")
    return table


def read_table_provenance(path: str | Path) -> dict[str, Any]:
    """Read the audit record of a table of tiles.

    Raises
    ------
    ResultError
        If there is none.
    """
    import pyarrow.parquet as pq

    path = Path(path)
    try:
        if path.suffix.lower() == ".csv":
            text = provenance_beside(path).read_text(encoding="utf-8")
        else:
            text = pq.read_schema(path).metadata[METADATA_KEY].decode()
        record: dict[str, Any] = json.loads(text)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ResultError(f"{path} has no audit record.") from error
    return record


def provenance_beside(path: Path) -> Path:
    """Name the file with the audit record of a CSV table."""
    return path.with_name(f"{path.name}.provenance.json")


def _write_parquet(table: pd.DataFrame, path: Path, record: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrow = pa.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.replace_schema_metadata({**arrow.schema.metadata, METADATA_KEY: record.encode()})
    try:
        pq.write_table(arrow, path)
    except pa.ArrowException as error:
        raise OutputError(f"The table of tiles cannot be written: {error}") from error
