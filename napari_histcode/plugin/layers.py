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

from napari_histcode.heatmap import Heatmap
from napari_histcode.heatmap.draw import lay_on_raster, raster_origin_px0
from napari_histcode.slide import Slide, SlideRecord
from napari_histcode.tiling import TileGrid

LayerData = tuple[Any, dict[str, Any], str]
"""Data, keyword arguments and type of a napari layer."""

OUTLINES_PER_TILE = 60
"""The line around a tile is the tile's width divided by this."""

MARK_LINES_PER_TILE = 12
"""The line around a marked tile, which is to be seen from afar, is the tile's width divided by this."""

MARK_CASING = "#101010"
"""On either side of that line."""

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
        "cache": False,  # no more of it in dask: it would take a quarter of all memory
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
    return _rings_around(boxes), keywords, "shapes"


def _rings_around(boxes: Sequence[Box]) -> list[NDArray[np.float64]]:
    """Surround tiles, those that touch together: closed lines of (row, column)."""
    tiles = shapely.box(*np.array([(x, y, x + w, y + h) for x, y, w, h in boxes]).T)
    around = shapely.union_all(tiles)
    rings = [ring for polygon in shapely.get_parts(around) for ring in (polygon.exterior, *polygon.interiors)]
    return [vertices_from_px0(ring.coords)[:-1] for ring in rings]


def marks_layer_data(groups: Sequence[tuple[Sequence[Box], str]], record: SlideRecord) -> LayerData:
    """Describe thick lines around groups of tiles, each group in a colour of its own.

    Parameters
    ----------
    groups : sequence of (boxes, colour)
        Tiles in level-0 pixels and the colour of the line around them; at least one group with a tile.
    record : SlideRecord
        The slide.
    """
    rings: list[NDArray[np.float64]] = []
    colours: list[str] = []
    for boxes, colour in groups:
        own = _rings_around(boxes)
        rings += own
        colours += [colour] * len(own)
    width = min(groups[0][0][0][2:]) / MARK_LINES_PER_TILE
    n = len(rings)
    keywords = {
        "name": "marked tiles",
        "shape_type": "polygon",
        "edge_width": [2 * width] * n + [width] * n,  # a dark line below, to be seen on any map
        "edge_color": [MARK_CASING] * n + colours,
        "face_color": "transparent",
        "scale": um_per_px0(record),
        "units": units_of(record),
        "axis_labels": ("y", "x"),
        "metadata": {METADATA_KEY: {"kind": "marks", "alias": record.alias}},
    }
    return [*rings, *rings], keywords, "shapes"


def vertices_from_px0(xy_px0: ArrayLike) -> NDArray[np.float64]:
    """Turn level-0 positions x, y into vertices (row, column) of a layer whose scale is the slide's."""
    return np.asarray(xy_px0, dtype=np.float64)[..., ::-1] - 0.5


def px0_from_vertices(vertices: ArrayLike) -> NDArray[np.float64]:
    """Turn vertices of such a layer into level-0 x, y: the inverse of `vertices_from_px0`."""
    return np.asarray(vertices, dtype=np.float64)[..., ::-1] + 0.5


def regions_layer_data(levels: Sequence[Any], record: SlideRecord, *, key: str = "") -> LayerData:
    """Describe a picture of all regions as a multiscale image layer.

    Parameters
    ----------
    levels : sequence of array-like, (height, width, 4)
        Red, green, blue and opacity, one pixel a level-0 pixel, then halved from level to level.
    record : SlideRecord
        The slide they belong to, as it is shown.
    key : str
        Under which `loose_regions` knows the regions themselves; empty for those that the dock holds.
    """
    keywords = {
        "name": "annotations",
        "rgb": True,
        "multiscale": True,
        "cache": False,
        "contrast_limits": (0, 255),
        "interpolation2d": "linear",
        "blending": "translucent",
        **_regions_placement(record, key=key),
    }
    return list(levels), keywords, "image"


def pen_keywords(record: SlideRecord) -> dict[str, Any]:
    """Describe the layer of the regions in hand: where it lies, and that it is ours."""
    return {"name": "annotations: in hand", "blending": "translucent", **_regions_placement(record)}


def names_layer_data(
    places_px0: ArrayLike, names: Sequence[str], colours: Sequence[str], record: SlideRecord
) -> LayerData:
    """Describe the names of regions as a points layer without points to be seen."""
    keywords = {
        "name": "annotations: names",
        "size": 1,
        "opacity": 1.0,
        "face_color": "transparent",
        "border_color": "transparent",
        "features": {"name": list(names)},
        "text": {"string": "{name}", "size": 7, "color": list(colours), "anchor": "lower_left"},
        **_regions_placement(record),
    }
    return vertices_from_px0(np.reshape(places_px0, (-1, 2))), keywords, "points"


def _regions_placement(record: SlideRecord, *, key: str = "") -> dict[str, Any]:
    facts = {"kind": "annotations", "alias": record.alias, "regions_key": key}
    return {
        "scale": um_per_px0(record),
        "units": units_of(record),
        "axis_labels": ("y", "x"),
        "metadata": {METADATA_KEY: facts},
    }


def regions_key_of(metadata: dict[str, Any], record: SlideRecord) -> str | None:
    """Key of the regions on this slide that a layer brings without the dock, or None."""
    if not are_regions_on(metadata, record):
        return None
    return str(metadata[METADATA_KEY].get("regions_key", "")) or None
