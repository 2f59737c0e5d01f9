"""Write GeoJSON as QuPath does: the same keys in the same order, classes always with their colour."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, TextIO
from uuid import NAMESPACE_URL, UUID, uuid5

import shapely
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations.annotation import Annotation, Plane
from napari_histcode.annotations.classes import SEPARATOR
from napari_histcode.annotations.geometry import polygons_of
from napari_histcode.annotations.qupath_read import AUDIT
from napari_histcode.annotations.writing import Writing, rings_of

DECIMALS = 2
"""Digits after the point, as QuPath writes."""

_NOT_FINITE = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_NAMESPACE = uuid5(NAMESPACE_URL, "urn:histcode:annotation")


def write_geojson(annotations: Sequence[Annotation], file: TextIO, writing: Writing) -> None:
    """Write a feature collection, one object a line, in ASCII.

    QuPath reads files in the character set of its machine, so that other characters are escaped.

    Parameters
    ----------
    annotations : sequence of Annotation
        In level-0 pixels.
    file : TextIO
        Where to write.
    writing : Writing
        Origin, colours and audit record; its report takes what cannot be written.
    """
    audit = {**writing.audit, "origin_px0": list(writing.offset_px0)}
    file.write(f'{{"type":"FeatureCollection","{AUDIT}":{_dump(audit)},"features":[')
    separator = "\n"
    for position, annotation in enumerate(annotations, start=1):
        feature = _feature(annotation, position, writing)
        if feature is not None:
            file.write(separator + _dump(feature))
            separator = ",\n"
    file.write("\n]}\n")


def _dump(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _feature(annotation: Annotation, position: int, writing: Writing) -> dict[str, Any] | None:
    place = f"object {position}"
    geometry = _plain(annotation.geometry, place, writing)
    if geometry is None:
        return None
    feature = {
        "type": "Feature",
        "id": _id(annotation, position, writing),
        "geometry": _geometry(geometry, writing, annotation=annotation),
    }
    if annotation.nucleus is not None and not annotation.nucleus.is_empty:
        feature["nucleusGeometry"] = _geometry(annotation.nucleus, writing)
    return feature | {"properties": _properties(annotation, writing)}


def _plain(geometry: BaseGeometry, place: str, writing: Writing) -> BaseGeometry | None:
    """Return a geometry that QuPath can read: no collection, no ring, nothing empty."""
    if geometry.is_empty:
        return None
    if geometry.geom_type == "GeometryCollection":
        writing.report.unwritten("of a geometry collection only the areas are written", place)
        polygons = polygons_of(geometry)
        return MultiPolygon(polygons) if polygons else None
    return geometry


def _id(annotation: Annotation, position: int, writing: Writing) -> str:
    """Return its UUID, or one that follows from its place and outline: a second export has the same."""
    if annotation.id is not None:
        try:
            return str(UUID(annotation.id))
        except ValueError:
            writing.report.unwritten("its id is no UUID and was replaced", f"object {position}")
    return str(uuid5(_NAMESPACE, f"{position}/{shapely.to_wkb(annotation.geometry, hex=True)}"))


def _geometry(
    geometry: BaseGeometry, writing: Writing, *, annotation: Annotation | None = None
) -> dict[str, Any]:
    shape = "LineString" if geometry.geom_type == "LinearRing" else geometry.geom_type
    written: dict[str, Any] = {"type": shape, "coordinates": _coordinates(geometry, writing)}
    if annotation is not None and annotation.is_ellipse:
        written["isEllipse"] = True
    if annotation is not None and annotation.plane not in (None, Plane()):
        plane = annotation.plane
        written["plane"] = {"c": plane.c, "z": plane.z, "t": plane.t}
    return written


def _coordinates(geometry: BaseGeometry, writing: Writing) -> Any:
    if geometry.geom_type == "Point":
        return writing.xy(geometry, decimals=DECIMALS)[0]
    if geometry.geom_type == "MultiPoint":
        return writing.xy(geometry, decimals=DECIMALS)
    if geometry.geom_type == "Polygon":
        return [writing.xy(ring, decimals=DECIMALS) for ring in rings_of(geometry)]
    if hasattr(geometry, "geoms"):
        return [_coordinates(part, writing) for part in geometry.geoms]
    return writing.xy(geometry, decimals=DECIMALS)


def _properties(annotation: Annotation, writing: Writing) -> dict[str, Any]:
    properties: dict[str, Any] = {"objectType": annotation.object_type}
    if annotation.name is not None:
        properties["name"] = annotation.name
    if annotation.own_colour is not None:
        properties["color"] = list(annotation.own_colour)
    if annotation.class_name is not None:
        names = annotation.class_name.split(SEPARATOR)
        named = {"names": names} if len(names) > 1 else {"name": annotation.class_name}
        colour = writing.colour_of(annotation) or ()
        properties["classification"] = {**named, "color": list(colour)}
    if annotation.is_locked:
        properties["isLocked"] = True
    if annotation.object_type == "tmaCore":
        properties["isMissing"] = annotation.is_missing
    if annotation.measurements:
        properties["measurements"] = _measurements(annotation.measurements)
    if annotation.metadata:
        properties["metadata"] = dict(annotation.metadata)
    return properties


def _measurements(measurements: Mapping[str, float]) -> dict[str, float | str]:
    """Write what JSON has no number for as QuPath does."""
    return {
        name: value if math.isfinite(value) else _NOT_FINITE[str(float(value))]
        for name, value in measurements.items()
    }
