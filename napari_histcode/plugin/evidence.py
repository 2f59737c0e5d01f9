"""What was measured of an output, in a few characters and in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from napari_histcode.models.card import ModelCard, OutputRecord
from napari_histcode.scores.fold_changes import FoldChange, fold_change_of
from napari_histcode.scores.signature import GeneSpread, spreads_of

NOTHING_MEASURED = "Nothing was measured of this output on held-out data."


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """How well an output did where the model had not been."""

    short: str
    """For a list: "r .24", "AUROC .93", "untested"."""
    sentence: str
    """With interval, size and what it was measured on."""
    is_strong: bool
    """Whether the interval excludes chance."""
    genes: tuple[str, ...] = ()
    """Genes of a signature that the model learned."""
    missing: tuple[str, ...] = ()
    """Genes of the signature that it did without."""
    source: str = ""
    """Who published the signature."""
    spread: GeneSpread | None = None
    """Mean and standard deviation in the training cohort; None where the card does not know them."""
    fold_change: FoldChange | None = None
    """Tumour over normal tissue; None where the card does not know it."""


def evidence_of(output: OutputRecord) -> Evidence:
    """Put an output's evidence into words."""
    found = output.evidence or {}
    return replace(
        _measured(found),
        genes=_texts(found.get("genes")),
        missing=_texts(found.get("genes_missing")),
        source=str(found.get("source") or ""),
        fold_change=fold_change_of(output),
    )


def _measured(found: Mapping[str, Any]) -> Evidence:
    if _is_number(found.get("r")):
        return _correlation(found)
    single_tile = (found.get("tile_auroc") or {}).get("single_tile")
    if isinstance(single_tile, Mapping) and _is_number(single_tile.get("value")):
        return _auroc(single_tile, of="tiles", measured_on=f"Reference: {found.get('reference', '')}.")
    whole = found.get("auroc")
    if isinstance(whole, Mapping) and _is_number(whole.get("value")):
        return _auroc(whole, of="slides", measured_on=f"{found.get('what', '')}.")
    return Evidence(short="untested", sentence=NOTHING_MEASURED, is_strong=False)


def evidence_by_output(card: ModelCard) -> dict[tuple[str, str], Evidence]:
    """Collect the evidence of a model: head and output name to evidence."""
    spreads = spreads_of(card.heads)
    return {
        (head.name, output.name): replace(evidence_of(output), spread=spreads.get((head.name, output.name)))
        for head in card.heads
        for output in head.outputs
    }


def _correlation(found: Mapping[str, Any]) -> Evidence:
    r, low, high = found["r"], found.get("low"), found.get("high")
    q = f", q {found['q']:.2g}" if _is_number(found.get("q")) else ""
    size = f", n = {found['n']}" if "n" in found else ""
    return Evidence(
        short=f"r {_fraction(r)}",
        sentence=f"r {r:.2f}{_interval(low, high)}{size}{q}. {found.get('what', '')}.".replace(" .", ""),
        is_strong=_is_number(low) and low > 0,
    )


def _auroc(found: Mapping[str, Any], *, of: str, measured_on: str) -> Evidence:
    value, low, high = found["value"], found.get("low"), found.get("high")
    counts = ""
    if "n_positive" in found:
        counts = f", {found['n_positive']} {of} for and {found.get('n_negative')} against"
    return Evidence(
        short=f"AUROC {_fraction(value)}",
        sentence=f"AUROC of {of} {value:.2f}{_interval(low, high)}{counts}. {measured_on}",
        is_strong=_is_number(low) and low > 0.5,
    )


def _interval(low: Any, high: Any) -> str:
    return f" [{low:.2f}, {high:.2f}]" if _is_number(low) and _is_number(high) else ""


def _fraction(value: float) -> str:
    """Write a number between -1 and 1 without its leading zero: ".24", "-.10"."""
    return f"{value:.2f}".replace("0.", ".", 1)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else ()


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
