"""Pictures of tiles for galleries: read in the background, kept while they are likely to be wanted again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from napari_histcode.errors import CorruptTileError
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, RunningJob
from napari_histcode.progress import CancelToken, ProgressCallback
from napari_histcode.slide import Slide
from napari_histcode.slide.slide import RgbImage
from napari_histcode.tiling import TileGrid
from napari_histcode.tiling.read import read_tile

MOST_KEPT = 512
"""Some 25 MB at 128 px a tile."""

Key = tuple[str, float, float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Thumbnail:
    """A tile as it is shown in a gallery."""

    position: int
    """Its position in the grid."""
    pixels: RgbImage | None
    """The tile at the model's resolution; None where the file is damaged."""


class Thumbnails:
    """Reads tiles for one gallery; what was asked for before is dropped when something else is asked for.

    Parameters
    ----------
    jobs : JobRunner
        Reads in the background.
    """

    def __init__(self, jobs: JobRunner) -> None:
        self._jobs = jobs
        self._kept: OrderedDict[Key, RgbImage | None] = OrderedDict()
        self._reading: RunningJob | None = None
        self._question = 0

    def ask(
        self,
        slide: Slide,
        grid: TileGrid,
        positions: Sequence[int],
        *,
        answer: Callable[[tuple[Thumbnail, ...]], object],
    ) -> None:
        """Read tiles and answer with all of them at once, at once if they are known.

        Parameters
        ----------
        slide : Slide
            Where they are read from.
        grid : TileGrid
            The tiles.
        positions : sequence of int
            Which of them.
        answer : callable
            Called on this thread, unless something else has been asked for meanwhile.
        """
        self._question += 1
        question = self._question
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        keys = [_key(slide, grid, position) for position in positions]
        missing = [p for p, key in zip(positions, keys, strict=True) if key not in self._kept]

        def give() -> None:
            if question == self._question:
                found = [self._kept.get(key) for key in keys]
                answer(tuple(Thumbnail(position=p, pixels=q) for p, q in zip(positions, found, strict=True)))

        def ended(outcome: JobOutcome[list[RgbImage | None]]) -> None:
            if outcome.value is not None:
                self._keep([_key(slide, grid, p) for p in missing], outcome.value)
                give()

        if not missing:
            give()
            return
        self._reading = self._jobs.start(
            lambda progress, cancel: _read_all(slide, grid, missing, progress, cancel), on_end=ended
        )

    def _keep(self, keys: Sequence[Key], pictures: Sequence[RgbImage | None]) -> None:
        self._kept.update(zip(keys, pictures, strict=True))
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


def _key(slide: Slide, grid: TileGrid, position: int) -> Key:
    x, y = grid.index[position] * grid.stride_px0
    return slide.record.digest, float(x), float(y), float(grid.size_px0[0])


def _read_all(
    slide: Slide, grid: TileGrid, positions: Sequence[int], _progress: ProgressCallback, cancel: CancelToken
) -> list[RgbImage | None]:
    pictures: list[RgbImage | None] = []
    for position in positions:
        cancel.raise_if_cancelled()
        try:
            pictures.append(read_tile(slide, grid, position))
        except CorruptTileError:
            pictures.append(None)
    return pictures
