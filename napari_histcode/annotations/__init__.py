"""Regions that pathologists and programs drew: read, check, convert and write them."""

from napari_histcode.annotations.annotation import Annotation, Plane, Rgb
from napari_histcode.annotations.annotation_set import AnnotationSet
from napari_histcode.annotations.classes import (
    OKABE_ITO_CLASSES,
    QUPATH_CLASSES,
    AnnotationClass,
    ClassList,
    is_ignored,
)
from napari_histcode.annotations.formats import SourceFormat
from napari_histcode.annotations.frame import Frame
from napari_histcode.annotations.read import read_annotations, read_geojson
from napari_histcode.annotations.report import Finding, Report
from napari_histcode.annotations.write import WrittenFile, write_annotations

__all__ = [
    "OKABE_ITO_CLASSES",
    "QUPATH_CLASSES",
    "Annotation",
    "AnnotationClass",
    "AnnotationSet",
    "ClassList",
    "Finding",
    "Frame",
    "Plane",
    "Report",
    "Rgb",
    "SourceFormat",
    "WrittenFile",
    "is_ignored",
    "read_annotations",
    "read_geojson",
    "write_annotations",
]
