"""What a model's heads say of a bag, taken apart: the common ground of maps, faithfulness and what-if.

Everything that follows from it is arithmetic on two arrays a head, the attention logits and the single-tile
outputs: neither features nor torch are needed any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_histcode.errors import UnknownMapError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.card import EncoderRecord, HeadRecord
from napari_histcode.models.explanation import HeadExplanation, pool_tiles
from napari_histcode.tiling.grid import TileGrid

if TYPE_CHECKING:
    from napari_histcode.models.model import Model


@dataclass(frozen=True, kw_only=True, eq=False)
class ExplainedHead:
    """One head's answer about a bag."""

    record: HeadRecord
    """The head."""
    parts: HeadExplanation
    """Its answer, taken apart."""

    @property
    def name(self) -> str:
        """Identifier of the head."""
        return self.record.name

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> ExplainedHead:
        """Return the head's answer about only the chosen tiles, exactly as if it had seen no others."""
        parts = pool_tiles(
            self.parts.attention_logits[chosen], self.parts.single_tile[chosen], self.parts.bias
        )
        return replace(self, parts=parts)


@dataclass(frozen=True, kw_only=True, eq=False)
class BagExplanation:
    """The answers of all heads about a bag, with all that scores carry on."""

    grid: TileGrid
    """The tiles, in the order of all arrays."""
    heads: tuple[ExplainedHead, ...]
    """One a head of the model."""
    model_name: str
    """Name of the model."""
    model_version: str
    """Its version."""
    model_digest: str
    """SHA-256 of its weights file."""
    encoder: EncoderRecord
    """The encoder that made the features."""
    n_corrupt: int = 0
    """Tiles that could not be decoded."""

    def __post_init__(self) -> None:
        for head in self.heads:
            if len(head.parts.attention_logits) != len(self.grid):
                raise ValueError(
                    f"Head {head.name!r} explains {len(head.parts.attention_logits)} tiles of a grid of "
                    f"{len(self.grid)}."
                )

    def __len__(self) -> int:
        return len(self.grid)

    def head(self, name: str) -> ExplainedHead:
        """Return the head of that name.

        Raises
        ------
        UnknownMapError
            If there is none; the advice lists those there are.
        """
        for head in self.heads:
            if head.name == name:
                return head
        raise UnknownMapError(
            f"Model {self.model_name!r} has no head {name!r}.",
            advice=f"There are: {', '.join(head.name for head in self.heads) or 'none'}.",
        )

    def select(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> BagExplanation:
        """Return the answers about only the chosen tiles (a mask or positions); none is allowed."""
        return replace(
            self, grid=self.grid.select(chosen), heads=tuple(head.select(chosen) for head in self.heads)
        )


def column_of(record: HeadRecord, output: str) -> int:
    """Return the position of an output among those of a head.

    Raises
    ------
    UnknownMapError
        If the head has none of that name; the advice lists those there are.
    """
    names = [one.name for one in record.outputs]
    if output not in names:
        raise UnknownMapError(
            f"Head {record.name!r} has no output {output!r}.", advice=f"There are: {', '.join(names)}."
        )
    return names.index(output)


def explain_bag(bag: FeatureBag, model: Model) -> BagExplanation:
    """Take the answers of all heads of a model about a bag apart.

    Parameters
    ----------
    bag : FeatureBag
        Features made by this model's encoder.
    model : Model
        The heads.

    Returns
    -------
    BagExplanation
        From which predictions and maps follow; see `napari_histcode.scores.score.scores_of`.

    Raises
    ------
    ModelMismatchError
        If another encoder made the features.
    """
    model.check_features(bag.encoder)
    return BagExplanation(
        grid=bag.grid,
        heads=tuple(
            ExplainedHead(record=head.record, parts=head.explain(bag.features)) for head in model.heads
        ),
        model_name=model.card.name,
        model_version=model.card.version,
        model_digest=model.card.weights_digest,
        encoder=bag.encoder,
        n_corrupt=bag.n_corrupt,
    )
