"""An evaluation as JSON: the same numbers as the page, none rounded, what is missing as null."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from typing import Any

from histcode_training.measures.evaluate import RunEvaluation
from napari_histcode.json_scalar import json_scalar

VERSION = 1


def evaluation_json(evaluation: RunEvaluation, *, name: str, notes: str = "") -> dict[str, Any]:
    """Return an evaluation as JSON.

    Parameters
    ----------
    evaluation : RunEvaluation
        What was measured.
    name : str
        Name of the run.
    notes : str
        What a reader has to know.
    """
    content: dict[str, Any] = _plain(evaluation)
    for arm, found in zip(content["genes"], evaluation.genes, strict=True):
        arm["n_predicted"] = found.n_predicted
        for row, gene in zip(arm["rows"], found.rows, strict=True):
            row["is_predicted"] = gene.is_predicted
    return {"version": VERSION, "name": name, "notes": notes, **content}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return json_scalar(value)
