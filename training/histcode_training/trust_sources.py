"""Tiles from where the model learned, from elsewhere, and spoilt on purpose: material of the trust study."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from histcode_training.cohort import Field
from histcode_training.errors import CohortError
from histcode_training.splits import Split
from napari_histcode.errors import HistCodeError
from napari_histcode.features.encode import default_batch_size, encode_tiles, encode_within_memory
from napari_histcode.models.encoder import Encoder
from napari_histcode.slide import open_slide
from napari_histcode.tiling import TilingConfig
from napari_histcode.tiling.lay import lay_tiles
from napari_histcode.tissue.find import find_tissue

Rgb = NDArray[np.uint8]
Spoil = Callable[[Rgb], Rgb]

HER2ST_MPP = 0.69
TCGA_MPP = 0.5
"""Assumed: the file does not say."""
LUNG_TILES = 400
"""Lung tiles that are taken, spread over classes and groups."""
GLASS = 242.0
"""What glass transmits, of 255."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceTiles:
    """Features of the tiles of one source."""

    name: str
    """As the table says it."""
    is_in_domain: bool
    """Whether it is the same material as the training, from other slides."""
    features: NDArray[np.float32]
    """(n_tiles, feature_dim)."""
    groups: tuple[str, ...]
    """(n_tiles,) slide, section or photograph that each tile was cut from."""
    remark: str = ""
    """What to know of it."""


def read_sources(data: Path, split: Split, encoder: Encoder, *, mpp: float) -> Iterator[SourceTiles]:
    """Encode all sources, the held-out fields first.

    Parameters
    ----------
    data : Path
        The data folder.
    split : Split
        The model's slides; the training part is not looked at.
    encoder : Encoder
        The model's.
    mpp : float
        Resolution of the fields in micrometres per pixel.

    Raises
    ------
    HistCodeError
        If a source is missing or cannot be read.
    """
    fields = split.held_out.fields
    yield _fields("osteosarcoma, held-out slides", fields, encoder, mpp=mpp, is_in_domain=True)
    yield _lung(data / "lc25000_lung", encoder)
    yield _slides(
        "breast (her2st)",
        [(data / "her2st" / name / "section.jpg", name) for name in ("C2", "C3", "C4", "C5")],
        encoder, mpp=HER2ST_MPP, remark="four sections of one tumour",
    )  # fmt: skip
    yield _slides(
        "skin (CMU-1)", [(data / "slides" / "CMU-1-Small-Region.svs", "CMU-1")], encoder, remark="one slide"
    )
    yield _slides(
        "head and neck, frozen (TCGA-CR)",
        [(data / "slides" / "TCGA-CR-7395-01A-01-TS1.svs", "TCGA-CR")],
        encoder, mpp=TCGA_MPP, remark=f"one slide, {TCGA_MPP} um/px assumed",
    )  # fmt: skip
    for sigma_um in (2.0, 4.0):
        yield _fields(
            f"held-out fields, Gaussian blur of {sigma_um:g} um",
            fields, encoder, mpp=mpp, spoil=partial(blurred, sigma_px=sigma_um / mpp),
        )  # fmt: skip
    for colour in ("green", "red", "black"):
        density = ink_density(data / "qc", colour)
        yield _fields(
            f"held-out fields under {colour} ink",
            fields, encoder, mpp=mpp, spoil=partial(inked, density=density),
        )  # fmt: skip


def blurred(rgb: Rgb, sigma_px: float) -> Rgb:
    """Blur a picture as if it was out of focus."""
    soft = ndimage.gaussian_filter(rgb.astype(np.float32), (sigma_px, sigma_px, 0))
    return np.asarray(np.rint(soft), np.uint8)


def inked(rgb: Rgb, density: NDArray[np.floating]) -> Rgb:
    """Lay ink of these optical densities (red, green, blue) over a picture: light is lost by a factor."""
    return np.asarray(np.rint(rgb * np.exp(-density)), np.uint8)


def ink_density(folder: Path, colour: str) -> NDArray[np.float64]:
    """Measure the median optical density of a real mark of HistoQC's examples: (3,)."""
    with (
        Image.open(folder / f"pen_{colour}.png") as picture,
        Image.open(folder / f"pen_{colour}_mask.png") as mask,
    ):
        rgb, chosen = np.asarray(picture.convert("RGB")), np.asarray(mask.convert("L")) > 0
    density = np.log(GLASS / np.maximum(rgb[chosen], 1))
    return np.asarray(np.maximum(np.median(density, axis=0), 0))


def _fields(
    name: str,
    fields: Sequence[Field],
    encoder: Encoder,
    *,
    mpp: float,
    is_in_domain: bool = False,
    spoil: Spoil | None = None,
) -> SourceTiles:
    """Encode fields, spoilt or not; the tiles are those of the fields as they are."""
    parts, groups = [], []
    for field in fields:
        try:
            features = _encode(field.path, encoder, mpp=mpp, spoil=spoil)
        except HistCodeError as error:
            raise CohortError(f"{field.path.name}: {error.message}", advice=error.advice) from error
        parts.append(features)
        groups += [field.slide] * len(features)
    return SourceTiles(
        name=name, is_in_domain=is_in_domain, features=np.concatenate(parts), groups=tuple(groups)
    )


def _slides(
    name: str,
    slides: Sequence[tuple[Path, str]],
    encoder: Encoder,
    *,
    mpp: float | None = None,
    remark: str,
) -> SourceTiles:
    parts = [_encode(path, encoder, mpp=mpp) for path, _ in slides]
    groups = [group for part, (_, group) in zip(parts, slides, strict=True) for _ in range(len(part))]
    return SourceTiles(
        name=name, is_in_domain=False, features=np.concatenate(parts), groups=tuple(groups), remark=remark
    )


def _encode(
    path: Path, encoder: Encoder, *, mpp: float | None, spoil: Spoil | None = None
) -> NDArray[np.float32]:
    record = encoder.record
    tiling = TilingConfig(tile_px=record.tile_px, target_mpp=record.mpp)
    with open_slide(path, mpp=mpp) as slide:
        grid = lay_tiles(slide, find_tissue(slide), tiling)
        if spoil is None:
            return encode_tiles(slide, grid, encoder).features
        width, height = slide.dimensions
        rgb = spoil(slide.read_level(0, (0, 0), (width, height)))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spoilt.png"
        Image.fromarray(rgb).save(file)
        with open_slide(file, mpp=mpp) as slide:
            return encode_tiles(slide, grid, encoder).features


def _lung(folder: Path, encoder: Encoder) -> SourceTiles:
    """Encode the middles of lung tiles, one a photograph as far as the number goes."""
    try:
        with (folder / "tiles.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise CohortError(f"The table of {folder.name} cannot be read: {error}.") from error
    first = {row["group"]: row for row in reversed(rows)}  # the first tile of each photograph
    chosen = [first[group] for group in sorted(first)]
    chosen = chosen[:: max(1, len(chosen) // LUNG_TILES)][:LUNG_TILES]
    tiles = np.stack([_middle(folder / row["file"], encoder.record.tile_px) for row in chosen])
    size, parts = default_batch_size(encoder), []
    for start in range(0, len(tiles), size):
        features, size = encode_within_memory(encoder, tiles[start : start + size], size)
        parts.append(features)
    return SourceTiles(
        name="lung (LC25000)",
        is_in_domain=False,
        features=np.concatenate(parts),
        groups=tuple(row["group"] for row in chosen),
        remark="photographs of unknown resolution, taken as they are",
    )


def _middle(path: Path, tile_px: int) -> Rgb:
    with Image.open(path) as picture:
        rgb = np.asarray(picture.convert("RGB"))
    top, left = (rgb.shape[0] - tile_px) // 2, (rgb.shape[1] - tile_px) // 2
    return rgb[top : top + tile_px, left : left + tile_px]
