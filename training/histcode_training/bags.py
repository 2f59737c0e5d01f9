"""Bags for multiple-instance learning: random tiles of random fields, labelled by what fields they hold.

A real slide holds many tissues at once and anything from five tiles to 20,000, so a training bag mixes
one to a few fields, takes a random number of tiles of each, and carries the union of the fields' labels.
Labels stay weak: a tile never gets one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histcode_training.field_features import FieldFeatures
from histcode_training.recipe import HeadConfig


@dataclass(frozen=True, kw_only=True, eq=False)
class Bag:
    """Tiles with one label for all of them together."""

    features: NDArray[np.float32]
    """(n_tiles, feature_dim)."""
    target: NDArray[np.float32]
    """(n_classes,) 1 for every class that a field in the bag has."""

    def __len__(self) -> int:
        return len(self.features)


class BagSampler:
    """Draws training bags, balanced over classes, over slides within a class, and over fields.

    Parameters
    ----------
    fields : sequence of FieldFeatures
        Fields to draw from.
    labels : sequence of str
        Classes in the order of the target; each needs a field.
    config : HeadConfig
        Most fields in a bag, and fewest and most tiles of a field.
    """

    def __init__(self, fields: Sequence[FieldFeatures], labels: Sequence[str], config: HeadConfig) -> None:
        self._config = config
        self._n_classes = len(labels)
        # class -> slide -> fields, so that a slide with many fields does not stand for its class
        self._tree: list[list[list[FieldFeatures]]] = []
        for label in labels:
            of_label = [field for field in fields if field.field.label == label]
            if not of_label:
                raise ValueError(f"There is no field of {label!r} to draw bags from.")
            slides = sorted({field.field.slide for field in of_label})
            self._tree.append([[f for f in of_label if f.field.slide == slide] for slide in slides])

    def draw(self, random: np.random.Generator) -> Bag:
        """Draw one bag."""
        n_fields = int(random.integers(1, self._config.max_fields + 1))
        target = np.zeros(self._n_classes, dtype=np.float32)
        parts = []
        for _ in range(n_fields):
            class_index = int(random.integers(self._n_classes))
            slides = self._tree[class_index]
            fields = slides[int(random.integers(len(slides)))]
            parts.append(self._draw_tiles(fields[int(random.integers(len(fields)))], random))
            target[class_index] = 1
        return Bag(features=np.concatenate(parts), target=target)

    def _draw_tiles(self, field: FieldFeatures, random: np.random.Generator) -> NDArray[np.float32]:
        most = min(self._config.max_tiles, len(field))
        fewest = min(self._config.min_tiles, most)
        # log-uniform: as many bags between 5 and 20 tiles as between 20 and 80
        n_tiles = round(float(np.exp(random.uniform(np.log(fewest), np.log(most)))))
        return field.features[random.choice(len(field), size=n_tiles, replace=False)]


def field_bags(fields: Sequence[FieldFeatures], labels: Sequence[str]) -> tuple[Bag, ...]:
    """Make one bag of each field, whole."""
    bags = []
    for field in fields:
        target = np.zeros(len(labels), dtype=np.float32)
        target[list(labels).index(field.field.label)] = 1
        bags.append(Bag(features=field.features, target=target))
    return tuple(bags)


def mixed_bags(
    fields: Sequence[FieldFeatures], labels: Sequence[str], *, n_bags: int, seed: int
) -> tuple[Bag, ...]:
    """Make bags of two or three whole fields each, the same for the same seed.

    Parameters
    ----------
    fields : sequence of FieldFeatures
        Fields to mix; with fewer than two there is nothing to mix.
    labels : sequence of str
        Classes in the order of the target.
    n_bags : int
        How many bags.
    seed : int
        Seed of the draw.
    """
    if len(fields) < 2:
        return ()
    singles = field_bags(fields, labels)
    random = np.random.default_rng(seed)
    bags = []
    for _ in range(n_bags):
        n_fields = int(random.integers(2, min(3, len(fields)) + 1))
        chosen = [singles[i] for i in random.choice(len(singles), size=n_fields, replace=False)]
        bags.append(
            Bag(
                features=np.concatenate([bag.features for bag in chosen]),
                target=np.max([bag.target for bag in chosen], axis=0),
            )
        )
    return tuple(bags)
