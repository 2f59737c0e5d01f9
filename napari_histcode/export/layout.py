"""Which files a result folder holds, and how they are called."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

ANALYSIS_FILE = "analysis.json"
"""Predictions and provenance; written last, so that a folder with it is whole."""
SCORES_FILE = "scores.parquet"
"""One row a tile."""
TILES_FILE = "tiles.geojson"
"""The tiles for QuPath."""
FEATURE_FILE = "features.h5"
"""Features of all tiles, where they were kept."""
REPORT_FILE = "report.html"
"""The page to read."""
OVERVIEW_FILE = "overview.png"
"""The slide as a small picture."""
HEATMAP_FOLDER = "heatmaps"
"""Values as OME-TIFF."""
OVERLAY_FOLDER = "overlays"
"""Figures as PNG."""
HEATMAP_SUFFIX = ".ome.tif"
OVERLAY_SUFFIX = ".png"

FORMAT_NAME = "histcode-analysis"
"""What ``analysis.json`` says it is."""
SCHEMA_VERSION = 1
"""Version of the result folder that this package writes, and the newest it reads."""

_LONGEST_STEM = 100


def file_stems(map_names: Sequence[str]) -> dict[str, str]:
    """Give each map a file name without suffix that every file system takes.

    Names of classes and genes stay as they are where they can. Where something had to be replaced, or two
    names differ in upper and lower case alone, the start of a digest keeps them apart.

    Parameters
    ----------
    map_names : sequence of str
        Names of maps, each once.

    Returns
    -------
    dict
        Map name to file stem; no two stems are equal, whatever their case.
    """
    stems: dict[str, str] = {}
    taken: set[str] = set()
    for name in map_names:
        stem = re.sub(r"[^A-Za-z0-9._-]", "_", name).strip("._")[:_LONGEST_STEM]
        if not stem or stem != name or stem.lower() in taken:
            stem = f"{stem}-{hashlib.sha256(name.encode()).hexdigest()[:8]}".lstrip("-")
        stems[name] = stem
        taken.add(stem.lower())
    return stems
