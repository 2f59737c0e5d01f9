"""Where the files of a session are: relative to it, so that a folder can be moved or shared as a whole."""

from __future__ import annotations

import os
from pathlib import Path

from napari_histcode.errors import MovedSlideError, NotASlideError, SlideNotFoundError, WrongSlideError
from napari_histcode.saved.session import Place, SavedSlide
from napari_histcode.slide.fingerprint import alias_of, digest_of

SUFFIX = ".histcode.json"
"""Ending of session files."""

_FOLDER_SUFFIX = ".histcode"


def is_session(path: str | os.PathLike[str]) -> bool:
    """Whether a path looks like a session file, by its name."""
    return os.fspath(path).lower().endswith(SUFFIX)


def session_path(path: Path) -> Path:
    """Give a path the ending of session files where it has none."""
    if is_session(path):
        return path
    name = path.name.removesuffix(".json").removesuffix(_FOLDER_SUFFIX)
    return path.with_name(f"{name}{SUFFIX}")


def session_folder(path: Path) -> Path:
    """Return the folder beside a session file that holds its results and regions."""
    return path.with_name(path.name[: -len(SUFFIX)] + _FOLDER_SUFFIX)


def place_of(path: Path, session: Path) -> Place:
    """Write where a file is, seen from a session file.

    Parameters
    ----------
    path : Path
        The file or folder.
    session : Path
        The session file; need not exist yet.

    Returns
    -------
    Place
        A relative path, or an absolute one where both are on different drives.
    """
    target = os.path.abspath(path)  # noqa: PTH100 - links stay as the user follows them
    try:
        return Path(os.path.relpath(target, os.path.abspath(session.parent))).as_posix()  # noqa: PTH100
    except ValueError:  # Windows: another drive
        return Path(target).as_posix()


def path_at(place: Place, session: Path) -> Path:
    """Return the path of a place; the inverse of `place_of`."""
    return Path(os.path.normpath(Path(os.path.abspath(session.parent)) / place))  # noqa: PTH100


def find_slide(slide: SavedSlide, session: Path, *, also: tuple[Path, ...] = ()) -> Path:
    """Find a slide of a session, and see that it is the same.

    It is looked for where it was, seen from the session file, then under its name in the session file's own
    folder and in further ones.

    Parameters
    ----------
    slide : SavedSlide
        The slide.
    session : Path
        The session file.
    also : tuple of Path
        Further folders.

    Returns
    -------
    Path
        A file or folder whose content has the digest that the session has.

    Raises
    ------
    WrongSlideError
        If what is there is another slide.
    MovedSlideError
        If there is nothing.
    """
    known = path_at(slide.path, session)
    linked = session.resolve().parent / slide.path
    others: list[WrongSlideError] = []
    for path in dict.fromkeys((known, linked, *(folder / known.name for folder in (session.parent, *also)))):
        try:
            check_slide(path, slide.digest)
        except SlideNotFoundError:
            continue
        except WrongSlideError as error:
            others.append(error)
        else:
            return path
    if others:
        raise others[0]
    raise MovedSlideError(
        f"{known.name} is not where it was: {known}.", advice="Say where it is, or leave it out."
    )


def check_slide(path: Path, digest: str) -> None:
    """See that a path is the slide of a digest.

    Raises
    ------
    SlideNotFoundError
        If nothing is there.
    NotASlideError
        If it may not be read.
    WrongSlideError
        If it is another slide.
    """
    if not path.exists():
        raise SlideNotFoundError(f"There is no slide at {str(path)!r}.", advice="Check the path.")
    try:
        found = digest_of(path)
    except OSError as error:
        raise NotASlideError(
            f"{path.name!r} may not be read: {error.strerror or error}.", advice="Check its permissions."
        ) from error
    if found != digest:
        raise WrongSlideError(
            f"{path.name} is another slide: its content is {alias_of(found)}, that of the session is "
            f"{alias_of(digest)}.",
            advice="Choose the file that was open when the session was saved, whatever its name is now.",
        )
