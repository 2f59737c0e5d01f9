r"""Integrated gradients through a head: what each tile added on the way from no features to the slide's.

The path goes in a straight line from a bag of as many tiles with features of zero (what xMIL shows a model as
an empty bag) to the bag, :math:`x_i(\alpha) = \alpha x_i`. A tile's attribution is the sum over its features
of :math:`x_{id}` times the mean gradient on the path (Sundararajan, Taly and Yan, ICML 2017, arXiv
1703.01365), which is the mean of the directional derivative

.. math:: \int_0^1 a_i \left[ t_i' + (t_i - y)\, s_i' \right] d\alpha

with attention weights :math:`a_i(\alpha)`, single-tile outputs :math:`t_i`, attention logits :math:`s_i`, the
bag's output :math:`y`, and :math:`'` the derivative along the path. The first term is what the tile says, the
second one what it does to everybody's attention. Tiles are coupled by the softmax alone: logits and outputs
are computed chunk by chunk, and two sums over all tiles are all that they have to know of each other. No
graph is kept, and beside the result there is one embedding a tile in memory.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_histcode.errors import ModelMismatchError, NoTilesError
from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.attention import GatedAttention
from napari_histcode.models.heads import CHUNK_TILES, AttentionHead
from napari_histcode.models.model import Model
from napari_histcode.models.workers import map_over_cores
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from napari_histcode.scores.explanation import column_of
from napari_histcode.scores.score import output_map
from napari_histcode.scores.scores import TileMap

Floats = NDArray[np.float64]

N_STEPS = 32
"""Places on the path by default."""

TOLERANCE = 0.01
"""Share of all that tiles moved the output, up and down, by which the attributions may miss its change."""


@dataclass(frozen=True, kw_only=True, eq=False)
class IntegratedGradients:
    """Attributions of one head's outputs to the tiles, and whether they add up."""

    maps: tuple[TileMap, ...]
    """One an output, of kind "integrated_gradients"; signed, in units of the raw output."""
    outputs: NDArray[np.float64]
    """(n_maps,) raw output of the bag."""
    baseline: NDArray[np.float64]
    """(n_maps,) raw output of the bag of zero features, where the path begins."""
    residual: NDArray[np.float64]
    """(n_maps,) sum of the attributions less the change of the output; 0 if the integral were exact."""
    tolerance: NDArray[np.float64]
    """(n_maps,) what the residual may be: `TOLERANCE` of all that tiles moved the output on the path."""
    n_steps: int
    """Places on the path."""

    @property
    def is_complete(self) -> bool:
        """Whether all residuals are within their tolerance; otherwise take more steps."""
        return bool((np.abs(self.residual) <= self.tolerance).all())


def integrate_gradients(
    bag: FeatureBag,
    model: Model,
    head: str,
    *,
    outputs: Collection[str] | None = None,
    n_steps: int = N_STEPS,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> IntegratedGradients:
    """Attribute a head's outputs to the tiles by integrated gradients.

    Parameters
    ----------
    bag : FeatureBag
        Features made by this model's encoder.
    model : Model
        The model.
    head : str
        Name of one of its heads.
    outputs : collection of str, optional
        Names of the outputs; all of the head if not given. More of them cost next to nothing.
    n_steps : int
        Places on the path (Gauss-Legendre). The residual says whether they were enough.
    progress : callable
        Called with a `Progress` after every step.
    cancel : CancelToken, optional
        Looked at once a chunk of tiles.

    Raises
    ------
    ModelMismatchError
        If another encoder made the features, or they are not finite.
    UnknownMapError
        If there is no such head or output.
    NoTilesError
        If the bag is empty.
    AnalysisCancelledError
        If it was cancelled.
    """
    model.check_features(bag.encoder)
    if not len(bag):
        raise NoTilesError("The bag has no tiles.", advice="Check the tissue mask.")
    if n_steps < 1:
        raise ValueError(f"n_steps is at least 1, not {n_steps}.")
    chosen = model.head(head)
    record = chosen.record
    columns = [column_of(record, name) for name in outputs or [one.name for one in record.outputs]]
    path = _Path(chosen.module, bag.features, cancel or CancelToken())
    moved, travelled = (part[..., columns] for part in _integrate(path, n_steps, progress))
    begin, end = path.at(0.0).outputs[columns], path.at(1.0).outputs[columns]
    if not np.isfinite(travelled).all():
        raise ModelMismatchError(
            "The features of this bag hold values that are not finite.", advice="Encode the slide again."
        )
    values = moved.astype(np.float32)
    return IntegratedGradients(
        maps=tuple(
            output_map(record, record.outputs[column], "integrated_gradients", values[:, k])
            for k, column in enumerate(columns)
        ),
        outputs=end,
        baseline=begin,
        residual=moved.sum(axis=0) - (end - begin),
        tolerance=TOLERANCE * travelled,
        n_steps=n_steps,
    )


def _integrate(path: _Path, n_steps: int, progress: ProgressCallback) -> tuple[Floats, Floats]:
    """Integrate the tiles' moves (n_tiles, n_outputs), and the sum of their sizes (n_outputs,)."""
    nodes, weights = np.polynomial.legendre.leggauss(n_steps)  # on [-1, 1]
    moved, travelled = np.zeros((path.n_tiles, path.n_outputs)), np.zeros(path.n_outputs)
    began = time.monotonic()
    for step, (node, weight) in enumerate(zip(nodes, weights, strict=True), start=1):
        step_moved = weight / 2 * path.at((node + 1) / 2).derivative
        moved += step_moved
        travelled += np.abs(step_moved).sum(axis=0)
        elapsed = time.monotonic() - began
        progress(
            Progress(stage="integrating gradients", done=step, total=n_steps, unit="steps", elapsed_s=elapsed)
        )
    return moved, travelled


class _Place(NamedTuple):
    """A head's outputs at one place of the path, and how fast each tile moves them there."""

    outputs: Floats  # (n_outputs,)
    derivative: Floats  # (n_tiles, n_outputs)


class _Path:
    """The bags ``alpha * features`` as a head sees them, from alpha = 0 to 1."""

    def __init__(self, module: AttentionHead, features: NDArray[np.floating], cancel: CancelToken) -> None:
        self.n_tiles, self.n_outputs = len(features), module.n_outputs
        self._module = module
        self._cancel = cancel
        chunks = [features[i : i + CHUNK_TILES] for i in range(0, len(features), CHUNK_TILES)]
        self._embedded = map_over_cores(self._embed, chunks)

    def at(self, alpha: float) -> _Place:
        parts = map_over_cores(lambda chunk: self._follow(chunk, alpha), self._embedded)
        logits, logits_slope, single, single_slope = (
            np.concatenate(part).astype(np.float64) for part in zip(*parts, strict=True)
        )
        weight = np.exp(logits - logits.max())
        attention = (weight / weight.sum())[:, None]
        outputs = (attention * single).sum(axis=0)
        slope = single_slope + (single - outputs) * logits_slope[:, None]
        return _Place(outputs=outputs, derivative=attention * slope)

    @torch.inference_mode()
    def _embed(self, features: NDArray[np.floating]) -> Tensor:
        self._cancel.raise_if_cancelled()
        weight = self._module.embed.weight
        x = torch.tensor(np.ascontiguousarray(features, np.float32), device=weight.device)
        return x @ weight.T  # (n, hidden_dim) W1 x; on the path it is alpha times that

    @torch.inference_mode()
    def _follow(self, embedded: Tensor, alpha: float) -> tuple[NDArray[np.float32], ...]:
        """Logits (n,), single-tile outputs (n, n_outputs), and the derivative of both along the path."""
        self._cancel.raise_if_cancelled()
        module = self._module
        before = alpha * embedded + module.embed.bias  # (n, hidden_dim)
        hidden = torch.relu(before)
        slope = embedded * (before > 0)  # (n, hidden_dim) of the embedding
        single, single_slope = module.output(hidden), slope @ module.output.weight.T  # (n, n_outputs)
        if module.attention is None:
            logits = logits_slope = hidden.new_zeros(len(hidden))
        else:
            logits, logits_slope = _gate(module.attention, hidden, slope)
        return tuple(part.cpu().numpy() for part in (logits, logits_slope, single, single_slope))


def _gate(attention: GatedAttention, hidden: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """Attention logits (n,) and their derivative where the embedding changes by ``slope``."""
    content = torch.tanh(attention.content(hidden))  # (n, attention_dim)
    gate = torch.sigmoid(attention.gate(hidden))
    content_slope = (1 - content * content) * (slope @ attention.content.weight.T)
    gate_slope = gate * (1 - gate) * (slope @ attention.gate.weight.T)
    moved = (content_slope * gate + content * gate_slope) @ attention.score.weight[0]  # (n,)
    return attention.score(content * gate).squeeze(-1), moved
