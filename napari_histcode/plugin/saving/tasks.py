"""What sessions need off the GUI thread: plain functions that know neither Qt nor napari."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from napari_histcode.annotations import read_annotations
from napari_histcode.errors import HistCodeError, ResultError, SessionFileError
from napari_histcode.models.library import read_card
from napari_histcode.plugin.compare.readers import FIRST_NUMBER
from napari_histcode.plugin.compare.state import Reader
from napari_histcode.plugin.map_scene import MapScene
from napari_histcode.plugin.saving.collect import Collected
from napari_histcode.plugin.saving.sidecars import tidy
from napari_histcode.progress import CancelToken, Progress, ProgressCallback
from napari_histcode.saved.file import read_session, write_session
from napari_histcode.saved.made_maps import read_made_maps
from napari_histcode.saved.places import check_slide, find_slide, path_at
from napari_histcode.saved.session import SavedMaps, SavedModel, SavedSession, SavedSlide
from napari_histcode.scores.scores import TileMap
from napari_histcode.slide import Slide
from napari_histcode.slide.fingerprint import alias_of

STAGE = "saving the session"


def save(collected: Collected, progress: ProgressCallback, cancel: CancelToken) -> Path:
    """Write a session: first the files beside it, then the session itself.

    Raises
    ------
    OutputError
        If something cannot be written; an older session stays as it was.
    """
    total = len(collected.writes)
    for done, write in enumerate(collected.writes):
        progress(Progress(stage=STAGE, done=done, total=total, unit="files"))
        write(lambda _progress: None, cancel)
    write_session(collected.session, collected.path)
    tidy(collected.session, collected.path)
    return collected.path


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """A slide of a session that is there, and what of its belongings is."""

    slide: SavedSlide
    """What the session knows of it."""
    path: Path
    """Where it is."""
    result: Path | None = None
    """Its result folder."""
    scene: MapScene | None = None
    """How the maps of the result are to be shown."""
    remarks: tuple[str, ...] = ()
    """What could not be brought back, in sentences."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenedSession:
    """A session that was read, and its slides as far as they are there."""

    session: SavedSession
    """The session."""
    path: Path
    """Its file."""
    found: tuple[Found, ...]
    """Slides that are there, in the order of the session."""
    missing: tuple[tuple[SavedSlide, str], ...]
    """Slides that are not, and what is there instead."""
    model: str | None
    """What the controller takes for the chosen model; None where it is not here."""
    remarks: tuple[str, ...] = ()
    """What else could not be brought back."""


def open_session(path: Path, progress: ProgressCallback, cancel: CancelToken) -> OpenedSession:
    """Read a session and look for its slides.

    Raises
    ------
    SessionFileError
        If it cannot be read.
    """
    session = read_session(path)
    found: list[Found] = []
    missing: list[tuple[SavedSlide, str]] = []
    for done, slide in enumerate(session.slides):
        cancel.raise_if_cancelled()
        progress(Progress(stage="looking for slides", done=done, total=len(session.slides), unit="slides"))
        one = look_for(slide, path)
        if isinstance(one, Found):
            found.append(one)
        else:
            missing.append((slide, one))
    model, remarks = _model(session.model, path)
    return OpenedSession(
        session=session,
        path=path,
        found=tuple(found),
        missing=tuple(missing),
        model=model,
        remarks=remarks,
    )


def look_for(slide: SavedSlide, session: Path, *also: Path) -> Found | str:
    """Look for a slide of a session; return why it is not there if another slide is in its place.

    Parameters
    ----------
    slide : SavedSlide
        The slide.
    session : Path
        The session file.
    *also : Path
        Further folders.
    """
    try:
        return with_belongings(slide, find_slide(slide, session, also=also), session)
    except FileNotFoundError:
        return ""
    except HistCodeError as error:
        return error.message


def accept(slide: SavedSlide, path: Path, session: Path) -> Found:
    """Take a file for a slide of a session, if it is that slide.

    Raises
    ------
    SlideNotFoundError, NotASlideError, WrongSlideError
        If it is not.
    """
    check_slide(path, slide.digest)
    return with_belongings(slide, path, session)


def with_belongings(slide: SavedSlide, path: Path, session: Path) -> Found:
    """See what of a slide's result is where it was."""
    saved, alias = slide.result, alias_of(slide.digest)
    if saved is None:
        return Found(slide=slide, path=path)
    if saved.folder is None:
        text = f"The result of {alias} was hidden and is not in the session: analyse it again."
        return Found(slide=slide, path=path, remarks=(text,))
    folder = path_at(saved.folder, session)
    try:
        names, n_tiles = _maps_in(folder)
    except HistCodeError:
        text = f"The result of {alias} is not where it was: analyse it again."
        return Found(slide=slide, path=path, remarks=(text,))
    made, remarks = _made_maps(slide.maps, session, n_tiles)
    scene = None if slide.maps is None else _scene(slide.maps, names | {one.name for one in made}, made)
    return Found(slide=slide, path=path, result=folder, scene=scene, remarks=remarks)


def _maps_in(folder: Path) -> tuple[set[str], int]:
    """Names of the maps in a result folder, and its number of tiles."""
    from napari_histcode.export.read_result import read_document

    document = read_document(folder)
    try:
        return {str(entry["name"]) for entry in document["maps"]}, int(document["tiles"]["n_tiles"])
    except (KeyError, TypeError, ValueError) as error:
        raise ResultError(f"The result in {folder} is damaged.", advice="Analyse the slide again.") from error


def _made_maps(
    maps: SavedMaps | None, session: Path, n_tiles: int
) -> tuple[tuple[TileMap, ...], tuple[str, ...]]:
    if maps is None or maps.made is None:
        return (), ()
    try:
        return read_made_maps(path_at(maps.made, session), n_tiles), ()
    except SessionFileError as error:
        return (), (str(error),)


def _scene(maps: SavedMaps, names: set[str], made: tuple[TileMap, ...]) -> MapScene:
    return MapScene(
        tool_maps=made,
        visible=frozenset(maps.visible) & names,
        selected=maps.selected if maps.selected in names else None,
        kind=maps.kind,
        windows=dict(maps.windows),
        is_bare=not maps.visible,
    )


def read_readers(files: tuple[Path, ...], slide: Slide) -> tuple[Reader, ...]:
    """Read the further readers of a slide.

    Raises
    ------
    AnnotationFileError
        If one of the files is missing or damaged.
    """
    read = partial(read_annotations, slide=slide, origin="slide")
    return tuple(
        Reader(name=f"reader {number}", annotations=read(file).areas)
        for number, file in enumerate(files, FIRST_NUMBER)
    )


def _model(model: SavedModel, session: Path) -> tuple[str | None, tuple[str, ...]]:
    """Find the model that was chosen; what the controller takes for it, or what to say."""
    name = model.name
    if model.folder is not None:
        name = str(path_at(model.folder, session))
    if name is None:
        return None, ()
    try:
        read_card(name)
    except HistCodeError:
        return None, ("The model that was chosen is not here; another one is chosen now.",)
    return name, ()
