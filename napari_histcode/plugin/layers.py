"""Values of the pipeline <-> layer data: the only place that turns x, y into row, column.

The package counts level-0 pixels from the slide's top-left corner, x right and y down; pixel ``i`` covers
``[i, i + 1]``. napari's world has (row, column) and puts coordinate 0 on the *centre* of pixel 0. With
``m`` micrometres per level-0 pixel, along either axis,

    world = (px0 - 1/2) * m

so that the slide's outer corner lies at ``-m / 2``. An image layer whose pixel ``k`` covers level-0
``[origin + k * size, origin + (k + 1) * size]`` has its centres at ``world(origin + (k + 1/2) * size)``,
hence ``scale = size * m`` and ``translate = (origin + size / 2 - 1/2) * m``: edges coincide exactly,
whatever the sizes. Pyramid levels need nothing more, since napari places them by the ratio of their
shapes, which is how the record defines ``level_downsamples``.

Where the resolution is unknown, ``m`` is 1 and the unit is the pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from napari_histcode.annotations import Annotation
from napari_histcode.heatmap import Heatmap
from napari_histcode.heatmap.draw import lay_on_raster, raster_origin_px0
from napari_histcode.slide import Slide, SlideRecord
from napari_histcode.tiling import TileGrid

LayerData = tuple[Any, dict[str, Any], str]
"""Data, keyword arguments and type of a napari layer."""

OUTLINES_PER_SLIDE = 400
"""An outline's width is the slide's longer side divided by this: seen on the whole slide, thin close up."""

OUTLINES_PER_TILE = 60
"""The line around a tile is the tile's width divided by this."""

MOST_LABELS = 60
"""So many regions have their class written beside them; more would hide the slide."""

METADATA_KEY = "histcode"
"""Where our layers keep what belongs to them in ``layer.metadata``."""

Pair = tuple[float, float]

Box = tuple[float, float, float, float]
"""Left, top, width and height in level-0 pixels."""


def um_per_px0(record: SlideRecord) -> Pair:
    """World units per level-0 pixel along row and column: micrometres, or 1 where unknown."""
    return (1.0, 1.0) if record.mpp is None else (record.mpp.y, record.mpp.x)


def units_of(record: SlideRecord) -> tuple[str, str]:
    """Units of the world along row and column."""
    return ("pixel", "pixel") if record.mpp is None else ("micrometer", "micrometer")


def world_from_px0(xy_px0: ArrayLike, record: SlideRecord) -> NDArray[np.float64]:
    """Turn level-0 positions into napari's world.

    Parameters
    ----------
    xy_px0 : array_like, (..., 2)
        x and y in level-0 pixels from the slide's corner.
    record : SlideRecord
        The slide.

    Returns
    -------
    ndarray of float64, (..., 2)
        Row and column in world units.
    """
    return (np.asarray(xy_px0, dtype=np.float64)[..., ::-1] - 0.5) * um_per_px0(record)


def px0_from_world(world: ArrayLike, record: SlideRecord) -> NDArray[np.float64]:
    """Turn world positions (row, column) into level-0 x, y: the inverse of `world_from_px0`."""
    row_column = np.asarray(world, dtype=np.float64) / um_per_px0(record) + 0.5
    return row_column[..., ::-1]


def slide_layer_data(slide: Slide, *, key: str) -> LayerData:
    """Describe a slide as a multiscale image layer.

    Parameters
    ----------
    slide : Slide
        The open slide.
    key : str
        Under which `open_slides` knows it.

    Returns
    -------
    LayerData
        A lazy pyramid; nothing has been read but the header.
    """
    record = slide.record
    keywords = {
        "name": record.alias,
        "rgb": True,
        "multiscale": True,
        "scale": um_per_px0(record),
        "units": units_of(record),
        "axis_labels": ("y", "x"),
        "contrast_limits": (0, 255),
        "metadata": slide_metadata(record, key=key),
    }
    return slide.pyramid(), keywords, "image"


def slide_metadata(record: SlideRecord, *, key: str) -> dict[str, Any]:
    """Facts about a slide for its layer: by whitelist, never the file's own, nothing that names anybody."""
    facts = {
        "kind": "slide",
        "slide_key": key,
        "alias": record.alias,
        "dimensions": record.dimensions,
        "mpp": None if record.mpp is None else (record.mpp.x, record.mpp.y),
        "mpp_source": None if record.mpp is None else record.mpp.source,
        "objective": record.objective,
        "vendor": record.vendor,
    }
    return {METADATA_KEY: facts}


def slide_key_of(metadata: dict[str, Any]) -> str | None:
    """Key of the slide that a layer shows, or None if it is no slide layer of ours."""
    ours = metadata.get(METADATA_KEY)
    if not isinstance(ours, dict) or ours.get("kind") != "slide":
        return None
    return str(ours["slide_key"])


def are_regions_on(metadata: dict[str, Any], record: SlideRecord) -> bool:
    """Whether a layer holds our regions on this slide."""
    ours = metadata.get(METADATA_KEY)
    return isinstance(ours, dict) and (ours.get("kind"), ours.get("alias")) == ("annotations", record.alias)


def heatmap_placement(heatmap: Heatmap, record: SlideRecord) -> dict[str, Any]:
    """Where a heatmap lies on a slide: scale, translate and units of its layer, exact on the tile grid.

    The record is that of the slide as it is shown, so that both coincide whatever resolution each was given.
    """
    return _raster_placement(heatmap.pixel_px0, heatmap.origin_px0, record)


def _raster_placement(pixel_px0: Pair, origin_px0: Pair, record: SlideRecord) -> dict[str, Any]:
    unit = np.asarray(um_per_px0(record))
    size = np.asarray(pixel_px0)[::-1]
    origin = np.asarray(origin_px0)[::-1]
    return {
        "scale": tuple((size * unit).tolist()),
        "translate": tuple(((origin + size / 2 - 0.5) * unit).tolist()),
        "units": units_of(record),
        "axis_labels": ("y", "x"),
    }


def heatmap_layer_data(heatmap: Heatmap, record: SlideRecord) -> LayerData:
    """Describe a heatmap as an image layer of one pixel a tile; colours are the canvas's business.

    Parameters
    ----------
    heatmap : Heatmap
        The raster; NaN, where there is no tile, is drawn transparent.
    record : SlideRecord
        The slide on which it lies, as it is shown.

    Returns
    -------
    LayerData
        The raster itself, never resampled.
    """
    keywords = {
        "name": heatmap.label,
        "contrast_limits": heatmap.limits,
        "interpolation2d": "nearest",
        "blending": "translucent",
        "metadata": {METADATA_KEY: {"kind": "map", "map": heatmap.name, "alias": heatmap.slide.alias}},
        **heatmap_placement(heatmap, record),
    }
    return np.asarray(heatmap.raster), keywords, "image"


def classes_layer_data(
    classes: NDArray[np.int16], grid: TileGrid, record: SlideRecord, *, name: str, label: str
) -> LayerData:
    """Describe a class for each tile as a labels layer of one pixel a tile.

    Parameters
    ----------
    classes : ndarray of int16, (n_tiles,)
        Class of each tile; 0 where there is no tile.
    grid : TileGrid
        The tiles.
    record : SlideRecord
        The slide on which they lie, as it is shown.
    name, label : str
        Name for us and for the user.

    Returns
    -------
    LayerData
        Registered with the tiles exactly, as heatmaps are.
    """
    keywords = {
        "name": label,
        "blending": "translucent",
        "metadata": {METADATA_KEY: {"kind": "classes", "classes": name, "alias": record.alias}},
        **_raster_placement(grid.stride_px0, raster_origin_px0(grid), record),
    }
    return lay_on_raster(classes.astype(np.int16), grid, fill=np.int16(0)), keywords, "labels"


def outline_layer_data(boxes: Sequence[Box], record: SlideRecord, *, colour: str) -> LayerData:
    """Describe the line around tiles; tiles that touch are surrounded together.

    Parameters
    ----------
    boxes : sequence of (left, top, width, height)
        Tiles in level-0 pixels.
    record : SlideRecord
        The slide.
    colour : str
        Of the line.
    """
    tiles = shapely.box(*np.array([(x, y, x + w, y + h) for x, y, w, h in boxes]).T)
    around = shapely.union_all(tiles)
    rings = [ring for polygon in shapely.get_parts(around) for ring in (polygon.exterior, *polygon.interiors)]
    keywords = {
        "name": "tiles in question",
        "shape_type": "polygon",
        "edge_width": min(boxes[0][2:]) / OUTLINES_PER_TILE,
        "edge_color": colour,
        "face_color": "transparent",
        "scale": um_per_px0(record),
        "units": units_of(record),
        "axis_labels": ("y", "x"),
        "metadata": {METADATA_KEY: {"kind": "outline", "alias": record.alias}},
    }
    return [np.asarray(ring.coords)[:-1, ::-1] - 0.5 for ring in rings], keywords, "shapes"


def annotation_layer_data(
    annotations: Sequence[Annotation], record: SlideRecord, *, colours: Sequence[str]
) -> LayerData:
    """Describe annotated regions as a shapes layer, one polygon a ring.

    Parameters
    ----------
    annotations : sequence of Annotation
        Regions in level-0 pixels.
    record : SlideRecord
        The slide they belong to.
    colours : sequence of str
        Outline colour of each annotation, ``"#rrggbb"``.

    Returns
    -------
    LayerData
        Vertices in level-0 pixels, (row, column); the layer's scale takes them to the world.
    """
    rings: list[NDArray[np.float64]] = []
    outlines: list[str] = []
    classes: list[str] = []
    for annotation, colour in zip(annotations, colours, strict=True):
        for ring in _rings(annotation):
            rings.append(ring[:, ::-1] - 0.5)
            outlines.append(colour)
            classes.append(annotation.class_name or "unclassified")
    keywords = {
        "name": "annotations",
        "shape_type": "polygon",
        "edge_width": max(record.dimensions) / OUTLINES_PER_SLIDE,
        "edge_color": outlines,
        "face_color": "transparent",
        "scale": um_per_px0(record),
        "units": units_of(record),
        "axis_labels": ("y", "x"),
        "features": {"class": classes},
        "metadata": {METADATA_KEY: {"kind": "annotations", "alias": record.alias}},
    }
    if len(rings) <= MOST_LABELS:
        keywords["text"] = {"string": "{class}", "size": 8, "color": outlines, "anchor": "upper_left"}
    return rings, keywords, "shapes"


def _rings(annotation: Annotation) -> list[NDArray[np.float64]]:
    """Outlines and holes of a region, each (n, 2) x, y without the repeated last vertex."""
    geometry = annotation.geometry
    polygons = getattr(geometry, "geoms", [geometry])
    return [
        np.asarray(ring.coords, dtype=np.float64)[:-1, :2]
        for polygon in polygons
        for ring in (polygon.exterior, *polygon.interiors)
    ]
