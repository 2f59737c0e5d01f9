"""Progress of an analysis as one line on the terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from tqdm import tqdm

from napari_histcode.progress import Progress


class ProgressBar:
    """Shows the stage, and for tiles a bar with tiles/s and the time left.

    Parameters
    ----------
    name : str
        What is being worked on.
    """

    def __init__(self, name: str) -> None:
        self._bar: tqdm[None] = tqdm(unit=" tiles", desc=name, leave=False, dynamic_ncols=True, total=0)
        self._name = name
        self._stage = ""

    def __call__(self, progress: Progress) -> None:
        """Show how far the work has come."""
        if progress.stage != self._stage:
            self._stage = progress.stage
            self._bar.set_description(f"{self._name}: {progress.stage}", refresh=False)
        if progress.total and progress.total != self._bar.total:
            self._bar.reset(total=progress.total)
            self._bar.initial = progress.resumed
        if progress.total:
            self._bar.n = progress.done
        self._bar.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bar.close()
