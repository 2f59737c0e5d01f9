"""Progress of an analysis as one line on the terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tqdm import tqdm

from napari_histcode.progress import Progress


class ProgressBar:
    """Shows the stage, and where it counts something, a bar with units/s and the time left.

    Shows nothing where standard error is no terminal.

    Parameters
    ----------
    name : str
        What is being worked on.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown: tuple[str, int] = ("", 0)
        self._bar: tqdm[None] | None = None

    def __call__(self, progress: Progress) -> None:
        """Show how far the work has come."""
        if self._bar is None or self._shown != (progress.stage, progress.total):
            self._close()
            self._shown = (progress.stage, progress.total)
            self._bar = self._new_bar(progress)
        self._bar.n = progress.done
        self._bar.refresh()

    def _new_bar(self, progress: Progress) -> tqdm[None]:
        return tqdm(
            desc=f"{self._name}: {progress.stage}",
            total=progress.total or None,
            initial=progress.resumed,
            unit=f" {progress.unit}",
            bar_format=None if progress.total else "{desc}",
            leave=False,
            dynamic_ncols=True,
            disable=None,
        )

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()
