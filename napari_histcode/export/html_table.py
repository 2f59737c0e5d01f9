"""Tables of numbers and pictures for a page, as HTML."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Sequence
from html import escape

from napari_histcode.statistics.estimate import Estimate

Cell = str | Estimate | float
"""Content of a cell: plain text, an estimate, or a number."""

_DENSE = "font-size:.85rem; margin-bottom:1rem"

NONE = "\N{EN DASH}"
"""Stands where there is no number."""


def data_table(header: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """Set a table: names in the first column, numbers in the others; then the reasons of missing numbers.

    Parameters
    ----------
    header : sequence of str
        Names of the columns, plain text.
    rows : sequence of sequence
        Plain text, estimates, or numbers.
    """
    kinds = [""] + [' class="number"'] * (len(header) - 1)
    head = "".join(f"<th{kind}>{escape(name)}</th>" for name, kind in zip(header, kinds, strict=True))
    yield f'<table style="{_DENSE}"><thead><tr>{head}</tr></thead><tbody>'
    reasons: dict[str, None] = {}
    previous: Cell = ""
    for row in rows:
        cells = []
        for cell, kind in zip(row, kinds, strict=True):
            if isinstance(cell, Estimate) and cell.reason:
                reasons[cell.reason] = None
            # a name that goes on over several rows stands in the first one
            text = "" if not kind and cell == previous else cell_text(cell)
            cells.append(f"<td{kind}>{escape(text)}</td>")
        previous = row[0]
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table>"
    if reasons:
        yield f'<p class="lead">Missing numbers: {escape("; ".join(reasons))}.</p>'


def cell_text(cell: Cell) -> str:
    """Write a cell: three decimals, the interval in brackets, a dash where there is no number."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, Estimate):
        if not cell.is_defined:
            return NONE
        interval = f" [{_number(cell.low)}, {_number(cell.high)}]" if math.isfinite(cell.low) else ""
        return _number(cell.value) + interval
    return _number(cell)


def paragraphs(sentences: Sequence[str], *, kind: str = "") -> Iterator[str]:
    """Set each sentence, plain text, as a paragraph."""
    attribute = f' class="{kind}"' if kind else ""
    yield from (f"<p{attribute}>{escape(sentence)}</p>" for sentence in sentences)


def png_figure(png: bytes, description: str) -> str:
    """Put a PNG with its description below into the page itself."""
    data = base64.b64encode(png).decode()
    picture = f'<img alt="{escape(description)}" src="data:image/png;base64,{data}">'
    return f"<figure>{picture}<figcaption>{escape(description)}</figcaption></figure>"


def p_text(p: float) -> str:
    """Write a p-value: three decimals, or "< 0.001"."""
    if not math.isfinite(p):
        return NONE
    return f"{p:.3f}" if p >= 0.001 else "< 0.001"


def _number(value: float) -> str:
    if not math.isfinite(value):
        return NONE
    if float(value).is_integer() and abs(value) >= 2:
        return f"{value:,.0f}"
    size = abs(value)
    text = f"{value:,.1f}" if size >= 100 else f"{value:.2f}" if size >= 10 else f"{value:.3f}"
    if value and size < 0.001:
        text = f"{value:.2g}"
    return text.replace("-", "\N{MINUS SIGN}")
