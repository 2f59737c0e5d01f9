"""When bfloat16 may stand in for float32: where it is fast, and where features agree."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

Precision = Literal["float32", "bfloat16"]
PrecisionChoice = Literal["auto", "float32", "bfloat16"]

MIN_COSINE = 0.999
"""Lowest cosine between a tile's bfloat16 and float32 features at which "auto" takes bfloat16."""

N_CHECK_TILES = 4
"""Tiles on which the two are compared."""


def has_fast_bfloat16(device: torch.device) -> bool:
    """Return whether the device multiplies bfloat16 in hardware."""
    if device.type == "cuda":
        return torch.version.hip is not None or torch.cuda.get_device_capability(device) >= (8, 0)
    if device.type == "cpu" and torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return any(_cpu_flag(name) for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))
    return False


def lowest_cosine(left: NDArray[np.float32], right: NDArray[np.float32]) -> float:
    """Return the lowest cosine between rows of the same tile; -1 where a value is not finite.

    Parameters
    ----------
    left, right : ndarray
        (n_tiles, feature_dim) features of the same tiles.
    """
    if not (np.isfinite(left).all() and np.isfinite(right).all()):
        return -1.0
    a, b = left.astype(np.float64), right.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    same_and_zero = (lengths == 0) & (a == b).all(axis=1)
    cosines = np.where(same_and_zero, 1.0, (a * b).sum(axis=1) / np.where(lengths == 0, 1.0, lengths))
    return float(cosines.min())


def check_tiles(tile_px: int) -> NDArray[np.uint8]:
    """Return a fixed batch that looks like stained tissue: blurred dark nuclei on a pink ground.

    It is made, not read, so that the choice of precision is the same on every run and slide.

    Returns
    -------
    ndarray
        (N_CHECK_TILES, tile_px, tile_px, 3) uint8 RGB.
    """
    rng = np.random.default_rng(20220425)
    pink, purple = np.array([226.0, 160.0, 196.0]), np.array([96.0, 58.0, 140.0])
    tiles = []
    for sigma in np.geomspace(1.5, 12.0, N_CHECK_TILES):
        field = ndimage.gaussian_filter(rng.standard_normal((tile_px, tile_px)), sigma)
        nuclei = 1 / (1 + np.exp(-3 * (field / field.std() - 1)))[..., None]  # (tile_px, tile_px, 1)
        grain = 6 * rng.standard_normal((tile_px, tile_px, 3))
        tiles.append(pink + nuclei * (purple - pink) + grain)
    return np.asarray(np.clip(tiles, 0, 255), dtype=np.uint8)


def _cpu_flag(name: str) -> bool:
    """Ask torch for a processor feature; older releases do not know all of them."""
    probe = getattr(torch.cpu, name, None)
    return bool(probe()) if probe is not None else False
