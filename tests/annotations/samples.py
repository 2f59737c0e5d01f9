"""Small annotation files and a slide that exists only in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.array_slide import ArraySlide

SQUARE = [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]


def feature(coordinates: Any = SQUARE, *, shape: str = "Polygon", **properties: object) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": shape, "coordinates": coordinates},
        "properties": properties,
    }


def polygon(*corners: tuple[float, float]) -> dict[str, Any]:
    return feature([[list(corner) for corner in corners]])


def square(x: float, y: float, size: float = 10.0) -> list[tuple[float, float]]:
    return [(x, y), (x + size, y), (x + size, y + size), (x, y + size)]


def written(tmp_path: Path, content: object, name: str = "regions.geojson") -> Path:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        text = content if isinstance(content, str) else json.dumps(content)
        path.write_text(text, encoding="utf-8")
    return path


def asap(annotations: str, groups: str = "") -> str:
    return (
        '<?xml version="1.0"?><ASAP_Annotations>'
        f"<Annotations>{annotations}</Annotations><AnnotationGroups>{groups}</AnnotationGroups>"
        "</ASAP_Annotations>"
    )


def asap_item(corners: Sequence[tuple[object, object]], kind: str = "Polygon", group: str = "None") -> str:
    coordinates = "".join(f'<Coordinate Order="{i}" X="{x}" Y="{y}" />' for i, (x, y) in enumerate(corners))
    return (
        f'<Annotation Name="Annotation 0" Type="{kind}" PartOfGroup="{group}" Color="#F4FA58">'
        f"<Coordinates>{coordinates}</Coordinates></Annotation>"
    )


def region(corners: Sequence[tuple[object, object]], **attributes: object) -> str:
    stated = {"Id": 1, "Type": 0, "Text": "", "NegativeROA": 0, "InputRegionId": 0, **attributes}
    text = " ".join(f'{key}="{value}"' for key, value in stated.items())
    vertices = "".join(f'<Vertex X="{x}" Y="{y}" Z="0"/>' for x, y in corners)
    return f"<Region {text}><Attributes/><Vertices>{vertices}</Vertices></Region>"


def layer(*regions: str, name: str = "Tumor", colour: int = 255, attribute: str = "") -> str:
    return (
        f'<Annotation Id="1" Name="{name}" ReadOnly="0" Type="4" LineColor="{colour}" Visible="1">'
        f"<Attributes>{attribute}</Attributes><Regions><RegionAttributeHeaders>"
        '<AttributeHeader Id="9999" Name="Region" ColumnWidth="-1"/></RegionAttributeHeaders>'
        f"{''.join(regions)}</Regions><Plots/></Annotation>"
    )


def imagescope(*layers: str, mpp: str = "0.2521") -> str:
    return f'<Annotations MicronsPerPixel="{mpp}">{"".join(layers)}</Annotations>'


def ndp_view(title: str, annotation: str, *, units: str = "nanometers") -> str:
    return (
        f'<ndpviewstate id="1"><title>{title}</title><details/><coordformat>{units}</coordformat>'
        f"<lens>20</lens><x>7</x><y>9</y><z>0</z>{annotation}</ndpviewstate>"
    )


def ndpa(*views: str) -> str:
    return f'<?xml version="1.0" encoding="utf-8"?><annotations>{"".join(views)}</annotations>'


def slide_in_words(
    dimensions: tuple[int, int] = (4000, 3000),
    *,
    bounds: tuple[int, int, int, int] | None = None,
    mpp: float | None = 0.5,
    ndp_offset_nm: tuple[float, float] | None = None,
) -> ArraySlide:
    """A slide of any size without pixels to speak of."""
    width, height = dimensions
    pixels = np.broadcast_to(np.zeros(3, np.uint8), (height, width, 3))
    slide = ArraySlide(pixels, mpp=mpp)
    slide.bounds_px0 = bounds
    slide.ndp_offset_nm = ndp_offset_nm
    return slide
