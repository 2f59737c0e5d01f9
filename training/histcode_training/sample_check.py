"""Run the whole pipeline on the sample slide and compare its maps with the regions beside it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from histcode_training.recipe import Recipe
from napari_histcode.annotations import read_geojson
from napari_histcode.comparison.ranking import Interval, auroc_with_interval
from napari_histcode.comparison.tile_labels import label_tiles
from napari_histcode.features.encode import encode_tiles
from napari_histcode.models.model import Model
from napari_histcode.scores.score import score_bag
from napari_histcode.slide import open_slide
from napari_histcode.tiling import TilingConfig
from napari_histcode.tiling.lay import lay_tiles
from napari_histcode.tissue.find import find_tissue


@dataclass(frozen=True, kw_only=True)
class SampleCheck:
    """What a model says of the sample slide."""

    tile_auroc: dict[str, dict[str, Interval]]
    """Map kind to class to AUROC, with an interval over blocks of one field."""
    predictions: dict[str, float]
    """Class to the slide's probability."""
    n_tiles: int
    """Tiles of the slide."""


def check_sample(model: Model, slide_path: Path, recipe: Recipe) -> SampleCheck:
    """Analyse the sample slide and measure every map of the model's first head.

    Parameters
    ----------
    model : Model
        A model of this recipe.
    slide_path : Path
        The sample slide; its regions have the same name with ``.geojson``.
    recipe : Recipe
        Which region stands for which output.

    Raises
    ------
    HistCodeError
        If slide or regions cannot be read.
    """
    record = model.encoder.record
    with open_slide(slide_path) as slide:
        tiling = TilingConfig(tile_px=record.tile_px, target_mpp=record.mpp)
        grid = lay_tiles(slide, find_tissue(slide), tiling)
        scores = score_bag(encode_tiles(slide, grid, model.encoder), model)
    annotations = read_geojson(slide_path.with_suffix(".geojson"))
    block_um = block_of_fields(
        [annotation.geometry.bounds for annotation in annotations], scores.grid.mpp.mean
    )
    head = model.heads[0].record.name
    found: dict[str, dict[str, Interval]] = {}
    for tissue in recipe.classes:
        labels = label_tiles(scores.grid, annotations, [tissue.region])
        names = {"attention": f"{head}.attention"} | {
            kind: f"{head}.{tissue.name}.{kind}" for kind in ("single_tile", "contribution", "leave_one_out")
        }
        for kind, name in names.items():
            values = scores.map(name).values
            interval = auroc_with_interval(values, labels, scores.grid, block_um=block_um)
            found.setdefault(kind, {})[tissue.name] = interval
    return SampleCheck(
        tile_auroc=found,
        predictions={prediction.output: prediction.value for prediction in scores.predictions},
        n_tiles=len(scores.grid),
    )


def block_of_fields(bounds: list[tuple[float, float, float, float]], mpp: float) -> float:
    """Return the distance from field to field in micrometres: a block of the bootstrap holds about one.

    Parameters
    ----------
    bounds : list of tuple
        Left, top, right and bottom of each field in level-0 pixels.
    mpp : float
        Micrometres per pixel.
    """
    lefts = sorted({left for left, *_ in bounds})
    steps = [after - before for before, after in pairwise(lefts)]
    return min(steps, default=bounds[0][2] - bounds[0][0]) * mpp
