"""The slides of a source and their files, without those that are held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from histcode_training.cohorts.read import read_frame
from histcode_training.contrastive.sources.config import SourceConfig
from histcode_training.errors import CohortError, SplitError
from histcode_training.spatial.section import IMAGE
from histcode_training.splits import read_held_out


@dataclass(frozen=True, kw_only=True)
class SourceItem:
    """What belongs together: a slide, or a group of tiles or fields."""

    name: str
    """Its name in the source."""
    files: tuple[Path, ...]
    """Its pictures."""


@dataclass(frozen=True, kw_only=True)
class SourceItems:
    """A source, divided."""

    source: SourceConfig
    """The source."""
    training: tuple[SourceItem, ...]
    """What is learned from, by name."""
    held_out: tuple[SourceItem, ...]
    """What is not."""


def find_items(source: SourceConfig, data: Path, recipes: Path) -> SourceItems:
    """Find the slides of a source.

    Parameters
    ----------
    source : SourceConfig
        The source.
    data : Path
        The data folder.
    recipes : Path
        Folder of the recipe, where split files lie.

    Raises
    ------
    CohortError
        If a table, a column, a value or a file is missing, a file stands twice, or no slide is left.
    SplitError
        If a held-out slide is unknown: a typing error would let it in.
    """
    found = {"tiles": _of_table, "fields": _of_table, "sections": _sections, "slides": _slides}[source.kind](
        source, data
    )
    items = [SourceItem(name=name, files=tuple(files)) for name, files in sorted(found.items())]
    names = set(source.exclude) | (set(read_held_out(recipes / source.split)) if source.split else set())
    if unknown := sorted(names - set(found)):
        raise SplitError(
            f"Source {source.name!r} has no slide {unknown[0]!r}, which shall be held out.",
            advice=f"It has {', '.join(sorted(found)[:6])} ...",
        )
    training = [item for item in items if item.name not in names]
    if source.max_slides:
        training = evenly(training, source.max_slides)
    if not training:
        raise CohortError(f"Source {source.name!r} has no slide to learn from.", advice="Hold out fewer.")
    return SourceItems(
        source=source,
        training=tuple(training),
        held_out=tuple(item for item in items if item.name in names),
    )


def check_held_out(sources: Sequence[SourceItems]) -> None:
    """Make sure that no held-out slide comes in through another source.

    Raises
    ------
    SplitError
        If a slide to learn from has the name or a file of a held-out one.
    """
    for guarded in sources:
        names = {item.name for item in guarded.held_out}
        files = {file.resolve() for item in guarded.held_out for file in item.files}
        for other in sources:
            for item in other.training:
                if item.name in names or files & {file.resolve() for file in item.files}:
                    raise SplitError(
                        f"Slide {item.name!r} of source {other.source.name!r} is held out by source "
                        f"{guarded.source.name!r} and would be learned from.",
                        advice=f"Add it to the entry exclude of {other.source.name!r}.",
                    )


def evenly(of: Sequence[SourceItem], most: int) -> list[SourceItem]:
    """Choose at most so many, spread evenly."""
    if len(of) <= most:
        return list(of)
    return [of[i] for i in np.linspace(0, len(of) - 1, most).round().astype(int)]


def _of_table(source: SourceConfig, data: Path) -> dict[str, list[Path]]:
    path = data / source.table
    frame = read_frame(path)
    for column in (source.file, source.group):
        if column not in frame.columns:
            raise CohortError(
                f"{path.name} has no column {column!r}; it has {', '.join(map(str, frame.columns))}.",
                advice=f"Name the columns file and group of source {source.name!r} in the recipe.",
            )
    found: dict[str, list[Path]] = {}
    seen: set[str] = set()
    for row, (file, group) in enumerate(zip(frame[source.file], frame[source.group], strict=True), start=2):
        for column, value in ((source.file, file), (source.group, group)):
            if value != value or not str(value).strip():
                raise CohortError(f"{path.name}, row {row}, column {column!r}: there is no value.")
        if str(file) in seen:
            raise CohortError(
                f"{path.name}, row {row}, column {source.file!r}: {str(file)!r} is listed twice."
            )
        seen.add(str(file))
        if not (path.parent / str(file)).is_file():
            raise CohortError(
                f"{path.name}, row {row}, column {source.file!r}: there is no file {str(file)!r}."
            )
        found.setdefault(str(group), []).append(path.parent / str(file))
    return found


def _sections(source: SourceConfig, data: Path) -> dict[str, list[Path]]:
    found = {name: [data / source.folder / name / IMAGE] for name in source.sections}
    for name, (file,) in found.items():
        if not file.is_file():
            raise CohortError(f"Source {source.name!r}: the section {name!r} has no {IMAGE}.")
    return found


def _slides(source: SourceConfig, data: Path) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for pattern in source.files:
        paths = sorted(data.glob(pattern))
        if not paths:
            raise CohortError(
                f"Source {source.name!r}: there is no file {pattern!r} in the data folder.",
                advice="Correct the entry files.",
            )
        for path in paths:
            if path not in found.setdefault(path.stem, []):
                found[path.stem].append(path)
    for name, files in found.items():
        if len(files) > 1:
            raise CohortError(f"Source {source.name!r}: two files are named {name!r}.", advice="Rename one.")
    return found
