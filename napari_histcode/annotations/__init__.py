"""Pathologists' regions."""

from napari_histcode.annotations.annotation import Annotation
from napari_histcode.annotations.geojson import read_geojson

__all__ = ["Annotation", "read_geojson"]
