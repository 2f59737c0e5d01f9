"""From marks to a probability for every tile of a slide, in a blink."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_histcode.features.bag import FeatureBag
from napari_histcode.models.activation import activate
from napari_histcode.progress import CancelToken, ProgressCallback, ignore_progress
from napari_histcode.scores.scores import TileMap
from napari_histcode.teaching.learn import Learned, learn
from napari_histcode.teaching.marks import Marks
from napari_histcode.teaching.quality import N_RESAMPLES
from napari_histcode.teaching.scaling import Scaling, measure_scaling

HEAD_NAME = "taught"


@dataclass(frozen=True, kw_only=True, eq=False)
class Taught:
    """What was learned from marks, and what it says of every tile of the slide."""

    bag: FeatureBag
    """The slide's features."""
    marks: Marks
    """What it was learned from."""
    learned: Learned
    """The classifier, and what to expect of it."""
    probabilities: NDArray[np.float32]
    """(n_tiles, n_classes), each row summing to 1; read-only."""

    def __post_init__(self) -> None:
        self.probabilities.flags.writeable = False

    @property
    def maps(self) -> tuple[TileMap, ...]:
        """One probability map a class."""
        return tuple(
            TileMap(
                name=f"{HEAD_NAME}.{name}.probability",
                label=f"{name}, taught",
                head=HEAD_NAME,
                output=name,
                kind="probability",
                values=np.array(self.probabilities[:, c]),
                quantity="probability",
                unit="",
                is_signed=False,
            )
            for c, name in enumerate(self.marks.classes)
        )


def teach(
    bag: FeatureBag,
    marks: Marks,
    *,
    strength: float | None = None,
    with_quality: bool = True,
    scaling: Scaling | None = None,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Taught:
    """Learn a classifier from marked tiles and apply it to all tiles of the slide.

    With ``strength`` given and ``with_quality=False`` only one fit is done: what follows each new mark.

    Parameters
    ----------
    bag : FeatureBag
        The slide's features.
    marks : Marks
        The marked tiles.
    strength : float, optional
        Strength of the regularisation; chosen by cross-validation if not given.
    with_quality : bool
        Whether to estimate how good it is.
    scaling : Scaling, optional
        That of this slide, if it has been measured before.
    n_resamples, seed : int
        Of the bootstrap behind the intervals.
    progress : callable
        Called once a fit.
    cancel : CancelToken, optional
        Looked at as often.

    Returns
    -------
    Taught
        The classifier, its probabilities and an estimate.

    Raises
    ------
    ValueError
        If the strength is not above 0.
    ModelMismatchError
        If features are not finite.
    AnalysisCancelledError
        If it was cancelled.
    """
    cancel = cancel or CancelToken()
    scaling = scaling or measure_scaling(bag.features, name=bag.grid.slide.alias, cancel=cancel)
    learned = learn(
        bag.features[marks.tiles], marks, scaling, bag.encoder,
        strength=strength, with_quality=with_quality, n_resamples=n_resamples, seed=seed,
        progress=progress, cancel=cancel,
    )  # fmt: skip
    logits = learned.classifier.logits(bag)
    return Taught(
        bag=bag,
        marks=marks,
        learned=learned,
        probabilities=activate(logits, "softmax").astype(np.float32),
    )
