"""Small values with known content, for tests of any stage that comes after scoring."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_histcode.models.card import EncoderRecord
from napari_histcode.scores.scores import Prediction, SlideScores, TileMap
from napari_histcode.slide.record import Mpp, SlideRecord
from napari_histcode.tiling.grid import TileGrid, TilingConfig
from napari_histcode.tissue.mask import TissueConfig


def make_slide_record(
    dimensions: tuple[int, int] = (4000, 3000), mpp: Mpp | None = None, digest: str = "1f3a" * 16
) -> SlideRecord:
    width, height = dimensions
    levels = ((width, height), (max(width // 4, 1), max(height // 4, 1)))
    return SlideRecord(
        alias=f"slide-{digest[:8]}",
        digest=digest,
        dimensions=dimensions,
        level_dimensions=levels,
        mpp=mpp or Mpp(x=0.5, y=0.5, source="file"),
        objective=20.0,
        vendor="aperio",
        reader="tiffslide 3.0.1",
    )


def make_encoder_record() -> EncoderRecord:
    return EncoderRecord(
        name="planted-encoder",
        architecture="resnet18",
        feature_dim=512,
        tile_px=224,
        mpp=1.0,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        licence="BSD-3-Clause",
        digest="ab" * 32,
    )


def make_grid(
    n_columns: int = 5,
    n_rows: int = 4,
    *,
    overlap: float = 0.0,
    mpp: float = 0.5,
    chosen: np.ndarray | None = None,
    first: tuple[int, int] = (0, 0),
) -> TileGrid:
    """Lay tiles of 224 um on every place of a lattice (or where ``chosen`` (rows, columns) is True)."""
    config = TilingConfig(tile_px=224, target_mpp=1.0, overlap=overlap)
    size, stride = config.tile_um / mpp, config.stride_um / mpp
    if chosen is None:
        chosen = np.ones((n_rows, n_columns), bool)
    row, column = np.nonzero(chosen)
    n_columns, n_rows = chosen.shape[1] + first[0], chosen.shape[0] + first[1]
    dimensions = (int(n_columns * stride + size - stride) + 1, int(n_rows * stride + size - stride) + 1)
    index = np.stack([column + first[0], row + first[1]], axis=1).astype(np.int32)
    return TileGrid(
        index=index,
        size_px0=(size, size),
        stride_px0=(stride, stride),
        lattice_shape=(n_columns, n_rows),
        tissue_fraction=np.linspace(0.25, 1, len(index), dtype=np.float32),
        slide=make_slide_record(dimensions, Mpp(x=mpp, y=mpp, source="file")),
        config=config,
        tissue_config=TissueConfig(),
    )


def make_map(
    name: str = "tissue.attention",
    values: Sequence[float] | np.ndarray = (),
    *,
    label: str | None = None,
    is_signed: bool = False,
    quantity: str = "attention weight",
    unit: str = "",
) -> TileMap:
    head, *parts = name.split(".")
    kind = (
        parts[-1]
        if parts and parts[-1] in ("contribution", "leave_one_out", "single_tile", "integrated_gradients")
        else "attention"
    )
    return TileMap(
        name=name,
        label=label or name.replace("_", " ").replace(".", ", "),
        head=head,
        output=parts[0] if kind != "attention" else None,
        kind=kind,
        values=np.array(values, np.float32),
        quantity=quantity,
        unit=unit,
        is_signed=is_signed,
    )


def make_scores(
    n_columns: int = 5,
    n_rows: int = 4,
    *,
    grid: TileGrid | None = None,
    maps: Sequence[TileMap] | None = None,
    seed: int = 0,
    **grid_options: object,
) -> SlideScores:
    """Make scores with attention, two signed class maps and a gene map of random values."""
    grid = make_grid(n_columns, n_rows, **grid_options) if grid is None else grid
    if maps is None:
        random = np.random.default_rng(seed)
        attention = random.gamma(0.5, size=len(grid))
        maps = (
            make_map("tissue.attention", attention / attention.sum(), label="tissue attention"),
            make_map(
                "tissue.viable_tumour.single_tile", random.normal(size=len(grid)), is_signed=True,
                label="viable tumour, single tile", quantity="log-odds",
            ),
            make_map(
                "tissue.necrosis.contribution", random.normal(0, 1e-3, len(grid)), is_signed=True,
                label="necrosis, contribution", quantity="log-odds",
            ),
            make_map(
                "genes.CD3E.single_tile", random.normal(1, 0.5, len(grid)), is_signed=True,
                label="CD3E, single tile", quantity="log2 fold change", unit="log2",
            ),
        )  # fmt: skip
    weights = {m.head: np.asarray(m.values, float) for m in maps if m.kind == "attention"}
    return SlideScores(
        grid=grid,
        predictions=(
            Prediction(
                head="tissue", output="viable_tumour", label="viable tumour", value=0.9241418, raw=2.5,
                quantity="probability",
            ),
            Prediction(
                head="tissue", output="necrosis", label="necrosis", value=0.1, raw=-2.1972246,
                quantity="probability",
            ),
            Prediction(
                head="genes", output="CD3E", label="CD3E", value=1.25, raw=1.25,
                quantity="log2 fold change", unit="log2",
            ),
        ),
        maps=tuple(maps),
        effective_tiles={head: effective_number(w) for head, w in weights.items()},
        model_name="planted",
        model_version="1.2.0",
        model_digest="cd" * 32,
        encoder=make_encoder_record(),
        n_corrupt=3,
    )  # fmt: skip


def effective_number(weights: np.ndarray) -> float:
    weights = weights[np.isfinite(weights)]
    return float(weights.sum() ** 2 / (weights**2).sum()) if weights.any() else float(len(weights))
