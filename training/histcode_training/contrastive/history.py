"""The log of a training run, as CSV: one row every so many steps, and nothing twice after a resume."""

from __future__ import annotations

import csv
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from histcode_training.contrastive.health import Health
from napari_histcode.files import make_folder, output_error, replacing


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """One row."""

    step: int
    """Steps taken."""
    epoch: float
    """Epochs seen."""
    loss: float
    """Mean loss since the row before."""
    learning_rate: float
    """Of the network."""
    bank_learning_rate: float
    """Of the bank; 0 where it is not trained, or not yet."""
    bank_turn: float
    """Mean angle by which a step turns a column of the bank, in radians; 0 where it is not trained."""
    health: Health
    """Signals of the last step."""
    tiles_per_s: float
    """Tiles seen a second since the row before."""
    seconds: float
    """Seconds of training, those before a resume included."""

    def values(self) -> dict[str, float]:
        """Return all numbers by name, in the order of the columns."""
        flat = {name: value for name, value in asdict(self).items() if name != "health"}
        return flat | asdict(self.health)


COLUMNS = tuple(f.name for f in fields(HistoryRow) if f.name != "health") + tuple(
    f.name for f in fields(Health)
)
"""Columns of the file."""


class History:
    """Writes the file row by row.

    Parameters
    ----------
    path : Path
        The CSV. Rows after ``step`` that an earlier run left there are taken out, as is a row cut off
        half-way.
    step : int
        Steps taken so far.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """

    def __init__(self, path: Path, *, step: int) -> None:
        self._path = path
        make_folder(path.parent)
        kept = [row for row in read_history(path) if row["step"] <= step] if path.is_file() else []
        with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows({**row, "step": int(row["step"])} for row in kept)

    def write(self, row: HistoryRow) -> None:
        """Add a row, and see that it is on the disk."""
        try:
            with self._path.open("a", newline="", encoding="utf-8") as file:
                csv.DictWriter(file, COLUMNS).writerow(row.values())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise output_error(error, self._path) from error


def read_history(path: Path) -> list[dict[str, float]]:
    """Read the rows that are whole; a file with other columns has none."""
    rows = []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        if tuple(next(reader, ())) != COLUMNS:
            return []
        for values in reader:
            try:
                rows.append({name: float(v) for name, v in zip(COLUMNS, values, strict=True)})
            except ValueError:
                continue  # cut off half-way by a kill
    return rows
