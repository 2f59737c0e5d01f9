"""Sessions to their file and back, and files that are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.errors import NewerSessionError, OutputError, SessionFileError
from napari_histcode.saved.file import FORMAT_VERSION, read_session, write_session
from napari_histcode.saved.reading import Opinion, Reading
from napari_histcode.saved.session import SavedSession
from tests.saved.sessions import full_session


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_session(full_session(), tmp_path / "one.histcode.json")


def changed(path: Path, change: Any) -> Path:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_everything_comes_back(path: Path) -> None:
    assert read_session(path) == full_session()


def test_an_empty_session_comes_back(tmp_path: Path) -> None:
    session = SavedSession(saved="2026-11-22T10:31:07Z")
    assert read_session(write_session(session, tmp_path / "no.histcode.json")) == session


def test_missing_keys_have_their_defaults(path: Path) -> None:
    def strip(document: Any) -> None:
        for key in set(document) - {"format", "version", "saved"}:
            del document[key]

    assert read_session(changed(path, strip)) == SavedSession(saved="2026-11-22T10:31:07Z")


def test_unknown_keys_are_tolerated(path: Path) -> None:
    def add(document: Any) -> None:
        document["later"] = {"a": [1]}
        document["slides"][0]["later"] = document["look"]["later"] = document["pen"]["later"] = 5
        document["slides"][0]["camera"]["tilt"] = 3

    assert read_session(changed(path, add)) == full_session()


def test_a_newer_file_is_refused_kindly_and_left_alone(path: Path) -> None:
    changed(path, lambda d: d.update(version=FORMAT_VERSION + 1, slides="in some new way"))
    before = path.read_bytes()
    with pytest.raises(NewerSessionError, match=r"one.histcode.json was written by a newer version") as info:
        read_session(path)
    assert f"sessions of format {FORMAT_VERSION + 1}" in str(info.value)
    assert "Update it" in info.value.advice
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda d: d.update(version=True), "version"),
        (lambda d: d.pop("version"), "version"),
        (lambda d: d.pop("saved"), "saved is missing"),
        (lambda d: d.update(saved="2026-11-22"), "time zone"),
        (lambda d: d.update(current=2), "slide 2 of 2"),
        (lambda d: d.update(n_quarters=4), "quarter"),
        (lambda d: d.update(where="moon"), "'moon', not one of slide, view, regions"),
        (lambda d: d["look"].update(opacity=2), "look.opacity is 2"),
        (lambda d: d["slides"][0].pop("digest"), r"slides\[0\].digest is missing"),
        (lambda d: d["slides"][0].update(camera=[1]), r"slides\[0\].camera is not an object"),
        (lambda d: d["slides"][0]["camera"].update(centre_px0=[1]), "centre_px0 is not 2 numbers"),
        (lambda d: d["slides"][0]["camera"].update(px0_per_screen_px=0), "camera: a view shows"),
        (lambda d: d["slides"][0]["mpp"].update(x=500), "not plausible"),
        (lambda d: d["slides"][0]["seen"].update(runs=[1]), "do not fill"),
        (lambda d: d["slides"][0]["reading"].update(opened="yesterday"), "reading"),
        (lambda d: d["slides"][0]["reading"].update(first_opinion=None), "go together"),
        (lambda d: d["slides"][0]["maps"]["windows"].update(a=["x", 1]), "windows.a"),
        (lambda d: d["pen"]["classes"]["classes"][0].update(colour=[300, 0, 0]), "colour"),
        (lambda d: d["slides"][0]["compare"].update(class_of_output=[["a"]]), "pairs"),
    ],
)
def test_a_damaged_file_says_where(path: Path, change: Any, word: str) -> None:
    with pytest.raises(SessionFileError, match=word) as info:
        read_session(changed(path, change))
    assert info.value.advice


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1]", b'{"format": "x"}', b"[" * 100_000])
def test_what_is_no_session_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.histcode.json"
    path.write_bytes(content)
    with pytest.raises(SessionFileError, match=r"bad.histcode.json"):
        read_session(path)
    with pytest.raises(SessionFileError, match="no session at"):
        read_session(tmp_path / "none.histcode.json")


@settings(max_examples=20)
@given(cut=st.floats(0, 0.999))
def test_a_cut_file_is_refused(tmp_path_factory: pytest.TempPathFactory, cut: float) -> None:
    path = write_session(full_session(), tmp_path_factory.getbasetemp() / "cut.histcode.json")
    content = path.read_bytes()
    path.write_bytes(content[: int(cut * (len(content) - 2))])
    with pytest.raises(SessionFileError):
        read_session(path)


def test_an_older_file_survives_a_failure(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(OutputError):
        write_session(SavedSession(saved="2026-11-22T10:31:07Z"), path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_reading_tells_times_alone() -> None:
    times = full_session().slides[0].reading.times
    assert times == {
        "opened": "2026-11-22T10:00:00Z",
        "first_opinion": "2026-11-22T10:01:00Z",
        "revealed": "2026-11-22T10:02:00Z",
    }
    assert Reading(opened="2026-11-22T10:00:00Z").is_hidden
    with pytest.raises(ValueError, match="go together"):
        Reading(opened="2026-11-22T10:00:00Z", opinion=Opinion(class_name="x"))
