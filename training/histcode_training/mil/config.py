"""Every choice about a head and its training, as a recipe's table ``[training]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from histcode_training.errors import RecipeError

MilPooling = Literal["gated_attention", "mean", "max", "top_k", "clam"]
"""How tiles become a bag. "clam" is gated attention with an instance loss beside it. Heads of "max" and
"top_k" pool tile scores and not embeddings: they have no place in a model file and are baselines."""

Task = Literal["binary", "multi_class", "multi_label", "regression"]
"""What the outputs are: one class, classes that exclude each other, classes that do not, or quantities."""

EXPORTABLE: tuple[MilPooling, ...] = ("gated_attention", "mean", "clam")
"""Poolings whose head a model file can hold."""


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Shape of a head and how it is trained."""

    pooling: MilPooling = "gated_attention"
    """How tiles become a bag."""
    hidden_dim: int = 128
    """Length of the tile embedding."""
    attention_dim: int = 64
    """Width of the gate."""
    dropout: float = 0.25
    """Share dropped after the embedding and in the gate."""
    feature_dropout: float = 0.25
    """Share of the features dropped, the same ones for all tiles of a bag."""
    learning_rate: float = 3e-4
    """Step of Adam."""
    weight_decay: float = 1e-2
    """Decoupled decay of the weights."""
    epochs: int = 60
    """Most epochs."""
    patience: int = 10
    """Epochs without a better validation loss after which training stops."""
    stop_by: Literal["loss", "correlation"] = "loss"
    """What is best on the validation bags: the least loss, or, in regression, the greatest mean over the
    outputs of Pearson's correlation. A cohort with an offset of its own has a great loss whatever was
    learned, and its correlation does not mind."""
    bags_per_step: int = 8
    """Bags whose gradients make one step."""
    max_tiles: int = 512
    """Most tiles of a bag in a training step, drawn anew each time; validation takes all."""
    is_weighted: bool = True
    """Whether rare classes weigh more in the loss."""
    top_k: tuple[int, ...] = (1, 2, 5, 10, 20, 50, 100)
    """Numbers of best tiles of "top_k": one of them a training step, the mean over all of them in use."""
    instance_tiles: int = 8
    """Most and least attended tiles that the instance loss of "clam" labels, each."""
    instance_weight: float = 0.3
    """Share of the instance loss in the whole loss of "clam"."""

    def __post_init__(self) -> None:
        if self.pooling not in get_args(MilPooling):
            raise RecipeError(
                f"There is no pooling {self.pooling!r}.",
                advice=f"Known are {', '.join(get_args(MilPooling))}.",
            )
        for name in ("hidden_dim", "attention_dim", "epochs", "patience", "bags_per_step", "max_tiles"):
            if getattr(self, name) < 1:
                raise RecipeError(f"training: {name} is {getattr(self, name)}, and at least 1 is needed.")
        for name in ("dropout", "feature_dropout", "instance_weight"):
            if not 0 <= getattr(self, name) < 1:
                raise RecipeError(f"training: {name} is {getattr(self, name)}, not from 0 to below 1.")
        if not self.top_k or min(self.top_k) < 1 or self.instance_tiles < 1:
            raise RecipeError("training: top_k and instance_tiles are at least 1.")


def check_task(task: str) -> Task:
    """Return a task whose name is known.

    Raises
    ------
    RecipeError
        If it is not.
    """
    tasks: tuple[Task, ...] = get_args(Task)
    for known in tasks:
        if task == known:
            return known
    raise RecipeError(f"There is no task {task!r}.", advice=f"Known are {', '.join(get_args(Task))}.")
