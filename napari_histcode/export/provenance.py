"""The audit record of an export: which slide, which model, how, with what software, when.

It names the slide by alias and digest, never by its file, and says nothing about the machine or its user.
"""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.json_scalar import json_scalar
from napari_histcode.scores.scores import SlideScores

PACKAGE = "napari-histcode"

_LIBRARIES = ("numpy", "torch", "tiffslide", "openslide-python", "tifffile", "imagecodecs")
"""Those that can change a value."""


def provenance_of(
    scores: SlideScores, *, normalisation: str = "raw", created: datetime | None = None
) -> dict[str, Any]:
    """Gather the audit record of a slide's scores.

    Parameters
    ----------
    scores : SlideScores
        What is exported.
    normalisation : str
        What was done to the values in the file.
    created : datetime, optional
        Time of the record; now if not given.

    Returns
    -------
    dict
        Made of what JSON knows, without NaN. Its parts are "notice", "created" (UTC, ISO 8601), "slide",
        "model", "encoder", "tissue", "tiling", "grid", "normalisation" and "software".
    """
    grid = scores.grid
    record = {
        "notice": RESEARCH_USE,
        "created": timestamp(created),
        "slide": dataclasses.asdict(grid.slide),
        "model": {
            "name": scores.model_name,
            "version": scores.model_version,
            "digest": scores.model_digest,
        },
        "encoder": dataclasses.asdict(scores.encoder),
        "tissue": dataclasses.asdict(grid.tissue_config),
        "tiling": dataclasses.asdict(grid.config),
        "grid": {
            "n_tiles": len(grid),
            "n_corrupt": scores.n_corrupt,
            "size_px0": grid.size_px0,
            "stride_px0": grid.stride_px0,
            "lattice_shape": grid.lattice_shape,
            "is_partial": grid.is_partial,
        },
        "normalisation": normalisation,
        "software": software_versions(),
    }
    plain: dict[str, Any] = json_safe(record)
    return plain


def with_normalisation(provenance: Mapping[str, Any], normalisation: str) -> dict[str, Any]:
    """Return the same record for a file whose values were normalised in that way."""
    return {**provenance, "normalisation": normalisation}


def re_exported(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of an analysis for a file that is written from it later, maybe elsewhere."""
    return {**provenance, "exported": {"created": timestamp(), "software": software_versions()}}


def timestamp(time: datetime | None = None) -> str:
    """Write a time, now if not given, as UTC to the second in ISO 8601."""
    utc = (time or datetime.now(UTC)).astimezone(UTC)
    return utc.isoformat(timespec="seconds").replace("+00:00", "Z")


def software_versions() -> dict[str, str]:
    """Versions of this package, of Python and of the libraries that can change a value."""
    versions = {PACKAGE: _version(PACKAGE), "python": platform.python_version()}
    versions |= {name: _version(name) for name in _LIBRARIES}
    return versions | {"system": f"{platform.system()} {platform.machine()}".strip()}


def to_json(value: object, *, indent: int | None = None) -> str:
    """Write a value as strict JSON, which has no NaN: whatever is not finite becomes null."""
    return json.dumps(json_safe(value), indent=indent, ensure_ascii=False, allow_nan=False)


def to_ascii_json(value: object) -> str:
    """Write a value as strict JSON in ASCII, for places that know no other letters."""
    return json.dumps(json_safe(value), ensure_ascii=True, allow_nan=False)


def audit_line(provenance: Mapping[str, Any]) -> str:
    """Say in one line of ASCII which slide, model, resolution, normalisation and software made a file."""
    slide, model = provenance.get("slide", {}), provenance.get("model", {})
    mpp = slide.get("mpp") or {}
    resolution = f"{mpp['x']:g} x {mpp['y']:g} um/px ({mpp['source']})" if mpp else "resolution unknown"
    software = provenance.get("software", {})
    parts = [
        RESEARCH_USE,
        f"slide {slide.get('alias')} sha256 {slide.get('digest')}",
        f"model {model.get('name')} {model.get('version')} sha256 {model.get('digest')}",
        resolution,
        "origin: top-left corner of the slide",
        f"normalisation {provenance.get('normalisation')}",
        f"{PACKAGE} {software.get(PACKAGE)}",
        f"analysed {provenance.get('created')}",
    ]
    return "; ".join(parts).encode("ascii", "replace").decode()


def json_safe(value: Any) -> Any:
    """Turn tuples, numpy numbers and non-finite floats into what JSON knows."""
    if isinstance(value, Mapping):
        return {str(key): json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [json_safe(item) for item in value]
    return json_scalar(value)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
