"""What the tiles look like that any head learned from, for the model folder.

A viewer warns where a slide is unlike all of them. So that no source drowns the others, one tile of each
group is taken, and the groups are put together into a few parts that stand for slides.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histcode_training.field_features import encode_cohort
from histcode_training.mil.tile_cohort import read_tile_cohort
from histcode_training.spatial.section import encode_section, read_section
from histcode_training.whole.recipe import WholeParts
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.statistics import FeatureStatistics
from napari_histcode.trust.fit import FEWEST_GROUPS, fit_statistics

GROUP_PARTS = 6
"""Parts that groups of tiles are put together into: each then has about as many tiles as a slide."""


def training_statistics(
    parts: WholeParts, data: Path, encoder: Encoder, *, cache: Path | None, seed: int = 0
) -> FeatureStatistics | None:
    """Describe the tiles that the heads learned from; nothing where they are of too few slides.

    Parameters
    ----------
    parts : WholeParts
        The heads.
    data : Path
        The data folder.
    encoder : Encoder
        The encoder.
    cache : Path, optional
        Folder where features are kept: those of the training are found there again.
    seed : int
        Of the training.
    """
    features: list[NDArray[np.float32]] = []
    groups: list[str] = []
    if parts.tissue is not None:
        training = parts.tissue_split(data).training
        for field in encode_cohort(training, encoder, mpp=parts.tissue.mpp, cache=cache, seed=seed):
            features.append(field.features)
            groups += [f"slide {field.field.slide}"] * len(field)
    if parts.diagnosis is not None and parts.diagnosis.tiles is not None:
        cohort = read_tile_cohort(data, parts.diagnosis.tiles, parts.diagnosis.task)
        encoded = cohort.encode(encoder, cache=cache)
        features.append(np.stack([encoded[name][0] for name in cohort.table.slides]))
        groups += [f"group {number % GROUP_PARTS}" for number in range(len(cohort.table))]
    if parts.genes is not None:
        for name in parts.genes.sections:
            if name != parts.genes.model_held_out:
                section = read_section(data / parts.genes.folder / name, mpp=parts.genes.mpp)
                turns = parts.genes.regions.turns
                seen = encode_section(section, encoder, turns=turns, cache=cache, seed=seed)
                features.append(seen.plain)
                groups += [f"section {name}"] * len(seen)
    if len(set(groups)) < FEWEST_GROUPS:
        return None
    return fit_statistics(np.concatenate(features), groups)
