"""Tables of expression, of gene symbols and of fold changes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from histcode_training.cohorts.read import read_frame
from histcode_training.errors import CohortError, ExpressionError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class ExpressionTable:
    """Linear expression of genes in samples."""

    genes: tuple[str, ...]
    """Symbols, or whatever the table names them by; each once."""
    samples: tuple[str, ...]
    """Samples or patients; each once."""
    values: NDArray[np.float64]
    """(n_genes, n_samples) at least 0; NaN where nobody knows."""

    def sample(self, name: str) -> NDArray[np.float64]:
        """(n_genes,) of one sample."""
        return np.asarray(self.values[:, self.samples.index(name)])


def read_expression(
    path: Path, *, symbols: Path | None = None, is_transposed: bool = False
) -> tuple[ExpressionTable, tuple[str, ...]]:
    """Read expression: one row a gene, one column a sample.

    Parameters
    ----------
    path : Path
        CSV, TSV or Parquet; the first column names the genes.
    symbols : Path, optional
        Table whose first column is the identifier (such as Ensembl's; versions after a dot do not count) and
        whose second is the symbol.
    is_transposed : bool
        Whether there is one row a sample in place of one a gene.

    Returns
    -------
    ExpressionTable
        Under symbols, where these are given; expression of several identifiers of one symbol is added up.
    tuple of str
        Identifiers that the table of symbols lacks; they are left out.

    Raises
    ------
    ExpressionError
        If a table cannot be read, a value is no number or negative, a gene or sample stands twice, or no
        identifier has a symbol. The message names gene and sample.
    """
    frame = _frame(path)
    frame = frame.set_index(frame.columns[0])
    if is_transposed:
        frame = frame.T
    genes = [str(name) for name in frame.index]
    samples = [str(name) for name in frame.columns]
    for names, what in ((genes, "gene"), (samples, "sample")):
        twice = (
            next((name for name in names if names.count(name) > 1), None)
            if len(set(names)) < len(names)
            else None
        )
        if twice is not None:
            raise ExpressionError(
                f"{path.name} has the {what} {twice!r} twice.", advice="Keep one, or add them up."
            )
    values = _numbers(frame, genes, samples, path)
    if symbols is None:
        return ExpressionTable(genes=tuple(genes), samples=tuple(samples), values=values), ()
    return _under_symbols(genes, samples, values, read_symbols(symbols), path)


def read_symbols(path: Path) -> dict[str, str]:
    """Read a table of identifier and symbol; the first symbol of an identifier counts.

    Raises
    ------
    ExpressionError
        If it cannot be read or has fewer than two columns.
    """
    frame = _frame(path)
    if frame.shape[1] < 2:
        raise ExpressionError(f"{path.name} has one column.", advice="It needs identifiers and symbols.")
    found: dict[str, str] = {}
    for identifier, symbol in zip(frame.iloc[:, 0], frame.iloc[:, 1], strict=True):
        if isinstance(symbol, str) and symbol.strip():
            found.setdefault(str(identifier).split(".")[0], symbol.strip())
    return found


def read_fold_changes(path: Path) -> dict[str, float]:
    """Read a table with the log2 fold change of each gene.

    Parameters
    ----------
    path : Path
        Columns ``gene,log2_fold_change``, or OncoDB's ``Gene symbol`` and ``log2 fold change``. Where a gene
        stands twice, the greater change counts.

    Raises
    ------
    ExpressionError
        If it cannot be read or lacks the columns.
    """
    frame = _frame(path)
    for gene, change in (("gene", "log2_fold_change"), ("Gene symbol", "log2 fold change")):
        if gene in frame.columns and change in frame.columns:
            found: dict[str, float] = {}
            for name, value in zip(frame[gene], frame[change], strict=True):
                if isinstance(name, str) and value == value and abs(value) >= abs(found.get(name, 0.0)):
                    found[name] = float(value)
            return found
    raise ExpressionError(f"{path.name} lacks the columns gene and log2_fold_change.")


def _under_symbols(
    genes: list[str], samples: list[str], values: NDArray[np.float64], symbol_of: dict[str, str], path: Path
) -> tuple[ExpressionTable, tuple[str, ...]]:
    rows: dict[str, list[int]] = {}
    unknown = []
    for row, identifier in enumerate(genes):
        symbol = symbol_of.get(identifier.split(".")[0])
        if symbol is None:
            unknown.append(identifier)
        else:
            rows.setdefault(symbol, []).append(row)
    if not rows:
        raise ExpressionError(
            f"No gene of {path.name} is in the table of symbols, which has {len(symbol_of)}.",
            advice="Both have to use the same identifiers, such as ENSG00000000003.",
        )
    summed = np.stack([values[places].sum(axis=0) for places in rows.values()])
    return ExpressionTable(genes=tuple(rows), samples=tuple(samples), values=summed), tuple(unknown)


def _numbers(frame: pd.DataFrame, genes: list[str], samples: list[str], path: Path) -> NDArray[np.float64]:
    import pandas as pd

    numbers = frame.apply(pd.to_numeric, errors="coerce").to_numpy(np.float64)
    wrong = np.argwhere((np.isnan(numbers) & frame.notna().to_numpy()) | np.isinf(numbers) | (numbers < 0))
    if len(wrong):
        row, column = wrong[0]
        raise ExpressionError(
            f"{path.name}, gene {genes[row]!r}, sample {samples[column]!r}: {frame.iat[row, column]!r} is "
            f"no expression.",
            advice="Give linear values (TPM, FPKM or normalised counts), none below 0 and no logarithms.",
        )
    return np.asarray(numbers)


def _frame(path: Path) -> pd.DataFrame:
    try:
        return read_frame(path)
    except CohortError as error:
        raise ExpressionError(error.message, advice="Give CSV, TSV or Parquet.") from error
