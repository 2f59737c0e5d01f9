"""Run a model's heads on a bag: slide predictions and every map of every head."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.card import HeadRecord, OutputRecord
from napari_histcode.models.heads import Head, HeadExplanation, activate
from napari_histcode.models.model import Model
from napari_histcode.scores.maps import contribution, effective_number, leave_one_out
from napari_histcode.scores.scores import MapKind, Prediction, SlideScores, TileMap


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
    model.check_features(bag.encoder)
    predictions: list[Prediction] = []
    maps: list[TileMap] = []
    effective_tiles: dict[str, float] = {}
    for head in model.heads:
        explanation = head.explain(bag.features)
        predictions.extend(_predictions(head.record, explanation))
        maps.extend(_maps(head, explanation))
        effective_tiles[head.record.name] = effective_number(explanation.attention)
    return SlideScores(
        grid=bag.grid,
        predictions=tuple(predictions),
        maps=tuple(maps),
        effective_tiles=effective_tiles,
        model_name=model.card.name,
        model_version=model.card.version,
        model_digest=model.card.weights_digest,
        encoder=bag.encoder,
        n_corrupt=bag.n_corrupt,
    )


def _predictions(record: HeadRecord, explanation: HeadExplanation) -> Iterator[Prediction]:
    values = activate(explanation.outputs, record.activation)
    for output, value, raw in zip(record.outputs, values, explanation.outputs, strict=True):
        is_class = record.activation != "identity"
        yield Prediction(
            head=record.name,
            output=output.name,
            label=output.label,
            value=float(value),
            raw=float(raw),
            quantity="probability" if is_class else output.quantity,
            unit="" if is_class else output.unit,
        )


def _maps(head: Head, explanation: HeadExplanation) -> Iterator[TileMap]:
    record = head.record
    yield TileMap(
        name=f"{record.name}.attention",
        label=f"{record.label}, attention",
        head=record.name,
        output=None,
        kind="attention",
        values=np.array(explanation.attention, dtype=np.float32),
        quantity="attention weight",
        unit="",
        is_signed=False,
    )
    per_kind: dict[MapKind, NDArray[np.float32]] = {
        "single_tile": explanation.single_tile,
        "contribution": contribution(explanation.attention, explanation.single_tile, explanation.bias),
        "leave_one_out": leave_one_out(
            explanation.attention, explanation.single_tile, explanation.outputs, explanation.bias
        ),
    }
    for column, output in enumerate(record.outputs):
        for kind, values in per_kind.items():
            yield _output_map(record, output, kind, values[:, column])


def _output_map(
    record: HeadRecord, output: OutputRecord, kind: MapKind, values: NDArray[np.float32]
) -> TileMap:
    shown_kind = kind.replace("_", "-")
    return TileMap(
        name=f"{record.name}.{output.name}.{kind}",
        label=f"{output.label}, {shown_kind}",
        head=record.name,
        output=output.name,
        kind=kind,
        values=np.ascontiguousarray(values, dtype=np.float32),
        quantity=output.quantity,
        unit=output.unit,
        is_signed=kind != "single_tile" or record.activation != "identity",
    )
