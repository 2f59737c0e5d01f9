"""Losses of bags, in which targets that nobody knows do not count."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from histcode_training.errors import CohortError
from histcode_training.mil.config import Task


def bag_loss(outputs: Tensor, target: Tensor, task: Task, weights: Tensor | None = None) -> Tensor:
    """Mean loss over the targets that are known.

    Parameters
    ----------
    outputs : Tensor
        (b, n_outputs) before the activation.
    target : Tensor
        (b, n_outputs); NaN where nobody knows.
    task : Task
        Squared error for regression, else the logistic loss or cross-entropy.
    weights : Tensor, optional
        (n_outputs,) from `class_weights`.

    Returns
    -------
    Tensor
        Zero, with a gradient of zero, if nothing is known.
    """
    if task == "multi_class":
        is_known = torch.isfinite(target).all(dim=1)
        if not bool(is_known.any()):
            return outputs.sum() * 0
        return cross_entropy(outputs[is_known], target[is_known].argmax(dim=1), weight=weights)
    is_known = torch.isfinite(target)
    if not bool(is_known.any()):
        return outputs.sum() * 0
    filled = torch.where(is_known, target, 0)
    if task == "regression":
        loss = (outputs - filled).square()
    else:
        loss = binary_cross_entropy_with_logits(outputs, filled, pos_weight=weights, reduction="none")
    return loss[is_known].mean()


def class_weights(targets: NDArray[np.floating], task: Task, names: tuple[str, ...]) -> Tensor | None:
    """Weigh classes by how rare they are.

    Parameters
    ----------
    targets : ndarray, (n_bags, n_outputs)
        Of the training bags.
    task : Task
        Classes that exclude each other get weights n / (n_classes n_c); others a weight of their
        positives, n_negative / n_positive. Regression has none.
    names : tuple of str
        Names of the outputs, for the message.

    Raises
    ------
    CohortError
        If a class has no example, or (where classes do not exclude each other) no counterexample.
    """
    if task == "regression":
        return None
    positive = np.nansum(targets == 1, axis=0).astype(float)
    negative = np.nansum(targets == 0, axis=0).astype(float)
    for name, n_positive, n_negative in zip(names, positive, negative, strict=True):
        if not n_positive or (task != "multi_class" and not n_negative):
            which = "example" if not n_positive else "counterexample"
            raise CohortError(
                f"The training bags hold no {which} of {name!r}.",
                advice="Choose other folds, or leave the class out.",
            )
    if task == "multi_class":
        return torch.tensor(positive.sum() / (len(positive) * positive), dtype=torch.float32)
    return torch.tensor(negative / positive, dtype=torch.float32)
