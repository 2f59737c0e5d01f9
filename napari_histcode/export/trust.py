"""The judgement of trust as JSON and as a section of the report."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import numpy as np

from napari_histcode.export.page import fact_table
from napari_histcode.tiling.tile_quality import Exclusion
from napari_histcode.tissue.quality import ARTEFACTS
from napari_histcode.trust.trust import Trust


def describe_trust(trust: Trust) -> dict[str, Any]:
    """Describe a judgement: the member "trust" of ``analysis.json``; tiles as quantiles only."""
    ood = trust.ood
    distances = None
    if ood is not None:
        quantiles = np.quantile(ood.distance, (0.05, 0.5, 0.95)) if len(ood.distance) else np.full(3, np.nan)
        distances = {
            "share_beyond": ood.share_beyond,
            "training_shares": ood.training_shares,
            "threshold": ood.threshold,
            "distance_quantiles": dict(zip(("0.05", "0.5", "0.95"), map(float, quantiles), strict=True)),
        }
    return {
        "warnings": [dataclasses.asdict(warning) for warning in trust.warnings],
        "notes": list(trust.notes),
        "out_of_distribution": distances,
        "ensembles": [
            {
                "ensemble": spread.ensemble,
                "heads": list(spread.heads),
                "output": spread.output,
                "label": spread.label,
                "quantity": spread.quantity,
                "mean": spread.mean,
                "spread": spread.spread,
                "median_tile_spread": float(np.median(spread.tile_spread)),
            }
            for spread in trust.spreads
        ],
        "heads_without_siblings": list(trust.lone_heads),
        "slide": dataclasses.asdict(trust.facts),
    }


def describe_exclusion(exclusion: Exclusion) -> dict[str, Any]:
    """Describe which tiles were left out as artefacts: the member "artefacts" of the audit record."""
    mask = exclusion.mask
    return {
        "n_excluded": exclusion.n_excluded,
        "n_excluded_by": {artefact.label: exclusion.by_artefact[artefact] for artefact in ARTEFACTS},
        "share_of_tissue": {artefact.label: mask.tissue_share[artefact] for artefact in ARTEFACTS},
        "not_assessed": {artefact.label: why for artefact, why in mask.not_assessed.items()},
        "mostly": exclusion.mostly,
        "config": dataclasses.asdict(mask.config),
    }


def trust_section(document: Mapping[str, Any]) -> Iterator[str]:
    """Set what `describe_trust` gave as a section of the report."""
    yield "<h2>How far to trust this</h2>"
    warnings = document["warnings"]
    if warnings:
        items = "".join(f"<li><strong>{escape(w['sentence'])}</strong></li>" for w in warnings)
        yield f"<ul>{items}</ul>"
    else:
        yield "<p>Nothing was found that speaks against the model on this slide. That is no proof.</p>"
    facts = [("colour", _stain(document["slide"]))]
    if (distances := document["out_of_distribution"]) is not None:
        facts.append(
            (
                "unlike the training tiles",
                f"{distances['share_beyond']:.1%} of the tiles, farther than 95 % of held-out training tiles "
                "(5 % would be usual)",
            )
        )
    facts += [
        (
            f"{entry['ensemble']}, {entry['label']}",
            f"{entry['mean']:.3f} ± {entry['spread']:.3f} over {len(entry['heads'])} heads",
        )
        for entry in document["ensembles"]
    ]
    yield fact_table(facts)
    yield from (f'<p class="lead">{escape(note)}</p>' for note in document["notes"])


def _stain(slide: Mapping[str, Any]) -> str:
    words = {
        "H&E": "could be H&E",
        "other": "not of H&E",
        "dark field": "dark: no transmitted light",
        "unknown": "too little stained tissue to say",
    }[slide["stain"]]
    share = slide["mixture_share"]
    return words if share is None else f"{words} ({share:.0%} of the stained pixels are mixtures of both)"
