"""Maps and rendered overlays as OME-Zarr: NGFF 0.4 on Zarr 2, the layout that most readers know today.

Coordinates are micrometres with (0, 0) at the centre of the slide's first pixel, as napari and NGFF count,
so that a map lies right over the slide opened as an image of its own. With ``m`` micrometres per level-0
pixel, a pixel of ``s`` level-0 pixels whose corner is at ``o`` has its centre at ``(o + s / 2 - 1 / 2) m``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from napari_histcode.errors import MissingMppError
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.provenance import json_safe, with_normalisation
from napari_histcode.export.stacks.overlay_pyramid import TILE_PX, OverlayPyramid, count_tiles, make_tiles
from napari_histcode.export.stacks.stack_tiff import quantity_of
from napari_histcode.export.stacks.value_stack import ValueStack
from napari_histcode.files import replacing_folder
from napari_histcode.progress import CancelToken, ProgressCallback, ignore_progress
from napari_histcode.slide.record import Mpp

VERSION = "0.4"
"""Version of the NGFF specification."""

_MARKER = ".zgroup"
_CHUNK_PX = 256
_COLOURS = ("0072B2", "D55E00", "009E73", "CC79A7", "E69F00", "56B4E9", "F0E442", "FFFFFF")


def export_stack_zarr(stack: ValueStack, path: str | Path, provenance: Mapping[str, Any]) -> Path:
    """Write the values of maps: axes c, y, x; float32, NaN where there is no tile.

    Parameters
    ----------
    stack : ValueStack
        The maps.
    path : str or Path
        The folder; by custom it ends in ".ome.zarr".
    provenance : mapping
        Audit record of the scores.

    Returns
    -------
    Path
        The folder that was written.

    Raises
    ------
    MissingMppError
        If the slide's resolution is unknown.
    OutputError
        If it cannot be written, or another folder has that name.
    """
    slide = stack.heatmaps[0].slide
    mpp = _mpp(slide.mpp, slide.alias)
    channels = [
        {
            "label": heatmap.label,
            "color": colour,
            "active": place == 0,
            "window": dict(zip(("min", "max", "start", "end"), 2 * heatmap.limits, strict=True)),
        }
        for place, (heatmap, colour) in enumerate(zip(stack.heatmaps, cycle(_COLOURS), strict=False))
    ]
    facts = {
        "maps": [
            {"name": heatmap.name, "label": heatmap.label, "quantity": quantity_of(heatmap)}
            for heatmap in stack.heatmaps
        ],
        "provenance": {
            **provenance, "normalisation": {h.name: h.config.normalisation for h in stack.heatmaps},
        },
    }  # fmt: skip
    path = Path(path)
    with _group(path) as group:
        for k, level in enumerate(stack.levels):
            array = _array(group, str(k), level.shape, level.dtype, _CHUNK_PX, fill_value=np.nan)
            array[...] = level
        placed = [(stack.origin_px0, _scaled(stack.pixel_px0, 2**k)) for k in range(len(stack.levels))]
        group.attrs.update(_attributes(f"maps of {slide.alias}", placed, mpp, channels, facts))
    return path


def export_overlay_zarr(
    pyramid: OverlayPyramid,
    path: str | Path,
    provenance: Mapping[str, Any],
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Path:
    """Write slide and heatmap, mixed: axes c, y, x; red, green and blue as uint8, tile by tile.

    Parameters
    ----------
    pyramid : OverlayPyramid
        What to render.
    path : str or Path
        The folder; by custom it ends in ".ome.zarr".
    provenance : mapping
        Audit record of the scores.
    progress : callable
        Called after every row of tiles.
    cancel : CancelToken, optional
        Stops the writing, and nothing is left behind.

    Returns
    -------
    Path
        The folder that was written.

    Raises
    ------
    MissingMppError
        If the slide's resolution is unknown.
    OutputError
        If it cannot be written, or another folder has that name.
    AnalysisCancelledError
        If it was cancelled.
    """
    heatmap = pyramid.paint.heatmap
    channels = [
        {
            "label": name,
            "color": colour,
            "active": True,
            "window": {"min": 0, "max": 255, "start": 0, "end": 255},
        }
        for name, colour in (("red", "FF0000"), ("green", "00FF00"), ("blue", "0000FF"))
    ]
    facts = {
        "map": heatmap.name,
        "alpha": pyramid.paint.alpha,
        "provenance": with_normalisation(provenance, heatmap.config.normalisation),
    }
    origin = pyramid.box_px0[0], pyramid.box_px0[1]
    path = Path(path)
    with _group(path) as group:
        for level in range(pyramid.n_levels):
            width, height = pyramid.size_px(level)
            array = _array(group, str(level), (3, height, width), np.dtype(np.uint8), TILE_PX, fill_value=255)
            done = count_tiles(pyramid, below=level)
            for column, row, rgb in make_tiles(pyramid, level, done=done, progress=progress, cancel=cancel):
                y, x = row * TILE_PX, column * TILE_PX
                array[:, y : y + rgb.shape[0], x : x + rgb.shape[1]] = rgb.transpose(2, 0, 1)
        placed = [(origin, _scaled(pyramid.px0_per_px, 2**k)) for k in range(pyramid.n_levels)]
        name = f"{heatmap.label} over {heatmap.slide.alias}"
        mpp = pyramid.slide.require_mpp()
        group.attrs.update(_attributes(name, placed, mpp, channels, facts))
    return path


@contextmanager
def _group(path: Path) -> Iterator[Any]:
    import zarr

    with replacing_folder(path, marker=_MARKER) as temporary:
        yield zarr.open_group(str(temporary), mode="w", zarr_format=2)


def _array(
    group: Any, name: str, shape: tuple[int, ...], dtype: np.dtype[Any], chunk: int, *, fill_value: float
) -> Any:
    return group.create_array(
        name,
        shape=shape,
        dtype=dtype,
        chunks=(1, min(chunk, shape[1]), min(chunk, shape[2])),
        fill_value=fill_value,
        chunk_key_encoding={"name": "v2", "separator": "/"},
    )


def _attributes(
    name: str,
    placed: Sequence[tuple[tuple[float, float], tuple[float, float]]],
    mpp: Mpp,
    channels: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Any],
) -> dict[str, Any]:
    """Describe the levels, each with origin and pixel in level-0 pixels (x, y), in the words of NGFF."""
    datasets = []
    for k, (origin, pixel) in enumerate(placed):
        scale = [1.0, pixel[1] * mpp.y, pixel[0] * mpp.x]
        translation = [
            0.0, (origin[1] + pixel[1] / 2 - 0.5) * mpp.y, (origin[0] + pixel[0] / 2 - 0.5) * mpp.x,
        ]  # fmt: skip
        transforms = [
            {"type": "scale", "scale": scale},
            {"type": "translation", "translation": translation},
        ]
        datasets.append({"path": str(k), "coordinateTransformations": transforms})
    axes = [{"name": "c", "type": "channel"}]
    axes += [{"name": axis, "type": "space", "unit": "micrometer"} for axis in "yx"]
    multiscale = {"version": VERSION, "name": name, "axes": axes, "datasets": datasets, "type": "mean"}
    attributes: dict[str, Any] = json_safe(
        {
            "multiscales": [multiscale],
            "omero": {
                "version": VERSION,
                "name": name,
                "channels": list(channels),
                "rdefs": {"model": "color"},
            },
            "histcode": {"notice": RESEARCH_USE, **facts},
        }
    )
    return attributes


def _scaled(pixel_px0: tuple[float, float], factor: float) -> tuple[float, float]:
    return pixel_px0[0] * factor, pixel_px0[1] * factor


def _mpp(mpp: Mpp | None, alias: str) -> Mpp:
    if mpp is None:
        raise MissingMppError(f"{alias} does not state its resolution.", advice="Analyse it with --mpp.")
    return mpp
