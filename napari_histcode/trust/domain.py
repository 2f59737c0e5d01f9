"""Compare what a slide is with what a head learned from."""

from __future__ import annotations

from collections.abc import Iterator

from napari_histcode.models.card import DomainRecord, EncoderRecord, HeadRecord
from napari_histcode.trust.facts import SlideFacts
from napari_histcode.trust.trust import TrustWarning

MPP_SLACK = 1.25
"""A scan that is finer or coarser than those of the training by less than this factor is like them."""

_EXPLORE = "Treat its maps as exploratory."


def domain_warnings(facts: SlideFacts, head: HeadRecord, encoder: EncoderRecord) -> Iterator[TrustWarning]:
    """Give a warning for each way in which a slide is not what a head learned from.

    Parameters
    ----------
    facts : SlideFacts
        The slide.
    head : HeadRecord
        The head, with its domain where its card has one.
    encoder : EncoderRecord
        The encoder, for the resolution of its tiles.
    """
    domain = head.trained_on or DomainRecord()
    yield from _stain(facts, head, domain)
    yield from _organ(facts, head, domain)
    yield from _resolution(facts, head, domain, encoder)


def domain_notes(facts: SlideFacts, head: HeadRecord) -> Iterator[str]:
    """Say what of a head's domain could not be compared."""
    domain = head.trained_on
    if domain is None:
        stated = f"; it says: {head.domain}" if head.domain else ""
        yield (
            f"The card does not say in a comparable way what head {head.name} learned from{stated}. "
            "Compare it with the slide yourself."
        )
        return
    if domain.organs and facts.organ is None:
        yield (
            f"Head {head.name} learned from {_listed(domain.organs)}; what organ this slide is of was not "
            "stated."
        )
    if domain.stains and facts.stain == "unknown":
        yield "There is too little stained tissue in the overview to see what the stain is."


def _stain(facts: SlideFacts, head: HeadRecord, domain: DomainRecord) -> Iterator[TrustWarning]:
    if not domain.stains or "H&E" not in domain.stains or facts.stain in ("H&E", "unknown"):
        return
    if facts.stain == "dark field":
        seen = "The slide is dark: it is fluorescence or no transmitted light at all"
    else:
        seen = (
            f"Only {facts.mixture_share or 0:.0%} of the stained pixels have a colour that haematoxylin and "
            "eosin can mix: the slide seems to have another stain, or much ink"
        )
    yield TrustWarning(
        kind="stain",
        sentence=f"{seen}, and head {head.name} learned from {_listed(domain.stains)}. "
        "Do not use its maps on it.",
        evidence={
            "stain": facts.stain,
            "brightness": facts.brightness,
            **({} if facts.mixture_share is None else {"mixture_share": facts.mixture_share}),
        },
    )


def _organ(facts: SlideFacts, head: HeadRecord, domain: DomainRecord) -> Iterator[TrustWarning]:
    if not facts.organ or not domain.organs:
        return
    if facts.organ.strip().casefold() in {organ.casefold() for organ in domain.organs}:
        return
    yield TrustWarning(
        kind="organ",
        sentence=f"The slide is of {facts.organ}, and head {head.name} learned from "
        f"{_listed(domain.organs)}. {_EXPLORE}",
        evidence={"organ": facts.organ, "learned_from": _listed(domain.organs)},
    )


def _resolution(
    facts: SlideFacts, head: HeadRecord, domain: DomainRecord, encoder: EncoderRecord
) -> Iterator[TrustWarning]:
    if facts.mpp is None:
        return
    evidence: dict[str, float | str] = {"slide_mpp": facts.mpp, "encoder_mpp": encoder.mpp}
    if facts.mpp > encoder.mpp * MPP_SLACK:
        yield TrustWarning(
            kind="resolution",
            sentence=f"The slide was scanned at {facts.mpp:.3g} um/px, and the encoder looks at "
            f"{encoder.mpp:.3g}: the tiles are enlarged and lack the detail that head {head.name} learned "
            "from. Scan it at a higher magnification, or check the resolution (--mpp).",
            evidence=evidence,
        )
        return
    if domain.mpp_range is None:
        return
    finest, coarsest = domain.mpp_range
    if finest / MPP_SLACK <= facts.mpp <= coarsest * MPP_SLACK:
        return
    learned = f"{finest:.3g}" if finest == coarsest else f"{finest:.3g} to {coarsest:.3g}"
    yield TrustWarning(
        kind="resolution",
        sentence=f"The slide was scanned at {facts.mpp:.3g} um/px, and head {head.name} learned from scans "
        f"at {learned}. Its tiles are brought to {encoder.mpp:.3g} um/px, but they may look sharper or "
        f"smoother than those of the training. {_EXPLORE}",
        evidence=evidence | {"learned_from": learned},
    )


def _listed(words: tuple[str, ...]) -> str:
    return " and ".join(words)
