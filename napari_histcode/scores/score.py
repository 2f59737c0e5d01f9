"""Run a model's heads on a bag: slide predictions and every map of every head."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.activation import activate
from napari_histcode.models.card import HeadRecord, OutputRecord
from napari_histcode.models.explanation import HeadExplanation
from napari_histcode.scores.explanation import BagExplanation, ExplainedHead, explain_bag
from napari_histcode.scores.maps import Floats, contribution, effective_number, leave_one_out
from napari_histcode.scores.scores import MapKind, Prediction, SlideScores, TileMap

if TYPE_CHECKING:
    from napari_histcode.models.model import Model

KIND_NAMES: dict[MapKind, str] = {
    "attention": "attention",
    "single_tile": "single-tile",
    "contribution": "contribution",
    "leave_one_out": "leave-one-out",
    "integrated_gradients": "integrated gradients",
}
"""Kinds of maps as labels and tables name them."""

_COMPUTE: dict[MapKind, Callable[[HeadExplanation], Floats]] = {
    "single_tile": lambda parts: parts.single_tile,
    "contribution": lambda parts: contribution(parts.attention, parts.single_tile, parts.bias),
    "leave_one_out": leave_one_out,
}


def score_bag(bag: FeatureBag, model: Model) -> SlideScores:
    """Predict the slide and explain the prediction tile by tile.

    Parameters
    ----------
    bag : FeatureBag
        Features made by this model's encoder.
    model : Model
        The heads.

    Returns
    -------
    SlideScores
        Predictions and maps of all heads.

    Raises
    ------
    ModelMismatchError
        If another encoder made the features.
    """
    return scores_of(explain_bag(bag, model))


def scores_of(explanation: BagExplanation, *, maps: Collection[str] | None = None) -> SlideScores:
    """Read predictions and maps off an explanation.

    Parameters
    ----------
    explanation : BagExplanation
        From `explain_bag`.
    maps : collection of str, optional
        Names of the maps to compute; all of them if not given. Names of no map are passed over.
    """
    return SlideScores(
        grid=explanation.grid,
        predictions=tuple(prediction for head in explanation.heads for prediction in predictions_of(head)),
        maps=tuple(tile_map for head in explanation.heads for tile_map in maps_of(head, maps)),
        effective_tiles={head.name: effective_number(head.parts.attention) for head in explanation.heads},
        model_name=explanation.model_name,
        model_version=explanation.model_version,
        model_digest=explanation.model_digest,
        encoder=explanation.encoder,
        n_corrupt=explanation.n_corrupt,
    )


def predictions_of(head: ExplainedHead) -> Iterator[Prediction]:
    """Give what a head says of the slide, one prediction an output."""
    record, raw_outputs = head.record, head.parts.outputs
    values = activate(raw_outputs, record.activation)
    is_class = record.activation != "identity"
    for output, value, raw in zip(record.outputs, values, raw_outputs, strict=True):
        yield Prediction(
            head=record.name,
            output=output.name,
            label=output.label,
            value=float(value),
            raw=float(raw),
            quantity="probability" if is_class else output.quantity,
            unit="" if is_class else output.unit,
        )


def maps_of(head: ExplainedHead, names: Collection[str] | None = None) -> Iterator[TileMap]:
    """Compute the exact maps of a head: attention, and three for each output.

    Parameters
    ----------
    head : ExplainedHead
        The head's answer.
    names : collection of str, optional
        Only maps of these names.
    """
    record, parts = head.record, head.parts
    if names is None or f"{record.name}.attention" in names:
        yield TileMap(
            name=f"{record.name}.attention",
            label=f"{record.label}, attention",
            head=record.name,
            output=None,
            kind="attention",
            values=parts.attention.copy(),
            quantity="attention weight",
            unit="",
            is_signed=False,
        )
    per_kind = {
        kind: np.asfortranarray(compute(parts))  # one output's values side by side
        for kind, compute in _COMPUTE.items()
        if _is_wanted(record, kind, names)
    }
    for column, output in enumerate(record.outputs):
        for kind, values in per_kind.items():
            if names is None or map_name(record, output, kind) in names:
                yield output_map(record, output, kind, values[:, column])


def map_name(record: HeadRecord, output: OutputRecord, kind: MapKind) -> str:
    """Return the name of an output's map of one kind."""
    return f"{record.name}.{output.name}.{kind}"


def output_map(
    record: HeadRecord, output: OutputRecord, kind: MapKind, values: NDArray[np.float32]
) -> TileMap:
    """Put the values of an output's map under its name.

    Parameters
    ----------
    record : HeadRecord
        The head.
    output : OutputRecord
        One of its outputs.
    kind : MapKind
        What is painted.
    values : ndarray, (n_tiles,)
        Becomes read-only.
    """
    return TileMap(
        name=map_name(record, output, kind),
        label=f"{output.label}, {KIND_NAMES[kind]}",
        head=record.name,
        output=output.name,
        kind=kind,
        values=np.ascontiguousarray(values, dtype=np.float32),
        quantity=output.quantity,
        unit=output.unit,
        is_signed=kind != "single_tile" or record.activation != "identity" or output.is_signed,
    )


def _is_wanted(record: HeadRecord, kind: MapKind, names: Collection[str] | None) -> bool:
    return names is None or any(map_name(record, output, kind) in names for output in record.outputs)
