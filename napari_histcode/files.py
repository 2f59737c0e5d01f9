"""Writing files that are afterwards either whole or not there at all."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_histcode.errors import HistCodeError, OutputError

_TEMPORARY = ".part"

_NO_SPACE = "Free some space there or choose another folder; nothing half-written was left behind."
_NO_PERMISSION = "Choose a folder that you may write to."
_IN_THE_WAY = "Something else has that name: move it away or choose another name."

_ADVICE = {
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: _NO_SPACE,
    errno.EFBIG: _NO_SPACE,
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.EROFS: _NO_PERMISSION,
    errno.EISDIR: _IN_THE_WAY,
    errno.ENOTDIR: _IN_THE_WAY,
    errno.EEXIST: _IN_THE_WAY,
    errno.ENOTEMPTY: _IN_THE_WAY,
    errno.ENAMETOOLONG: "Choose a shorter name.",
}


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a temporary path to write to, which takes the place of ``path`` when the block ends well.

    The temporary file lies in the same folder (made if missing), so that the last step is one atomic
    rename: a reader sees the old file or the new one. If the block raises, the temporary file is
    removed and an older file of that name is untouched.

    Parameters
    ----------
    path : str or Path
        The file to write.

    Yields
    ------
    Path
        Where to write; its name ends in ".part", so say the format where a library guesses it.

    Raises
    ------
    OutputError
        If the file cannot be written: no space, no permission, something in the way.
    """
    target = Path(path)
    make_folder(target.parent)
    if target.is_dir():
        raise output_error(IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)), target)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}{_TEMPORARY}")
    try:
        with _errors_of(target):
            yield temporary
            _settle(temporary)
            temporary.replace(target)
    finally:
        with suppress(OSError):  # the first error is the one to tell
            temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: str | Path, *, marker: str) -> Iterator[Path]:
    """Give an empty folder to fill, which takes the place of the folder ``path`` when the block ends well.

    For data that are a folder of many files, such as Zarr. If the block raises, what was written is removed
    and an older folder of that name is untouched.

    Parameters
    ----------
    path : str or Path
        The folder to write.
    marker : str
        Name of a file that such a folder has: one without it is somebody's own and is not replaced.

    Yields
    ------
    Path
        The folder to fill.

    Raises
    ------
    OutputError
        If it cannot be written, or something else has that name.
    """
    target = Path(path)
    make_folder(target.parent)
    if target.exists() and not (target / marker).is_file():
        raise output_error(FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)), target)
    key = secrets.token_hex(4)
    temporary = target.with_name(f".{target.name}.{key}{_TEMPORARY}")
    older = target.with_name(f".{target.name}.{key}.older{_TEMPORARY}")
    make_folder(temporary)
    try:
        with _errors_of(target):
            yield temporary
            if target.exists():
                target.replace(older)
            try:
                temporary.replace(target)
            except OSError:
                if older.exists():
                    older.replace(target)
                raise
    finally:
        for folder in (temporary, older):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def staging(folder: str | Path, *, last: str) -> Iterator[Path]:
    """Give an empty folder to fill, whose files move into ``folder`` when the block ends well.

    For a set of files that belong together. Other files in ``folder`` stay as they are.

    Parameters
    ----------
    folder : str or Path
        Where the files shall be in the end; made if missing.
    last : str
        Name of the file that is moved last: whoever finds it finds all others.

    Yields
    ------
    Path
        The folder to fill; it lies inside ``folder``.

    Raises
    ------
    OutputError
        If the files cannot be written.
    """
    target = Path(folder)
    make_folder(target)
    stage = target / f".{secrets.token_hex(4)}{_TEMPORARY}"
    make_folder(stage)
    try:
        with _errors_of(target):
            yield stage
            files = sorted(file for file in stage.rglob("*") if file.is_file())
            for file in sorted(files, key=lambda file: file == stage / last):
                place = target / file.relative_to(stage)
                make_folder(place.parent)
                file.replace(place)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def make_folder(folder: str | Path) -> None:
    """Make a folder and those above it; no error if it is there.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(error, Path(folder)) from error


def output_error(error: OSError, path: Path) -> OutputError:
    """Say what an error of the operating system means for somebody who wanted to write ``path``."""
    number = _number_of(error)
    reason = os.strerror(number) if number is not None else str(error)
    advice = _ADVICE.get(number or 0, "Check that there is space and that you may write there.")
    asked_for = Path(*[part for part in path.parts if not part.endswith(_TEMPORARY)])
    converted = OutputError(f"Cannot write {asked_for}: {reason}.", advice=advice)
    converted.errno = number
    return converted


@contextmanager
def _errors_of(target: Path) -> Iterator[None]:
    """Turn errors of the operating system into `OutputError`, save those that name a file elsewhere."""
    try:
        yield
    except HistCodeError:
        raise
    except OSError as error:
        if not _concerns(error, target):
            raise
        raise output_error(error, target) from error


def _concerns(error: OSError, target: Path) -> bool:
    """Whether an error is about the file to write, or names none; not about a file read meanwhile."""
    if not isinstance(error.filename, str | os.PathLike):
        return True
    named = Path(os.path.abspath(error.filename))  # noqa: PTH100 - resolve() would touch a failing disk
    folder = Path(os.path.abspath(target.parent))  # noqa: PTH100
    return named == folder or folder in named.parents


def _number_of(error: OSError) -> int | None:
    """Return the error's number; HDF5 hides it in the text."""
    if error.errno is not None:
        return error.errno
    hidden = re.search(r"errno = (\d+)", str(error))
    return int(hidden[1]) if hidden else None


def _settle(path: Path) -> None:
    """Force a file to the disk, where a full quota or a lost network drive shows at last."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())
