"""Read tables of spatial transcriptomics: where the spots are, and what was measured there."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_histcode.comparison.spots import SpotTable, normalise_counts
from napari_histcode.errors import TableFileError

if TYPE_CHECKING:
    import pandas as pd

SPOT_COLUMNS = ("spot", "pixel_x", "pixel_y")
"""Columns of the table of places: the spot's name, and its centre in level-0 pixels."""


def read_spots(
    places: Path,
    *,
    counts: Path | None = None,
    values: Path | None = None,
    names: Collection[str] | None = None,
) -> SpotTable:
    """Read spots with counts, or with other values, or both.

    Parameters
    ----------
    places : Path
        Table with the columns `SPOT_COLUMNS`, CSV or TSV, packed or not.
    counts : Path, optional
        One row a spot, its name first, one column a gene: counts, which are normalised.
    values : Path, optional
        The same with other quantities, such as proportions of cell types, which stay as they are.
    names : collection of str, optional
        Columns to keep; all of them if not given.

    Returns
    -------
    SpotTable
        Spots that every table has, in the order of ``places``.

    Raises
    ------
    TableFileError
        If a file is missing or damaged, lacks a column, or no spot is in all tables.
    """
    import pandas as pd

    if counts is None and values is None:
        raise TableFileError(
            "Spots without values cannot be compared.", advice="Give a table of counts or of other values."
        )
    place = _read_places(places)
    tables = []
    if counts is not None:
        raw = _read_values(counts)
        if (raw.to_numpy() < 0).any():
            raise TableFileError(
                f"{counts.name} has negative counts.", advice="Give other quantities with --spot-values."
            )
        normalised = normalise_counts(raw.to_numpy(np.float64))
        tables.append(_keep(pd.DataFrame(normalised, index=raw.index, columns=raw.columns), names))
    if values is not None:
        tables.append(_keep(_read_values(values), names))
    common = [spot for spot in place.index if all(spot in table.index for table in tables)]
    if not common:
        raise TableFileError(
            f"No spot of {places.name} is in the table of values.",
            advice="The first column of both has to hold the same names of spots.",
        )
    joined = pd.concat([table.loc[common] for table in tables], axis=1)
    joined = joined.loc[:, ~joined.columns.duplicated()]
    parts = ["log1p of counts per 10,000"] * (counts is not None) + ["as given"] * (values is not None)
    return SpotTable(
        xy_px0=place.loc[common, ["pixel_x", "pixel_y"]].to_numpy(np.float64),
        names=tuple(str(name) for name in joined.columns),
        values=joined.to_numpy(np.float64),
        quantity=" or ".join(parts),
    )


def _read_places(path: Path) -> pd.DataFrame:
    table = _read(path)
    missing = [name for name in SPOT_COLUMNS if name not in table.columns]
    if missing:
        raise TableFileError(
            f"{path.name} lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}.",
            advice=f"A table of spots has the columns {', '.join(SPOT_COLUMNS)}.",
        )
    table["spot"] = table["spot"].astype(str)
    _refuse_twice(table["spot"], path)
    try:
        return table.set_index("spot").astype({"pixel_x": np.float64, "pixel_y": np.float64})
    except (TypeError, ValueError) as error:
        raise TableFileError(f"{path.name} has places that are no numbers: {error}.") from error


def _read_values(path: Path) -> pd.DataFrame:
    table = _read(path, index_col=0)
    table.index = table.index.astype(str)
    _refuse_twice(table.index.to_series(), path)
    try:
        return table.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TableFileError(f"{path.name} has values that are no numbers: {error}.") from error


def _read(path: Path, index_col: int | None = None) -> pd.DataFrame:
    import pandas as pd

    is_tsv = any(suffix.lower() in (".tsv", ".txt") for suffix in path.suffixes)
    try:
        return pd.read_csv(path, sep="\t" if is_tsv else ",", index_col=index_col)
    except (OSError, ValueError, EOFError) as error:
        raise TableFileError(
            f"The table {path.name} cannot be read: {error}.",
            advice="Give CSV or TSV, packed by gzip or not.",
        ) from error


def _keep(table: pd.DataFrame, names: Collection[str] | None) -> pd.DataFrame:
    return table if names is None else table.loc[:, [name for name in table.columns if name in set(names)]]


def _refuse_twice(spots: pd.Series, path: Path) -> None:
    twice = spots[spots.duplicated()]
    if len(twice):
        raise TableFileError(f"{path.name} has the spot {twice.iloc[0]!r} twice.")
