"""The training loop: batches, views, steps, the log, checkpoints."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from histcode_training.contrastive.augment.augment import Augmentation, as_float
from histcode_training.contrastive.checkpoint import (
    Checkpoint,
    generator_of,
    read_checkpoint,
    write_checkpoint,
)
from histcode_training.contrastive.feed import Batch, Feed
from histcode_training.contrastive.health import measure_health
from histcode_training.contrastive.history import History, HistoryRow
from histcode_training.contrastive.learner import Learner, StepFacts
from histcode_training.contrastive.recipe import EncoderRecipe
from histcode_training.contrastive.schedules import learning_rate
from histcode_training.contrastive.settle import settle_statistics
from histcode_training.contrastive.sources.pool import TilePool
from histcode_training.errors import CollapseError, DivergedError

CHECKPOINT, HISTORY = "checkpoint.pt", "training.csv"

_DIVERGED_ADVICE = "Lower the learning rates; the last checkpoint is from before."


@dataclass(frozen=True, kw_only=True)
class Advance:
    """How far the training is, after a step."""

    step: int
    """Steps taken."""
    n_steps: int
    """Steps in all; where time decides, as many as it will allow at this speed."""
    batch_size: int
    """Tiles of a step."""
    seconds: float
    """Seconds of training so far."""
    row: HistoryRow | None = None
    """What was logged after this step, if anything."""
    warning: str = ""
    """What is wrong, if anything."""


Watch = Callable[[Advance], object]


@dataclass(kw_only=True, eq=False)
class _Since:
    """What has gathered since the last row of the log."""

    losses: Tensor
    step: int
    seconds: float


LEAST_TURN = 1e-6
"""A trained bank whose columns turn by less in a step, in radians, does not follow the network any more."""


class Training:
    """A run in one folder, which goes on where an earlier process left it.

    Parameters
    ----------
    recipe : EncoderRecipe
        Every choice.
    pool : TilePool
        The tiles.
    learner : Learner
        Networks, negatives and optimiser at their start.
    augmentation : Augmentation
        Makes views.
    folder : Path
        Where checkpoint and log are.
    run : str
        Digest of recipe, seed and tiles.
    seed : int
        Decides batches and views.
    device : torch.device
        Where it computes.
    minutes : float, optional
        Most minutes; the rate then falls with the time as well as with the steps.

    Raises
    ------
    ResumeError
        If the folder holds another run.
    RecipeError
        If there are fewer tiles than a batch, or a batch cannot be divided among the processes.
    """

    def __init__(
        self,
        recipe: EncoderRecipe,
        pool: TilePool,
        learner: Learner,
        augmentation: Augmentation,
        *,
        folder: Path,
        run: str,
        seed: int,
        device: torch.device,
        minutes: float | None = None,
    ) -> None:
        self._recipe, self._pool, self._learner = recipe, pool, learner
        self._augmentation, self._folder, self._run = augmentation, folder, run
        self._seed, self._device, self._minutes = seed, device, minutes
        self._ranks = learner.ranks
        self._part = self._ranks.share_of(recipe.training.batch_size)
        self._feed = Feed(pool, recipe.training, seed=seed, part=self._part, device=device)
        self.n_steps = recipe.training.epochs * self._feed.steps_per_epoch
        self.step = 0
        self.seconds = 0.0
        self._n_collapsed = 0
        if (folder / CHECKPOINT).is_file():
            self._resume(read_checkpoint(folder / CHECKPOINT, run=run, device=device))
        self.resumed_at = self.step

    def _resume(self, checkpoint: Checkpoint) -> None:
        self._learner.restore(checkpoint.learner)
        self.step, self.seconds = checkpoint.step, checkpoint.seconds
        self._n_collapsed = checkpoint.n_collapsed

    @property
    def epochs(self) -> float:
        """Epochs seen so far."""
        return self.step / self._feed.steps_per_epoch

    def progress(self) -> float:
        """Share of the training that is over, by steps or by time, whichever is more; for all processes."""
        by_steps = self.step / self.n_steps
        if self._minutes is None:
            return by_steps
        return self._ranks.agree(max(by_steps, self.seconds / (60 * self._minutes)), self._device)

    def run(self, watch: Watch) -> None:
        """Train to the end, and save.

        Parameters
        ----------
        watch : callable
            Told of every step.

        Raises
        ------
        CollapseError
            If the queries have collapsed and the recipe says to stop then.
        DivergedError
            If the loss or a weight is not finite; the last checkpoint is from before.
        """
        history = History(self._folder / HISTORY, step=self.step) if self._ranks.is_first else None
        progress = self.progress()
        if progress >= 1:
            return
        zero = torch.zeros((), device=self._device)
        since = _Since(losses=zero, step=self.step, seconds=self.seconds)
        saved = self.step, self.seconds
        begin = time.monotonic() - self.seconds
        with (
            torch.random.fork_rng(devices=[]),
            closing(self._feed.batches(self.step, self.n_steps)) as batches,
        ):
            for batch in batches:
                rates = self._rates(progress)
                facts = self._take_step(batch, rates[0])
                since.losses = since.losses + facts.loss
                self.step += 1
                self.seconds = time.monotonic() - begin
                progress = self.progress()
                row, warning = None, ""
                if self.step % self._recipe.health.every == 0 or progress >= 1:
                    row = self._row(facts, batch, since, rates)
                    since = _Since(losses=zero, step=self.step, seconds=self.seconds)
                    warning = self._check(row, history)
                    if self._is_due(*saved) and progress < 1:
                        self.save()
                        saved = self.step, self.seconds
                watch(self._advance(progress, row, warning))
                if progress >= 1:
                    break
        self.save()

    def settle(self) -> None:
        """Take the statistics of batch normalisation anew, on tiles without augmentation."""
        n_batches = self._recipe.network.settle_batches
        if n_batches and self._recipe.network.statistics == "batch":
            settle_statistics(self._learner.network, self._learner.forward, self._plain(n_batches))

    def save(self) -> None:
        """Write a checkpoint, unless a weight in it is not finite.

        Raises
        ------
        DivergedError
            If one is not.
        """
        if not self._learner.is_finite():
            raise DivergedError(
                f"After {self.step} steps weights are no numbers any more.", advice=_DIVERGED_ADVICE
            )
        if self._ranks.is_first:
            checkpoint = Checkpoint(
                run=self._run, step=self.step, seconds=self.seconds, n_collapsed=self._n_collapsed,
                learner=self._learner.state(),
            )  # fmt: skip
            write_checkpoint(self._folder / CHECKPOINT, checkpoint)

    def _is_due(self, step: int, seconds: float) -> bool:
        config = self._recipe.training
        by_steps = config.checkpoint_steps > 0 and self.step - step >= config.checkpoint_steps
        return by_steps or self.seconds - seconds >= 60 * config.checkpoint_minutes

    def _rates(self, progress: float) -> tuple[float, float]:
        """Rates of network and bank in the next step."""
        config = self._recipe.training
        rate = learning_rate(
            self.step, progress, peak=config.learning_rate, final=config.final_learning_rate,
            warmup_steps=config.warmup_steps,
        )  # fmt: skip
        return rate, self._learner.negatives.rate

    def _take_step(self, batch: Batch, rate: float) -> StepFacts:
        generator = generator_of(self._seed, batch.step)
        torch.manual_seed(generator.initial_seed() + self._ranks.rank)  # of what a network draws by itself
        first, second = self._views(batch, self._augmentation, generator, 2)
        return self._learner.step(first, second, learning_rate=rate)

    def _views(
        self, batch: Batch, augmentation: Augmentation, generator: torch.Generator, n_views: int
    ) -> list[Tensor]:
        """(n, 3, tile_px, tile_px) views of this process's tiles."""
        extent = torch.from_numpy(self._pool.extent_px[batch.positions])
        drawn = [augmentation.draw(extent, generator).rows(self._part) for _ in range(n_views)]
        pixels = as_float(batch.tiles.to(self._device, non_blocking=True))
        return [augmentation.apply(pixels, views) for views in drawn]

    def _plain(self, n_batches: int) -> Iterator[Tensor]:
        """Batches of tiles as the finished encoder sees them."""
        for batch in self._feed.batches(0, min(n_batches, self._feed.steps_per_epoch)):
            generator = generator_of(self._seed, batch.step)
            yield self._views(batch, self._augmentation.plain(), generator, 1)[0]

    def _row(self, facts: StepFacts, batch: Batch, since: _Since, rates: tuple[float, float]) -> HistoryRow:
        gather = self._ranks.gather
        n_steps = self.step - since.step
        health = measure_health(
            gather(facts.queries),
            gather(facts.keys),
            self._learner.negatives.columns(),
            gather(facts.features),
            torch.from_numpy(self._pool.slide_of[batch.positions]),
            temperature=self._recipe.training.temperature,
        )
        n_tiles = n_steps * self._recipe.training.batch_size
        return HistoryRow(
            step=self.step,
            epoch=self.epochs,
            loss=float(self._ranks.add(since.losses)) / n_steps,
            learning_rate=rates[0],
            bank_learning_rate=rates[1],
            bank_turn=self._learner.negatives.turn,
            health=health,
            tiles_per_s=n_tiles / max(self.seconds - since.seconds, 1e-9),
            seconds=self.seconds,
        )

    def _check(self, row: HistoryRow, history: History | None) -> str:
        """Write a row, and stop or warn if it tells of something wrong."""
        if history is not None:
            history.write(row)
        if not np.isfinite(row.loss):
            raise DivergedError(f"After {row.step} steps the loss is {row.loss}.", advice=_DIVERGED_ADVICE)
        health = self._recipe.health
        self._n_collapsed = self._n_collapsed + 1 if row.health.spread < health.min_spread else 0
        if self._n_collapsed < health.patience:
            return _asleep(row)
        message = (
            f"After {row.step} steps all tiles look the same to the network: the spread of the queries is "
            f"{row.health.spread:.3f}, below {health.min_spread:g}."
        )
        if health.is_stopping:
            raise CollapseError(
                message, advice="Lower the rates of network and bank, or raise the temperatures."
            )
        return message

    def _advance(self, progress: float, row: HistoryRow | None, warning: str) -> Advance:
        return Advance(
            step=self.step,
            n_steps=min(self.n_steps, max(self.step, round(self.step / progress))),
            batch_size=self._recipe.training.batch_size,
            seconds=self.seconds,
            row=row,
            warning=warning,
        )


def _asleep(row: HistoryRow) -> str:
    """Say if a trained bank has stopped moving; it then is a bank of old keys."""
    if not row.bank_learning_rate or row.bank_turn >= LEAST_TURN:
        return ""
    return (
        f"After {row.step} steps the negatives hardly move, {row.bank_turn:.1g} radians a step: they are no "
        "adversary. Raise the temperature of [negatives], or shorten its warm-up."
    )
