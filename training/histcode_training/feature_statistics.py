"""What the training tiles look like, for the model folder: so that a viewer can say that a slide does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from histcode_training.field_features import FieldFeatures, encode_cohort
from histcode_training.recipe import Recipe
from histcode_training.splits import Split
from napari_histcode.models.card import DomainRecord, ModelCard
from napari_histcode.models.model import Model
from napari_histcode.models.model_file import add_statistics
from napari_histcode.models.statistics import FeatureStatistics
from napari_histcode.trust.fit import fit_statistics


def field_statistics(fields: Sequence[FieldFeatures]) -> FeatureStatistics:
    """Describe the tiles of fields as the pipeline sees them, each once; slides are held out in turn.

    Raises
    ------
    TrainingFeaturesError
        If they are of fewer than three slides.
    """
    features = np.concatenate([field.features for field in fields])
    slides = [field.field.slide for field in fields for _ in range(len(field))]
    return fit_statistics(features, slides)


def domain_of(recipe: Recipe) -> DomainRecord:
    """Say in a comparable way what a recipe's model learns from."""
    return DomainRecord(
        organs=recipe.model.organs, stains=recipe.model.stains, mpp_range=(recipe.mpp, recipe.mpp)
    )


def describe_training(
    model: Model, folder: Path, split: Split, recipe: Recipe, *, cache: Path | None = None
) -> ModelCard:
    """Put statistics and domain into the folder of a model that was trained before; its weights stay.

    Parameters
    ----------
    model : Model
        The model in that folder.
    folder : Path
        The model folder.
    split : Split
        Slides; only the training part is looked at.
    recipe : Recipe
        The recipe that trained it.
    cache : Path, optional
        Folder where features are kept from run to run.

    Returns
    -------
    ModelCard
        As written.

    Raises
    ------
    HistCodeError
        If fields cannot be read, or the folder cannot be written.
    """
    fields = encode_cohort(split.training, model.encoder, mpp=recipe.mpp, cache=cache)
    domain = domain_of(recipe)
    heads = tuple(replace(head, trained_on=domain) for head in model.card.heads)
    return add_statistics(folder, field_statistics(fields), heads=heads)
