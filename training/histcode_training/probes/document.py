"""A judgement of encoders as JSON: the same numbers as the page, none rounded, what is missing as null."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from histcode_training.probes.figures import is_outside
from histcode_training.probes.recipe import ProbeRecipe
from histcode_training.probes.run import EncoderResult, Part, ProbeResults
from napari_histcode.files import replacing
from napari_histcode.json_scalar import json_scalar
from napari_histcode.statistics.estimate import Estimate

VERSION = 1
FILE = "probes.json"


def probes_json(results: ProbeResults, recipe: ProbeRecipe) -> dict[str, Any]:
    """Return a judgement as JSON."""
    return {
        "version": VERSION,
        "recipe": recipe.name,
        "seed": results.seed,
        "n_resamples": recipe.n_resamples,
        "interval": "95 %, percentiles of the bootstrap",
        "tiles": asdict(recipe.tiles),
        "notes": [" ".join(note.split()) for note in recipe.notes],
        "reference": results.reference.name,
        "encoders": [_encoder(one, results.reference) for one in results.encoders],
    }


def write_probes(results: ProbeResults, recipe: ProbeRecipe, folder: Path) -> Path:
    """Write ``probes.json`` into a folder.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = folder / FILE
    text = json.dumps(probes_json(results, recipe), indent=1, allow_nan=False)
    with replacing(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8", newline="\n")
    return path


def estimate_json(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate as JSON; what is missing is null, with the reason."""
    numbers = {name: json_scalar(getattr(estimate, name)) for name in ("value", "low", "high")}
    return numbers | ({"reason": estimate.reason} if estimate.reason else {})


def main_figures_json(results: ProbeResults) -> dict[str, Any]:
    """Return what counts, on held-out parts alone, short enough for a model card: by encoder and probe."""
    return {
        one.name: {
            part.probe: {"figure": part.main, "on": part.name, "drawn": part.units}
            | _figure(part, part.main, None if one is results.reference else other)
            for part, other in zip(one.parts, results.reference.parts, strict=True)
            if part.is_deciding
        }
        for one in results.encoders
    }


def _encoder(one: EncoderResult, reference: EncoderResult) -> dict[str, Any]:
    purity = one.health.purity
    return {
        "name": one.name,
        "encoder": one.record.name,
        "architecture": one.record.architecture,
        "digest": one.record.digest,
        "feature_dim": one.record.feature_dim,
        "effective_rank": {name: json_scalar(value) for name, value in one.health.effective_rank.items()},
        "slide_purity": None
        if purity is None
        else {name: json_scalar(value) for name, value in asdict(purity).items()},
        "parts": [
            _part(part, None if one is reference else other)
            for part, other in zip(one.parts, reference.parts, strict=True)
        ],
    }


def _part(part: Part, reference: Part | None) -> dict[str, Any]:
    return {
        "probe": part.probe,
        "part": part.name,
        "is_deciding": part.is_deciding,
        "main": part.main,
        "drawn": part.units,
        "tested": part.tested,
        "penalties": list(part.penalties),
        "figures": {name: _figure(part, name, reference) for name in part.figures},
    }


def _figure(part: Part, name: str, reference: Part | None) -> dict[str, Any]:
    entry = estimate_json(part.figures[name].estimate)
    if reference is not None:
        difference = part.figures[name].less(reference.figures[name])
        entry["difference"] = estimate_json(difference) | {"is_outside": is_outside(difference)}
    return entry
