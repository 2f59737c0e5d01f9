import errno
import os
from pathlib import Path

import pytest

from napari_histcode.errors import AnalysisCancelledError, OutputError
from napari_histcode.files import make_folder, replacing, replacing_folder, staging


def raiser(number):
    def fail(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    return fail


def write_and_fail(path, error):
    path.write_text("half")
    raise error


def test_file_appears_when_block_ends(tmp_path):
    path = tmp_path / "new" / "folder" / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("whole")
        assert not path.exists()
        assert temporary.parent == path.parent
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_older_file_survives_an_error_in_the_block(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        write_and_fail(temporary, ZeroDivisionError())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_cancel_passes_through(tmp_path):
    with pytest.raises(AnalysisCancelledError), replacing(tmp_path / "a") as temporary:
        write_and_fail(temporary, AnalysisCancelledError("stop"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_failing_disk_becomes_output_error_and_leaves_nothing(tmp_path, monkeypatch, number, call):
    path = tmp_path / "a.txt"
    path.write_text("old")
    monkeypatch.setattr(os, call, raiser(number))
    with pytest.raises(OutputError, match=r"a\.txt") as caught, replacing(path) as temporary:
        temporary.write_text("new")
    assert caught.value.advice
    assert caught.value.errno == number
    assert isinstance(caught.value, OSError)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "word"), [(errno.ENOSPC, "space"), (errno.EACCES, "may write"), (errno.EROFS, "may write")]
)
def test_advice_fits_the_cause(tmp_path, number, word):
    with pytest.raises(OutputError) as caught, replacing(tmp_path / "a"):
        raiser(number)()
    assert word in caught.value.advice


def test_hdf5_hides_the_number_in_its_text(tmp_path):
    with pytest.raises(OutputError, match="No space left") as caught, replacing(tmp_path / "a"):
        raise OSError(f"Can't write data (file write failed: errno = {errno.ENOSPC}, error message = 'x')")
    assert caught.value.errno == errno.ENOSPC


def test_folder_in_the_way(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(OutputError, match="directory") as caught, replacing(tmp_path / "a"):
        pytest.fail("the block must not run")
    assert "name" in caught.value.advice


def test_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "a").write_text("file")
    with pytest.raises(OutputError), replacing(tmp_path / "a" / "b"):
        pytest.fail("the block must not run")


def test_unwritable_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "mkdir", raiser(errno.EACCES))
    with pytest.raises(OutputError, match="Permission denied"):
        make_folder(tmp_path / "a")


def test_errors_of_files_elsewhere_are_not_about_the_output(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "out" / "a"):
        (tmp_path / "in" / "missing").read_bytes()


def test_staged_files_move_together(tmp_path):
    folder = tmp_path / "result"
    folder.mkdir()
    (folder / "features.h5").write_text("kept")
    (folder / "last.json").write_text("old")
    with staging(folder, last="last.json") as stage:
        (stage / "sub").mkdir()
        (stage / "sub" / "a").write_text("a")
        (stage / "last.json").write_text("new")
        assert (folder / "last.json").read_text() == "old"
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert found == ["features.h5", "last.json", "sub/a"]
    assert (folder / "last.json").read_text() == "new"
    assert not [path for path in folder.iterdir() if path.name.endswith(".part")]


def test_error_names_the_file_that_was_asked_for(tmp_path):
    with staging(tmp_path / "r", last="a") as stage:
        (stage / "b.txt").mkdir()
        with pytest.raises(OutputError) as caught, replacing(stage / "b.txt"):
            pytest.fail("the block must not run")
    assert str(tmp_path / "r" / "b.txt") in caught.value.message


def test_last_file_is_moved_last(tmp_path, monkeypatch):
    moved = []
    original = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda self, target: moved.append(self.name) or original(self, target)
    )
    with staging(tmp_path / "r", last="b") as stage:
        for name in "cba":
            (stage / name).write_text(name)
    assert moved == ["a", "c", "b"]


def test_nothing_staged_stays_after_an_error(tmp_path):
    with pytest.raises(OutputError), staging(tmp_path / "r", last="a") as stage:
        write_and_fail(stage / "a", OSError(errno.ENOSPC, "full"))
    assert list((tmp_path / "r").iterdir()) == []


def fill(folder, text):
    (folder / "marker").write_text(text)
    (folder / "sub").mkdir()
    (folder / "sub" / f"{text}.txt").write_text(text)


def test_folder_takes_the_place_of_an_older_one_with_all_its_files(tmp_path):
    path = tmp_path / "new" / "a.zarr"
    for text in ("old", "new"):
        with replacing_folder(path, marker="marker") as temporary:
            fill(temporary, text)
    assert [file.name for file in (path / "sub").iterdir()] == ["new.txt"]
    assert list(path.parent.iterdir()) == [path]


def test_older_folder_survives_an_error_in_the_block(tmp_path):
    path = tmp_path / "a.zarr"
    with replacing_folder(path, marker="marker") as temporary:
        fill(temporary, "old")
    with pytest.raises(ZeroDivisionError), replacing_folder(path, marker="marker") as temporary:
        write_and_fail(temporary / "marker", ZeroDivisionError())
    assert (path / "marker").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_older_folder_survives_a_failed_last_step(tmp_path, monkeypatch):
    path = tmp_path / "a.zarr"
    with replacing_folder(path, marker="marker") as temporary:
        fill(temporary, "old")
    rename = Path.replace

    def fails_once(self, target):
        if self.name.endswith(".part") and ".older" not in self.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", fails_once)
    with pytest.raises(OutputError, match="space"), replacing_folder(path, marker="marker") as temporary:
        fill(temporary, "new")
    assert (path / "marker").read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_is_somebodys_own_is_not_replaced(tmp_path, is_folder):
    path = tmp_path / "mine"
    if is_folder:
        path.mkdir()
        (path / "thesis.txt").write_text("precious")
    else:
        path.write_text("precious")
    with pytest.raises(OutputError, match="mine"), replacing_folder(path, marker="marker"):
        raise AssertionError("the block must not run")
    assert path.exists()
    assert list(tmp_path.iterdir()) == [path]
