"""Measure whether the distance from the training features tells known tissue from unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from histcode_training.splits import Split
from histcode_training.trust_sources import SourceTiles, read_sources
from napari_histcode.comparison.ranking import auroc
from napari_histcode.errors import ModelFileError
from napari_histcode.models.model import Model
from napari_histcode.models.statistics import FeatureStatistics
from napari_histcode.statistics.estimate import Estimate, with_interval
from napari_histcode.trust.distance import ood_scores
from napari_histcode.trust.judge import MOST_BEYOND

FEWEST_GROUPS = 3
"""With fewer slides no interval is stated."""


@dataclass(frozen=True, kw_only=True)
class SourceResult:
    """How far the tiles of one source lie."""

    name: str
    """The source."""
    is_in_domain: bool
    """Whether it is the material of the training, from other slides."""
    remark: str
    """What to know of it."""
    n_tiles: int
    """Its tiles."""
    n_groups: int
    """Its slides, sections or photographs."""
    median_distance: float
    """Median distance, 0 to 1."""
    share_beyond: Estimate
    """Share of tiles beyond the 95th percentile of held-out training tiles."""
    share_beyond_99: float
    """Share of tiles beyond the 99th percentile."""
    auroc: Estimate
    """How well distance ranks its tiles above those of the held-out slides; undefined for these."""
    n_warned: int
    """Slides with so many such tiles that the program warns of them."""


@dataclass(frozen=True, kw_only=True)
class TrustStudy:
    """Results of all sources."""

    model: str
    """Name of the model."""
    digest: str
    """SHA-256 of its statistics file."""
    n_training_tiles: int
    """Tiles that the statistics are of."""
    n_training_slides: int
    """Their slides."""
    threshold: float
    """The 95th percentile."""
    training_shares: tuple[float, ...]
    """Share beyond it of each training slide when held out, rising."""
    sources: tuple[SourceResult, ...]
    """The held-out slides first."""


def run_trust_study(
    data: Path, split: Split, model: Model, *, mpp: float, n_resamples: int = 1000, seed: int = 0
) -> TrustStudy:
    """Measure all sources.

    Parameters
    ----------
    data : Path
        The data folder.
    split : Split
        The model's slides.
    model : Model
        With statistics.
    mpp : float
        Resolution of the fields.
    n_resamples : int
        Draws of the bootstrap over slides.
    seed : int
        Decides the draws.

    Raises
    ------
    ModelFileError
        If the model has no statistics.
    HistCodeError
        If a source cannot be read.
    """
    statistics = model.statistics
    if statistics is None:
        raise ModelFileError(
            f"Model {model.name} brings no statistics.", advice="Add them with histcode-train describe."
        )
    results: list[SourceResult] = []
    known: tuple[NDArray[np.float32], Sequence[str]] | None = None
    for source in read_sources(data, split, model.encoder, mpp=mpp):
        scores = ood_scores(source.features, statistics)
        draws = _Draws(n_resamples=n_resamples, random=np.random.default_rng(seed))
        result = _result(source, scores.distance, statistics, known, draws)
        known = known or (scores.distance, source.groups)
        results.append(result)
    return TrustStudy(
        model=model.name,
        digest=model.card.statistics_digest,
        n_training_tiles=statistics.n_tiles,
        n_training_slides=statistics.n_groups,
        threshold=statistics.threshold(),
        training_shares=tuple(float(share) for share in statistics.group_shares),
        sources=tuple(results),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Draws:
    """The bootstrap over slides."""

    n_resamples: int
    random: np.random.Generator

    def of(self, groups: Sequence[str]) -> list[NDArray[np.intp]]:
        """Give the positions of the tiles of each draw; none where there are too few slides."""
        names = sorted(set(groups))
        if len(names) < FEWEST_GROUPS:
            return []
        array = np.asarray(groups)
        members = [np.flatnonzero(array == name) for name in names]
        return [
            np.concatenate([members[i] for i in self.random.integers(0, len(names), len(names))])
            for _ in range(self.n_resamples)
        ]


def _result(
    source: SourceTiles,
    distance: NDArray[np.float32],
    statistics: FeatureStatistics,
    known: tuple[NDArray[np.float32], Sequence[str]] | None,
    draws: _Draws,
) -> SourceResult:
    beyond = distance > statistics.threshold()
    chosen = draws.of(source.groups)
    groups = np.asarray(source.groups)
    few = "fewer than three slides"
    ranked = Estimate(value=float("nan"), reason="these are what the others are ranked against")
    if known is not None:
        near, near_groups = known
        drawn = zip(chosen, draws.of(near_groups), strict=False)
        ranked = with_interval(
            _auroc(distance, near),
            np.asarray([_auroc(distance[i], near[j]) for i, j in drawn]),
            reason=few,
        )
    return SourceResult(
        name=source.name,
        is_in_domain=source.is_in_domain,
        remark=source.remark,
        n_tiles=len(distance),
        n_groups=len(set(source.groups)),
        median_distance=float(np.median(distance)),
        share_beyond=with_interval(
            float(beyond.mean()), np.asarray([beyond[i].mean() for i in chosen]), reason=few
        ),
        share_beyond_99=float((distance > statistics.threshold(0.99)).mean()),
        auroc=ranked,
        n_warned=sum(float(beyond[groups == name].mean()) > MOST_BEYOND for name in set(source.groups)),
    )


def _auroc(far: NDArray[np.float32], near: NDArray[np.float32]) -> float:
    is_far = np.zeros(len(far) + len(near), bool)
    is_far[: len(far)] = True
    return auroc(np.concatenate([far, near]), is_far)


def trust_text(study: TrustStudy, *, command: str) -> str:
    """Write the study as a page of Markdown."""
    header = ("source", "tiles", "slides", "median distance", "beyond 95 %", "beyond 99 %",
              "AUROC against held-out", "warned of")  # fmt: skip
    rows = [header, ("---",) * len(header), *(_row(source) for source in study.sources)]
    return _PAGE.format(
        command=command,
        model=study.model,
        digest=study.digest[:16],
        n_tiles=study.n_training_tiles,
        n_slides=study.n_training_slides,
        threshold=f"{study.threshold:.2f}",
        limit=f"{MOST_BEYOND:.0%}",
        n_alarms=sum(share > MOST_BEYOND for share in study.training_shares),
        table="\n".join("| " + " | ".join(row) + " |" for row in rows),
        remarks="\n".join(f"- {source.name}: {source.remark}." for source in study.sources if source.remark),
    )


def _row(source: SourceResult) -> tuple[str, ...]:
    share = source.share_beyond
    interval = f" [{share.low:.1%}, {share.high:.1%}]" if np.isfinite(share.low) else ""
    is_slide = source.n_tiles > source.n_groups  # a photograph of one tile is none
    return (
        source.name,
        f"{source.n_tiles}",
        f"{source.n_groups}",
        f"{source.median_distance:.2f}",
        f"{share.value:.1%}{interval}",
        f"{source.share_beyond_99:.1%}",
        "" if source.is_in_domain else str(source.auroc),
        f"{source.n_warned} of {source.n_groups}" if is_slide else "",
    )


_PAGE = """# Trust: does the distance tell known tissue from unknown?

Made by

    {command}

Model {model}, statistics {digest}: {n_tiles} tiles of {n_slides} training slides.

A tile's distance is the share of what is peculiar to its features that lies outside the directions in which
training tiles vary, from 0 to 1. Beyond 95 % means farther than the 95th percentile of training tiles whose
slide was held out when the statistics were fitted (distance {threshold}); 5 % of the tiles of a new slide of
the same kind would be usual. Intervals are 95 %, from drawing slides (photographs of lung) with replacement;
with fewer than three there is none. AUROC is the chance that a tile of the source is farther than a tile of
the held-out osteosarcoma slides. "Warned of" counts slides with more than {limit} of their tiles beyond 95 %:
that is when `histcode analyse` warns. Of the {n_slides} training slides, each held out, it would have warned
of {n_alarms}.

{table}

{remarks}
- Ink has the median optical densities of real marks and is laid over whole fields; blur is a Gaussian over
  whole fields.

## What it means, and what it does not

- Nothing was fitted on the rows of the table. The kind of distance, however, was chosen on them: a
  Mahalanobis distance of the same features and a distance to the nearest training tiles were tried as well,
  and ranked blur and ink worse. Expect somewhat less on other material.
- The encoder has learned from photographs, not from tissue: its features follow stain, sharpness and scanner
  as much as tissue. The distance answers "does this look like the training slides", and not "is this bone".
- Single tiles are hard to judge: with {n_slides} training slides the 99th percentile is decided by a few odd
  tiles, and little lies beyond it. The share beyond 95 % of a whole slide is what tells.
- All training slides are of one centre. A slide of another tissue with a similar look may lie near, and a
  slide of osteosarcoma from another laboratory may lie far: that was not measured, since no such slides were
  at hand.
- Being near is no proof that the model is right.
"""
