"""Read regions from QuPath's GeoJSON, as liberally as QuPath does."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from shapely import make_valid
from shapely.errors import ShapelyError
from shapely.geometry import MultiPolygon, Polygon, shape
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations.annotation import Annotation
from napari_histcode.errors import AnnotationFileError

LARGEST_BYTES = 500 * 2**20
LARGEST_PX = 1e9


def read_geojson(path: Path) -> tuple[Annotation, ...]:
    """Read the areas of a GeoJSON file: a collection, a list of features, or one feature.

    Parameters
    ----------
    path : Path
        File in level-0 pixels; ``.gz`` is unpacked.

    Returns
    -------
    tuple of Annotation
        Polygons and multipolygons; points and lines have no area and are left out.

    Raises
    ------
    AnnotationFileError
        If the file is missing, too large, not GeoJSON, or holds a geometry that makes no sense.
    """
    features = _features(_load(path))
    return tuple(
        annotation
        for position, feature in enumerate(features)
        if (annotation := _annotation(feature, position)) is not None
    )


def _load(path: Path) -> Any:
    advice = "Give a GeoJSON file of regions, as QuPath exports it."
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise AnnotationFileError(
                f"The annotation file has {path.stat().st_size / 2**20:.0f} MB; "
                f"at most {LARGEST_BYTES // 2**20} MB are read.",
                advice="Export only the regions that are needed.",
            )
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return json.load(file)
    except OSError as error:
        raise AnnotationFileError(
            f"The annotation file {path.name} cannot be read: {error.strerror or error}.", advice=advice
        ) from error
    except (ValueError, RecursionError) as error:
        raise AnnotationFileError(
            f"The annotation file {path.name} is not JSON: {error}.", advice=advice
        ) from error


def _features(content: Any) -> list[Any]:
    if isinstance(content, dict) and content.get("type") == "FeatureCollection":
        content = content.get("features")
    elif isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        raise AnnotationFileError(
            "The annotation file holds no list of features.",
            advice="Give a GeoJSON file of regions, as QuPath exports it.",
        )
    return content


def _annotation(feature: Any, position: int) -> Annotation | None:
    try:
        geometry = feature["geometry"]
        properties = feature.get("properties") or {}
        if geometry.get("type") not in ("Polygon", "MultiPolygon"):
            return None
        _check_numbers(geometry.get("coordinates"))
        class_name, colour = _classification(properties.get("classification"))
        name = properties.get("name")
        return Annotation(
            geometry=_area(shape(geometry)),
            class_name=class_name,
            name=name if isinstance(name, str) else None,
            colour=colour,
        )
    except (TypeError, KeyError, AttributeError, ValueError, ShapelyError) as error:
        raise AnnotationFileError(
            f"Feature {position} of the annotation file cannot be understood: {error}.",
            advice="Check that feature in the program that wrote it.",
        ) from error


def _check_numbers(coordinates: Any) -> None:
    """Refuse coordinates that are no pixels, however deeply they are nested."""
    if isinstance(coordinates, list):
        for part in coordinates:
            _check_numbers(part)
    elif not abs(coordinates) < LARGEST_PX:
        raise ValueError(f"{coordinates} is not a coordinate in pixels")


def _area(geometry: BaseGeometry) -> BaseGeometry:
    """Mend self-crossing outlines and keep only what has an area."""
    if geometry.is_valid:
        return geometry
    mended = make_valid(geometry)
    parts = [part for part in getattr(mended, "geoms", [mended]) if isinstance(part, Polygon | MultiPolygon)]
    polygons = [polygon for part in parts for polygon in getattr(part, "geoms", [part])]
    return MultiPolygon(polygons)


def _classification(value: Any) -> tuple[str | None, tuple[int, int, int] | None]:
    """Read QuPath's classification in all its generations: a name, or an object with names and a colour."""
    if value is None or isinstance(value, str):
        return value, None
    name = value.get("name") or ": ".join(value.get("names", [])) or None
    if isinstance(value.get("color"), list):
        red, green, blue = value["color"][:3]
        return name, (int(red), int(green), int(blue))
    packed = value.get("colorRGB")
    if packed is None:
        return name, None
    packed = int(packed)
    return name, ((packed >> 16) & 255, (packed >> 8) & 255, packed & 255)
