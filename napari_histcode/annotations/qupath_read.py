"""Read QuPath's GeoJSON in all its generations, and plain GeoJSON of other programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast, get_args

from napari_histcode.annotations.annotation import NOTHING, Plane, Rgb
from napari_histcode.annotations.classes import SEPARATOR
from napari_histcode.annotations.colours import from_argb, from_list
from napari_histcode.annotations.draft import Draft, Shape
from napari_histcode.annotations.json_stream import Member
from napari_histcode.annotations.report import ReportBuilder
from napari_histcode.errors import AnnotationFileError

FEATURES = "features"
AUDIT = "histcode"
"""Member of a collection in which this package says where its (0, 0) is."""

NO_GEOMETRY = "it has no geometry"
"""QuPath writes objects without outline, such as the root of the hierarchy."""

SHAPES = frozenset(get_args(Shape))
_COLLECTION = "GeometryCollection"

_TYPES = {
    "annotation": "annotation",
    "detection": "detection",
    "cell": "cell",
    "tile": "tile",
    "tmacore": "tmaCore",
    "tma_core": "tmaCore",
    "root": "root",
    "pathannotationobject": "annotation",
    "pathdetectionobject": "detection",
    "pathcellobject": "cell",
    "pathtileobject": "tile",
    "tmacoreobject": "tmaCore",
    "pathrootobject": "root",
}
_CHILDREN = ("childObjects", "children")
_KNOWN = {
    "objectType", "object_type", "type", "name", "color", "colorRGB", "classification", "isLocked",
    "isMissing", "measurements", "metadata", *_CHILDREN,
}  # fmt: skip


class GeoJsonReader:
    """Reads one file; `stated_origin` is known when its drafts have all been taken.

    Parameters
    ----------
    report : ReportBuilder
        Takes what cannot be read.
    """

    def __init__(self, report: ReportBuilder) -> None:
        self._report = report
        self._rest: dict[str, Any] = {}
        self._colours: dict[tuple[Any, ...], Rgb] = {}

    @property
    def stated_origin(self) -> tuple[float, float] | None:
        """Level-0 pixel of the file's (0, 0), where the file says so (those of this package do)."""
        audit = self._rest.get(AUDIT)
        origin = audit.get("origin_px0") if isinstance(audit, dict) else None
        if isinstance(origin, list) and len(origin) == 2 and all(isinstance(v, int | float) for v in origin):
            return float(origin[0]), float(origin[1])
        return None

    def drafts(self, members: Iterable[Member]) -> Iterator[Draft]:
        """Yield the objects of a collection, a list, a feature or a bare geometry, children after parents.

        Parameters
        ----------
        members : iterable of Member
            Of the file, with "features" streamed.
        """
        for position, feature in enumerate(self._features(members), start=1):
            waiting = [(feature, f"feature {position}")]
            while waiting:
                current, place = waiting.pop()
                children = self._children(current)
                if children:
                    self._report.note(
                        "objects below this one were read as objects of their own; the hierarchy is not kept",
                        place,
                    )
                    numbered = [(child, f"{place}, child {n}") for n, child in enumerate(children, start=1)]
                    waiting.extend(reversed(numbered))
                draft = self._draft(current, place)
                if draft is not None:
                    yield draft

    def _features(self, members: Iterable[Member]) -> Iterator[Any]:
        n_features = 0
        for member in members:
            n_features += member.position is not None
            if member.position is None:
                self._rest[str(member.key)] = member.value
            elif member.key is None and isinstance(member.value, dict) and FEATURES in member.value:
                inner = member.value[FEATURES]
                yield from inner if isinstance(inner, list) else ()
            else:
                yield member.value
        kind = str(self._rest.get("type"))
        if "geometry" in self._rest or kind in SHAPES:
            yield self._rest
        elif not isinstance(self._rest.get(FEATURES, []), list) or (
            kind == "FeatureCollection" and not n_features and FEATURES not in self._rest
        ):
            raise AnnotationFileError(
                "The GeoJSON collection has no list of features.",
                advice="It may be incomplete: export it again.",
            )

    @staticmethod
    def _children(feature: Any) -> list[Any]:
        properties = feature.get("properties") if isinstance(feature, dict) else None
        if isinstance(properties, dict):
            for key in _CHILDREN:
                if isinstance(children := properties.get(key), list):
                    return children
        return []

    def _draft(self, feature: Any, place: str) -> Draft | None:
        if not isinstance(feature, dict):
            self._report.unread("it is no GeoJSON feature", place)
            return None
        if str(feature.get("type")) in SHAPES and "coordinates" in feature:
            feature = {"geometry": feature}
        geometry = feature.get("geometry")
        if not isinstance(geometry, dict) or not geometry:
            self._report.unread(NO_GEOMETRY, place)
            return None
        outline = self._outline(geometry, place)
        if outline is None:
            return None
        fields = self._fields(feature, place)
        if geometry.get("isEllipse") is True:
            fields["is_ellipse"] = True
        if isinstance(plane := geometry.get("plane"), dict):
            fields["plane"] = self._plane(plane, place)
        nucleus = None
        if isinstance(inner := feature.get("nucleusGeometry"), dict) and inner:
            nucleus = self._outline(inner, place)
        return Draft(place=place, shape=outline[0], coordinates=outline[1], fields=fields, nucleus=nucleus)

    def _outline(self, geometry: Mapping[str, Any], place: str) -> tuple[Shape, Any] | None:
        shape = str(geometry.get("type"))
        if shape in SHAPES:
            if isinstance(coordinates := geometry.get("coordinates"), list):
                return cast(Shape, shape), coordinates
            self._report.unread("its geometry has no coordinates", place)
            return None
        parts = geometry.get("geometries")
        if shape == _COLLECTION and isinstance(parts, list):
            polygons: list[Any] = []
            for part in parts:
                kind = part.get("type") if isinstance(part, dict) else None
                if kind in ("Polygon", "MultiPolygon") and isinstance(part.get("coordinates"), list):
                    polygons += part["coordinates"] if kind == "MultiPolygon" else [part["coordinates"]]
            if polygons:
                self._report.repaired("of a geometry collection only the areas were read", place)
                return "MultiPolygon", polygons
        self._report.unread(f"its geometry is of type '{shape:.60}', which is not known", place)
        return None

    def _plane(self, plane: Mapping[str, Any], place: str) -> Plane | None:
        try:
            c, z, t = int(plane.get("c", -1)), int(plane.get("z", 0)), int(plane.get("t", 0))
        except (TypeError, ValueError):
            return None
        if z or t:
            self._report.note("it lies in another plane of a stack, and is shown with the others", place)
        return Plane(c=c, z=z, t=t)

    def _fields(self, feature: Mapping[str, Any], place: str) -> dict[str, Any]:
        own_id = feature.get("id")
        properties = feature.get("properties")
        if not isinstance(properties, dict):
            properties = {}
        fields: dict[str, Any] = {"object_type": _object_type(properties, own_id)}
        if own_id is not None and str(own_id).casefold() not in _TYPES:
            fields["id"] = str(own_id)
        if (name := properties.get("name")) is not None:
            fields["name"] = str(name)
        if (colour := self._colour(properties, place)) is not None:
            fields["own_colour"] = colour
        if (classification := properties.get("classification")) is not None:
            fields["class_name"], fields["colour"] = self._class(classification, place)
        for key, field in (("isLocked", "is_locked"), ("isMissing", "is_missing")):
            if properties.get(key) is True:
                fields[field] = True
        if measurements := properties.get("measurements"):
            fields["measurements"] = self._measurements(measurements, place)
        if isinstance(metadata := properties.get("metadata"), dict) and metadata:
            fields["metadata"] = {sys.intern(key): str(value) for key, value in metadata.items()}
        if not _KNOWN.issuperset(properties):
            for key in properties.keys() - _KNOWN:
                self._report.note(f"the property '{key:.60}' is not read", place)
        return fields

    def _class(self, value: Any, place: str) -> tuple[str | None, Rgb | None]:
        """Read a classification: a text, or an object with a name or names and maybe a colour."""
        if isinstance(value, str):
            return sys.intern(value) or None, None
        if not isinstance(value, dict):
            self._report.note("its classification cannot be understood", place)
            return None, None
        names = value.get("names")
        name = value.get("name")
        if not name and isinstance(names, list):
            name = SEPARATOR.join(str(part) for part in names)
        return sys.intern(str(name)) if name else None, self._colour(value, place)

    def _colour(self, value: Mapping[str, Any], place: str) -> Rgb | None:
        """Read "color", three or four numbers or one packed, or the "colorRGB" of old."""
        stated = value.get("color", value.get("colorRGB"))
        if stated is None:
            return None
        key = tuple(stated) if type(stated) is list else (stated,)
        try:
            return self._colours[key]  # there are few, and an object a cell would cost memory
        except (KeyError, TypeError):
            is_packed = isinstance(stated, int) and not isinstance(stated, bool)
            colour = from_argb(stated) if is_packed else from_list(stated)
        if colour is None:
            self._report.note("its colour cannot be understood", place)
            return None
        self._colours[key] = colour
        return colour

    def _measurements(self, value: Any, place: str) -> Mapping[str, float]:
        """Read an object of names and values, or (before QuPath 0.4) a list of {name, value}."""
        if isinstance(value, dict):
            items = list(value.items())
        elif isinstance(value, list):
            items = [(part.get("name"), part.get("value")) for part in value if isinstance(part, dict)]
        else:
            items = []
            self._report.note("its measurements cannot be understood", place)
        measurements = {}
        for name, measured in items:
            try:
                measurements[sys.intern(str(name))] = float(measured)
            except (TypeError, ValueError, OverflowError):
                self._report.note(f"the measurement '{name!s:.60}' is no number and is not read", place)
        return measurements or NOTHING


def _object_type(properties: Mapping[str, Any], own_id: Any) -> str:
    for value in (
        properties.get("objectType"),
        properties.get("object_type"),
        properties.get("type"),
        own_id,
    ):
        if value is not None and (known := _TYPES.get(str(value).casefold())) is not None:
            return known
    return "annotation"
