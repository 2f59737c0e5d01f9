"""The judgement in words for the window: pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from napari_histcode.plugin.compare.numbers import Line
from napari_histcode.trust.trust import Trust, TrustWarning, WarningKind

HEADINGS: dict[WarningKind, str] = {
    "out_of_distribution": "Unlike the training slides",
    "disagreement": "The heads disagree",
    "resolution": "Another resolution",
    "stain": "Another stain",
    "organ": "Another organ",
    "quality": "Artefacts",
}

NO_CAUTION = "No reason for caution was found, which is no proof that the model is right."

ORGANS = (
    "bladder", "bone", "brain", "breast", "cervix", "colon", "kidney", "liver", "lung", "lymph node",
    "oesophagus", "ovary", "pancreas", "prostate", "skin", "stomach", "testis", "thyroid", "uterus",
)  # fmt: skip
"""Organs to choose from, beside those of the model."""


def organs_of(learned_from: tuple[str, ...], chosen: str | None) -> tuple[str, ...]:
    """List the organs to choose from: the model's first, then the others."""
    first = (*learned_from, *((chosen,) if chosen else ()))
    return tuple(dict.fromkeys((*first, *ORGANS)))


FARTHER = "Share of the tiles that lie farther from the training tiles than 99 % (95 %) of held-out ones:"


def notice(trust: Trust | None) -> str:
    """Write the one line on the page Read; empty where there is no reason for caution."""
    n = len(trust.warnings) if trust is not None else 0
    return "" if n == 0 else f"{n} reason{'' if n == 1 else 's'} for caution"


def sentence(warning: TrustWarning) -> str:
    """Write a warning without the options of the command line, which the window has not."""
    return re.sub(r" \(--[a-z-]+\)", "", warning.sentence).replace(" um/px", " µm/px")


def number_lines(trust: Trust) -> tuple[Line, ...]:
    """Write the numbers behind the judgement, each beside what is usual."""
    return (*_distance(trust), *_spread(trust), *_facts(trust))


def _distance(trust: Trust) -> Iterator[Line]:
    ood = trust.ood
    if ood is None:
        yield Line(
            name="Distance",
            value="\N{EN DASH}",
            beside="not in the model",
            tooltip="The model brings no statistics of its training features.",
        )
        return
    far = float((ood.percentile > 0.99).mean()) if len(ood.percentile) else 0.0
    alike = int((ood.training_shares >= ood.share_beyond).sum())
    shares = f"{alike} of {len(ood.training_shares)} training slides had at least as many when held out."
    yield Line(
        name="Beyond 99 %",
        value=f"{far:.1%}",
        beside="1 % is usual",
        tooltip="Share of the tiles that lie farther from the training tiles than 99 % of held-out ones do",
    )
    yield Line(
        name="Beyond 95 %",
        value=f"{ood.share_beyond:.1%}",
        beside="5 % is usual",
        tooltip=f"The same for 95 %. {shares}",
    )


def _spread(trust: Trust) -> Iterator[Line]:
    for spread in trust.spreads:
        yield Line(
            name=f"{spread.label}, {len(spread.heads)} heads",
            value=f"{spread.mean:.2f}",
            beside=f"\N{PLUS-MINUS SIGN}{spread.spread:.2f} (SD)",
            tooltip=f"Mean and standard deviation over the heads of {spread.ensemble} ({spread.quantity})",
        )
    if trust.lone_heads:
        yield Line(
            name="Spread",
            value="\N{EN DASH}",
            beside="no ensemble, no spread",
            tooltip=f"No sibling: {', '.join(trust.lone_heads)}. What several heads would say is not known.",
        )


def _facts(trust: Trust) -> Iterator[Line]:
    facts = trust.facts
    said = {"H&E": "like H&E", "other": "not like H&E", "unknown": "too little stain"}
    yield Line(
        name="Colour",
        value="\N{EN DASH}" if facts.mixture_share is None else f"{facts.mixture_share:.0%}",
        beside=said.get(facts.stain, facts.stain),
        tooltip="Share of the stained pixels that haematoxylin and eosin can mix",
    )
    if facts.mpp is not None:
        yield Line(name="Resolution", value=f"{facts.mpp:.3g}", beside="µm/px")


def farthest_tiles(trust: Trust, n: int) -> tuple[int, ...]:
    """Name the tiles that lie farthest from the training tiles, the farthest first."""
    if trust.ood is None:
        return ()
    return tuple(int(tile) for tile in np.argsort(-trust.ood.distance, kind="stable")[:n])
