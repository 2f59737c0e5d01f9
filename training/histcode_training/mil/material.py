"""Read a recipe's cohort and features into bags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histcode_training.cohorts.read import read_cohort_table
from histcode_training.cohorts.table import CohortTable
from histcode_training.encoders import half_imagenet_encoder
from histcode_training.mil.bag import MilBag
from histcode_training.mil.feature_files import check_same_encoder, find_bag_file, read_bag_file
from histcode_training.mil.field_cohort import FieldCohort, read_field_cohort
from histcode_training.mil.recipe import HeadsRecipe
from histcode_training.mil.tile_cohort import TileCohort, read_tile_cohort
from histcode_training.recipe import TileGeometry
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.model_file import load_model


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """A cohort with its bags."""

    table: CohortTable
    """The cohort."""
    bags: dict[str, MilBag]
    """Bag of each slide."""
    imagenet_bags: dict[str, MilBag] | None
    """The same with ImageNet features; None where there are none, or the bags have them already."""
    encoder: Encoder | None
    """The encoder that a model file would hold."""

    def of(self, slides: tuple[str, ...], *, is_imagenet: bool = False) -> list[MilBag]:
        """Return the bags of some slides."""
        bags = self.imagenet_bags if is_imagenet and self.imagenet_bags is not None else self.bags
        return [bags[name] for name in slides]


def read_material(
    recipe: HeadsRecipe,
    data: Path,
    *,
    cache: Path | None = None,
    device: str = "cpu",
    encoder: Encoder | None = None,
) -> Material:
    """Read everything a run learns from.

    Parameters
    ----------
    recipe : HeadsRecipe
        The run.
    data : Path
        The data folder.
    cache : Path, optional
        Folder where features of tiles are kept from run to run.
    device : str
        Where tiles are encoded.
    encoder : Encoder, optional
        Takes the place of that of ``features.model``.

    Raises
    ------
    HistCodeError
        If the cohort is incomplete, a feature file is missing, damaged, empty or of another encoder, or the
        model cannot be loaded.
    """
    if encoder is None and recipe.features.model:
        encoder = load_model(recipe.features.model, device=device).encoder
    pictures = _pictures(recipe, data)
    if pictures is not None and encoder is not None:
        features = pictures.encode(encoder, cache=cache)
        imagenet = _imagenet_beside(encoder, recipe, device=device)
        other = pictures.encode(imagenet, cache=cache) if imagenet is not None else None
        table = pictures.table.select(tuple(features))
    else:
        assert recipe.cohort is not None  # noqa: S101 - the recipe has one of the three
        table = read_cohort_table(data, recipe.cohort, recipe.task)
        digest = encoder.record.digest if encoder is not None else ""
        features = _read_features(data / recipe.features.folder, table, digest)
        folder = recipe.features.imagenet_folder
        other = _read_features(data / folder, table, "") if folder else None
    return Material(
        table=table,
        bags=_bags(table, features),
        imagenet_bags=_bags(table, other) if other is not None else None,
        encoder=encoder,
    )


def _pictures(recipe: HeadsRecipe, data: Path) -> TileCohort | FieldCohort | None:
    """Read the cohort of pictures that an encoder turns into bags; None where bags come from files."""
    if recipe.tiles is not None:
        return read_tile_cohort(data, recipe.tiles, recipe.task)
    if recipe.fields is not None:
        return read_field_cohort(data, recipe.fields, recipe.task)
    return None


def _imagenet_beside(encoder: Encoder, recipe: HeadsRecipe, *, device: str) -> Encoder | None:
    """Return the ImageNet encoder for the baseline, unless it is not wanted or the encoder is just that."""
    if not recipe.features.has_imagenet_baseline:
        return None
    geometry = TileGeometry(tile_px=encoder.record.tile_px, mpp=encoder.record.mpp)
    imagenet = half_imagenet_encoder(geometry, device=device)
    return None if imagenet.record.digest == encoder.record.digest else imagenet


def _read_features(folder: Path, table: CohortTable, digest: str) -> dict[str, NDArray[np.float32]]:
    files = {slide: read_bag_file(find_bag_file(folder, slide)) for slide in table.slides}
    check_same_encoder(files, digest=digest)
    return {slide: bag.features for slide, bag in files.items()}


def _bags(table: CohortTable, features: dict[str, NDArray[np.float32]]) -> dict[str, MilBag]:
    return {
        slide: MilBag(name=slide, features=features[slide], target=target, group=patient)
        for slide, patient, target in zip(table.slides, table.patients, table.targets, strict=True)
    }
