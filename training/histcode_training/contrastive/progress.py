"""Progress of a training run on the terminal: a bar, or a line now and then."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from tqdm import tqdm

from histcode_training.contrastive.train import Advance

SECONDS_BETWEEN_LINES = 30.0


class Reporter:
    """Shows tiles/s, time left and the last loss; lines go to standard output, the bar to standard error.

    Parameters
    ----------
    name : str
        What is trained.
    is_silent : bool
        Whether another process does the talking.
    """

    def __init__(self, name: str, *, is_silent: bool = False) -> None:
        self._name = name
        self._is_silent = is_silent
        self._bar: tqdm[None] | None = None
        self._said_s = float("-inf")

    def say(self, text: str) -> None:
        """Print a line."""
        if not self._is_silent:
            tqdm.write(text, file=sys.stdout)
            sys.stdout.flush()

    def watch(self, advance: Advance) -> None:
        """Show how far the training is."""
        if self._is_silent:
            return
        if self._bar is None:
            self._bar = tqdm(
                desc=self._name, total=0, initial=(advance.step - 1) * advance.batch_size, unit=" tiles",
                unit_scale=True, dynamic_ncols=True, disable=None, smoothing=0.1,
            )  # fmt: skip
        self._bar.total = advance.n_steps * advance.batch_size
        self._bar.update(advance.batch_size)
        if advance.warning:
            self.say(f"WARNING: {advance.warning}")
        if advance.row is None:
            return
        self._bar.set_postfix(loss=f"{advance.row.loss:.3f}", first=f"{advance.row.health.ranked_first:.2f}")
        is_due = advance.seconds - self._said_s >= SECONDS_BETWEEN_LINES or advance.step == advance.n_steps
        if self._bar.disable and is_due:
            self._said_s = advance.seconds
            self.say(_line(advance))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()


def _line(advance: Advance) -> str:
    row = advance.row
    if row is None:
        return f"step {advance.step:,} of {advance.n_steps:,}"
    left = (advance.n_steps - advance.step) * advance.batch_size / row.tiles_per_s
    return (
        f"step {advance.step:,} of {advance.n_steps:,}, epoch {row.epoch:.2f}: loss {row.loss:.3f}, "
        f"first {row.health.ranked_first:.0%}, spread {row.health.spread:.2f}, "
        f"{row.tiles_per_s:.0f} tiles/s, {left / 60:.0f} min left"
    )
