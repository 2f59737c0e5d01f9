"""Write Aperio ImageScope's XML: a layer for each class, holes as negative regions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TextIO

from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations.annotation import Annotation, Rgb
from napari_histcode.annotations.colours import to_colorref
from napari_histcode.annotations.imagescope_read import ROOT, UNCLASSIFIED
from napari_histcode.annotations.writing import (
    Writing,
    attribute,
    comment,
    number_text,
    pieces_of,
    report_losses,
    rings_of,
)

_NO_CLASS: Rgb = (0, 255, 0)
"""ImageScope's own colour of a new layer."""

_HEADERS = (("9999", "Region"), ("9997", "Length"), ("9996", "Area"), ("9998", "Text"), ("1", "Description"))

_Layer = tuple[str, Rgb, bool]


def write_imagescope(annotations: Sequence[Annotation], file: TextIO, writing: Writing) -> None:
    """Write the areas of annotations, one layer for each class, colour and lock.

    Parameters
    ----------
    annotations : sequence of Annotation
        In level-0 pixels. Points and lines are not written, and reported.
    file : TextIO
        Where to write.
    writing : Writing
        Origin, colours, resolution and audit record; its report takes what cannot be written.
    """
    layers: dict[_Layer, list[tuple[int, Annotation]]] = {}
    for position, annotation in enumerate(annotations, start=1):
        colour = writing.colour_of(annotation) or _NO_CLASS
        layer = annotation.class_name or UNCLASSIFIED, colour, annotation.is_locked
        layers.setdefault(layer, []).append((position, annotation))
    resolution = "" if writing.mpp is None else f" MicronsPerPixel={attribute(f'{writing.mpp:.6f}')}"
    file.write('<?xml version="1.0" encoding="utf-8"?>\n')
    file.write(comment(json.dumps(dict(writing.audit), ensure_ascii=True)) + "\n")
    file.write(f"<{ROOT}{resolution}>\n")
    for number, (layer, members) in enumerate(layers.items(), start=1):
        _write_layer(number, layer, members, file, writing)
    file.write(f"</{ROOT}>\n")
    report_losses(annotations, writing, kept=frozenset(("is_locked",)))


def _write_layer(
    number: int, layer: _Layer, members: list[tuple[int, Annotation]], file: TextIO, writing: Writing
) -> None:
    name, colour, is_locked = layer
    file.write(
        f'\t<Annotation Id="{number}" Name={attribute(name)} ReadOnly="{int(is_locked)}" NameReadOnly="0" '
        f'LineColorReadOnly="0" Incremental="0" Type="4" LineColor="{to_colorref(colour)}" Visible="1" '
        'Selected="0" MarkupImagePath="" MacroName="">\n'
        '\t\t<Attributes>\n\t\t\t<Attribute Name="Description" Id="0" Value=""/>\n\t\t</Attributes>\n'
        "\t\t<Regions>\n\t\t\t<RegionAttributeHeaders>\n"
    )
    for header_id, header in _HEADERS:
        file.write(f'\t\t\t\t<AttributeHeader Id="{header_id}" Name="{header}" ColumnWidth="-1"/>\n')
    file.write("\t\t\t</RegionAttributeHeaders>\n")
    n_regions = 0
    for position, annotation in members:
        for polygon in _polygons(annotation, position, writing):
            parent = 0
            for ring in rings_of(polygon):
                n_regions += 1
                _write_region(n_regions, parent, ring, annotation.name or "", file, writing)
                parent = parent or n_regions
    file.write("\t\t</Regions>\n\t\t<Plots/>\n\t</Annotation>\n")


def _polygons(annotation: Annotation, position: int, writing: Writing) -> list[Polygon]:
    pieces = list(pieces_of(annotation.geometry))
    polygons = [piece for piece in pieces if isinstance(piece, Polygon)]
    if len(polygons) < len(pieces):
        writing.report.unwritten("points and lines are not written to ImageScope's XML", f"object {position}")
    if len(polygons) > 1:
        writing.report.unwritten(
            "several polygons in one object were written one by one", f"object {position}"
        )
    return polygons


def _write_region(
    number: int, parent: int, ring: BaseGeometry, text: str, file: TextIO, writing: Writing
) -> None:
    length, area, mpp = ring.length, Polygon(ring).area, writing.mpp or 0.0
    file.write(
        f'\t\t\t<Region Id="{number}" Type="0" Zoom="1" Selected="0" ImageLocation="" ImageFocus="0" '
        f'Length="{length:.1f}" Area="{area:.1f}" LengthMicrons="{length * mpp:.1f}" '
        f'AreaMicrons="{area * mpp**2:.1f}" Text={attribute(text)} NegativeROA="{int(parent > 0)}" '
        f'InputRegionId="{parent}" Analyze="1" DisplayId="{number}">\n\t\t\t\t<Attributes/>\n'
        "\t\t\t\t<Vertices>\n"
    )
    for x, y in writing.xy(ring):  # closed, so that no reader takes it for an open line
        file.write(f'\t\t\t\t\t<Vertex X="{number_text(x)}" Y="{number_text(y)}" Z="0"/>\n')
    file.write("\t\t\t\t</Vertices>\n\t\t\t</Region>\n")
