import numpy as np
import shapely

from napari_histcode.annotations import Annotation
from napari_histcode.export.figures.outlines import UNCLASSIFIED, outlines_in
from napari_histcode.export.figures.view import View

VIEW = View(box_px0=(100.0, 200.0, 400.0, 200.0), size_px=(800, 400))


def test_lines_are_in_pixels_of_the_picture():
    region = Annotation(geometry=shapely.box(150, 250, 200, 300), class_name="Tumor")
    (outline,) = outlines_in([region], VIEW)
    (line,) = outline.lines
    assert outline.name == "Tumor"
    assert outline.colour == (200, 0, 0)
    assert set(map(tuple, line.tolist())) == {(100, 100), (200, 100), (200, 200), (100, 200)}
    np.testing.assert_array_equal(line[0], line[-1])


def test_no_line_along_the_edge_of_the_picture():
    region = Annotation(geometry=shapely.box(0, 250, 300, 1000), class_name="Tumor")
    (outline,) = outlines_in([region], VIEW)
    points = np.concatenate(outline.lines)
    assert sum(shapely.LineString(line).length for line in outline.lines) == 400 + 300
    assert points[:, 0].max() == 400
    assert points[:, 1].min() == 100


def test_holes_and_parts_are_outlined():
    holed = shapely.Polygon(
        shapely.box(120, 220, 320, 320).exterior, [shapely.box(150, 250, 200, 300).exterior]
    )
    both = shapely.MultiPolygon([holed, shapely.box(400, 300, 450, 350)])
    (outline,) = outlines_in([Annotation(geometry=both, class_name="Stroma")], VIEW)
    assert len(outline.lines) == 3


def test_classes_in_their_order_with_their_colours():
    regions = [
        Annotation(geometry=shapely.box(110, 210, 120, 220), class_name="mine", colour=(1, 2, 3)),
        Annotation(geometry=shapely.box(130, 210, 140, 220)),
        Annotation(geometry=shapely.box(150, 210, 160, 220), class_name="mine", colour=(9, 9, 9)),
        Annotation(geometry=shapely.box(0, 0, 10, 10), class_name="elsewhere"),
        Annotation(geometry=shapely.Point(150, 250), class_name="point"),
        Annotation(geometry=shapely.box(0, 0, 1000, 1000), class_name="all around"),
    ]
    found = outlines_in(regions, VIEW)
    assert [(one.name, one.colour, len(one.lines)) for one in found] == [
        ("mine", (1, 2, 3), 2),
        (UNCLASSIFIED, (64, 64, 64), 1),
    ]
    assert outlines_in([], VIEW) == ()


def test_a_million_vertices_become_what_can_be_printed():
    angle = np.linspace(0, 2 * np.pi, 300_000)
    circle = shapely.Polygon(np.stack([300 + 90 * np.cos(angle), 300 + 90 * np.sin(angle)], axis=1))
    (outline,) = outlines_in([Annotation(geometry=circle, class_name="Tumor")], VIEW)
    (line,) = outline.lines
    assert len(line) < 300
    radius = np.hypot(*(line - (400, 200)).T)
    np.testing.assert_allclose(radius, 180, atol=0.35)
