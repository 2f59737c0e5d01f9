"""Small TIFF slides for tests, written on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_histcode.slide.resample import area_average


def painted(width: int, height: int) -> NDArray[np.uint8]:
    """Return a smooth picture whose every pixel tells where it is: red grows with x, green with y."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    ripples = 0.5 + 0.5 * np.sin(x * 40) * np.cos(y * 30)
    return np.stack([40 + 180 * x, 40 + 180 * y, 60 + 150 * ripples], axis=-1).astype(np.uint8)


def shrunk(image: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    """Return a smaller copy."""
    height, width = image.shape[:2]
    size = max(1, round(width / factor)), max(1, round(height / factor))
    return area_average(image, (0, 0, width, height), size)


def write_pyramid(
    path: Path,
    image: NDArray[Any],
    factors: Sequence[float] = (),
    *,
    compression: str | None = "jpeg",
    tile: tuple[int, int] | None = (128, 128),
    **options: Any,
) -> list[NDArray[Any]]:
    """Write an image and smaller copies as pages of a tiled TIFF; return the levels before coding."""
    levels = [image, *(shrunk(image, factor) for factor in factors)]
    with tifffile.TiffWriter(path) as writer:
        for i, level in enumerate(levels):
            writer.write(
                level,
                **{
                    "photometric": "rgb",
                    "compression": compression,
                    "tile": tile,
                    "metadata": None,
                    "subfiletype": int(i > 0),
                    **options,
                },
            )
    return levels


def write_ome(
    path: Path,
    image: NDArray[Any],
    factors: Sequence[int] = (),
    *,
    physical_size_um: float | None = None,
    axes: str = "YXS",
    **options: Any,
) -> list[NDArray[Any]]:
    """Write an OME-TIFF with its smaller copies in SubIFDs."""
    levels = [image, *(shrunk(image, factor) for factor in factors)]
    metadata: dict[str, Any] = {"axes": axes, "Name": "PATIENT NAME"}
    if physical_size_um is not None:
        metadata |= {
            "PhysicalSizeX": physical_size_um,
            "PhysicalSizeXUnit": "µm",
            "PhysicalSizeY": physical_size_um,
            "PhysicalSizeYUnit": "µm",
        }
    common = {"photometric": "rgb", "compression": "jpeg", "tile": (128, 128), **options}
    with tifffile.TiffWriter(path, ome=True) as writer:
        writer.write(levels[0], metadata=metadata, subifds=len(levels) - 1, **common)
        for level in levels[1:]:
            writer.write(level, subfiletype=1, **common)
    return levels


def overwrite_tile(path: Path, page: int, index: int, filling: bytes = b"\0") -> tuple[int, int]:
    """Destroy one native tile of a page; return its x and y in the page's pixels."""
    with tifffile.TiffFile(path) as tiff:
        series_page = tiff.pages[page]
        offset, count = series_page.dataoffsets[index], series_page.databytecounts[index]
        n_columns = -(-series_page.imagewidth // series_page.tilewidth)
        xy = index % n_columns * series_page.tilewidth, index // n_columns * series_page.tilelength
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(filling * count)
    return xy
