"""Files beside a session: each is written once under a name that no other content has.

The session file is written last. Until then the older one speaks of the older files, which are only taken
away when the new one is in its place.
"""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from napari_histcode.annotations import Annotation, ClassList, write_annotations
from napari_histcode.export.layout import ANALYSIS_FILE
from napari_histcode.files import make_folder, staging
from napari_histcode.plugin.annotate.tasks import coloured
from napari_histcode.plugin.session import Result
from napari_histcode.progress import CancelToken, ProgressCallback
from napari_histcode.saved.made_maps import write_made_maps
from napari_histcode.saved.places import path_at, place_of, session_folder
from napari_histcode.saved.reading import Reading
from napari_histcode.saved.session import Place, SavedSession, SavedSlide
from napari_histcode.scores.scores import TileMap
from napari_histcode.slide import Slide

Kind = Literal["regions", "reader", "maps", "result"]

ENDINGS: dict[Kind, str] = {"regions": ".geojson", "reader": ".geojson", "maps": ".npz", "result": ""}

_OWN = re.compile(r"slide-[0-9a-f]{8}-(regions|reader|maps|result)-[0-9a-f]{8}(\.geojson|\.npz)?")


def new_path(session: Path, alias: str, kind: Kind) -> Path:
    """Choose a name beside a session for something of a slide."""
    return session_folder(session) / f"{alias}-{kind}-{secrets.token_hex(4)}{ENDINGS[kind]}"


def write_regions(regions: Sequence[Annotation], path: Path, slide: Slide, classes: ClassList) -> None:
    """Write regions as GeoJSON that counts from the slide's corner.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    shown = coloured(tuple(regions), classes)
    write_annotations(shown, path, "geojson", slide=slide, origin="slide", classes=classes)


def write_maps(maps: Sequence[TileMap], path: Path) -> None:
    """Write maps that tools made.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    make_folder(path.parent)
    write_made_maps(maps, path)


def write_result(
    result: Result,
    path: Path,
    slide: Slide,
    reading: Reading | None,
    progress: ProgressCallback,
    cancel: CancelToken,
) -> None:
    """Write a result folder with all numbers and without pictures of each map, which take minutes.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    from napari_histcode.export.analysis import export_analysis
    from napari_histcode.pipeline import small_picture

    analysis = result.analysis
    export_analysis(
        result.scores,
        (),
        small_picture(slide) if analysis is None else analysis.overview,
        path,
        timing=None if analysis is None else analysis.seconds,
        trust=None if analysis is None else analysis.trust,
        exclusion=None if analysis is None else analysis.exclusion,
        reading=reading,
        progress=progress,
        cancel=cancel,
    )


def copy(source: Path, path: Path) -> None:
    """Copy a file or a result folder from beside another session.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    make_folder(path.parent)
    if source.is_dir():
        with staging(path, last=ANALYSIS_FILE) as stage:
            shutil.copytree(source, stage, dirs_exist_ok=True)
    else:
        with staging(path.parent, last=path.name) as stage:
            shutil.copyfile(source, stage / path.name)


def is_beside_a_session(path: Path) -> bool:
    """Whether a file or folder is one that some session owns."""
    return _OWN.fullmatch(path.name) is not None and path.parent.suffix == ".histcode"


def places_of(slide: SavedSlide) -> tuple[Place, ...]:
    """List the files and folders that a slide of a session refers to, but the slide itself."""
    found = [
        slide.result.folder if slide.result is not None else None,
        slide.maps.made if slide.maps is not None else None,
        slide.regions.file if slide.regions is not None else None,
        *(slide.compare.readers if slide.compare is not None else ()),
    ]
    return tuple(place for place in found if place is not None)


def tidy(session: SavedSession, path: Path) -> None:
    """Take away what an older state of this session had beside it."""
    folder = session_folder(path)
    kept = {path_at(place, path).name for slide in session.slides for place in places_of(slide)}
    for file in folder.iterdir() if folder.is_dir() else ():
        if _OWN.fullmatch(file.name) is None or file.name in kept:
            continue
        if file.is_dir():
            shutil.rmtree(file, ignore_errors=True)
        else:
            file.unlink(missing_ok=True)


def moved_place(place: Place, old: Path, new: Path, copies: list[tuple[Path, Path]]) -> Place:
    """Write a place of one session file as seen from another; what the first one owns is to be copied.

    Parameters
    ----------
    place : Place
        The place.
    old, new : Path
        The session files.
    copies : list of pairs of Path
        Takes what has to be copied, from and to.
    """
    source = path_at(place, old)
    if old == new or not is_beside_a_session(source):
        return place_of(source, new)
    target = session_folder(new) / source.name
    if source != target:
        copies.append((source, target))
    return place_of(target, new)


def existing(pairs: Iterable[tuple[Path, Path]]) -> tuple[tuple[Path, Path], ...]:
    """Leave out what cannot be copied since it is not there."""
    return tuple((source, target) for source, target in pairs if source.exists())
