"""What blind reading does off the GUI thread."""

from __future__ import annotations

from napari_histcode.models.library import read_card

CLASS_ACTIVATIONS = ("softmax", "sigmoid")
"""Of heads whose outputs are classes, not amounts."""


def class_labels(model: str) -> tuple[str, ...]:
    """List the classes that a model tells apart, from its card alone.

    Raises
    ------
    ModelNotFoundError, ModelFileError
        If it cannot be read.
    """
    heads = [head for head in read_card(model).heads if head.activation in CLASS_ACTIVATIONS]
    return tuple(dict.fromkeys(output.label for head in heads for output in head.outputs))
