"""Finding slides again, and what was seen of them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_histcode.errors import MovedSlideError, SlideNotFoundError, WrongSlideError
from napari_histcode.saved.places import (
    check_slide,
    find_slide,
    is_session,
    path_at,
    place_of,
    session_folder,
    session_path,
)
from napari_histcode.saved.seen import fit_seen, pack_seen, unpack_seen
from napari_histcode.saved.session import SavedSlide
from napari_histcode.slide.fingerprint import digest_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a session in one place and a slide in another."""
    for folder in ("project/sessions", "project/slides"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "project/slides/sample_03.svs").write_bytes(b"a slide" * 1000)
    return tmp_path / "project"


def saved(project: Path) -> tuple[SavedSlide, Path]:
    session, slide = project / "sessions/one.histcode.json", project / "slides/sample_03.svs"
    return SavedSlide(path=place_of(slide, session), digest=digest_of(slide)), session


def test_places_are_relative_and_go_up(project: Path) -> None:
    slide, session = saved(project)
    assert slide.path == "../slides/sample_03.svs"
    assert path_at(slide.path, session) == project / "slides/sample_03.svs"


def test_on_another_drive_the_place_is_absolute(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def other_drive(*_: object) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", other_drive)
    slide, session = saved(project)
    assert Path(slide.path) == project / "slides/sample_03.svs"
    assert path_at(slide.path, session) == project / "slides/sample_03.svs"


def test_a_moved_project_still_works(project: Path) -> None:
    slide, _ = saved(project)
    elsewhere = project.rename(project.with_name("elsewhere"))
    found = find_slide(slide, elsewhere / "sessions/one.histcode.json")
    assert found == elsewhere / "slides/sample_03.svs"


def test_a_link_to_the_session_does_not_hide_the_slide(project: Path, tmp_path: Path) -> None:
    slide, session = saved(project)
    session.write_text("{}")
    (tmp_path / "deep/down").mkdir(parents=True)
    link = tmp_path / "deep/down/link.histcode.json"
    link.symlink_to(session)
    assert find_slide(slide, link).samefile(project / "slides/sample_03.svs")


def test_a_slide_beside_the_session_or_in_a_further_folder_is_found(project: Path, tmp_path: Path) -> None:
    slide, session = saved(project)
    beside = session.parent / "sample_03.svs"
    (project / "slides/sample_03.svs").rename(beside)
    assert find_slide(slide, session) == beside
    beside.rename(tmp_path / "sample_03.svs")
    assert find_slide(slide, session, also=(tmp_path,)) == tmp_path / "sample_03.svs"


def test_a_moved_slide_is_missed(project: Path) -> None:
    slide, session = saved(project)
    (project / "slides/sample_03.svs").unlink()
    with pytest.raises(MovedSlideError, match=r"sample_03.svs is not where it was") as info:
        find_slide(slide, session)
    assert "leave it out" in info.value.advice


def test_another_slide_in_its_place_is_refused(project: Path) -> None:
    slide, session = saved(project)
    (project / "slides/sample_03.svs").write_bytes(b"other" * 1000)
    with pytest.raises(WrongSlideError, match="another slide: its content is slide-"):
        find_slide(slide, session)
    with pytest.raises(SlideNotFoundError):
        check_slide(project / "nothing.svs", slide.digest)


def test_names_of_sessions() -> None:
    assert session_path(Path("a/one")) == Path("a/one.histcode.json")
    assert session_path(Path("a/one.json")) == Path("a/one.histcode.json")
    assert session_path(Path("a/one.histcode.json")) == Path("a/one.histcode.json")
    assert session_folder(Path("a/one.v2.histcode.json")) == Path("a/one.v2.histcode")
    assert is_session("A.HistCode.json")
    assert not is_session("a.json")


@given(seen=arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_what_was_seen_comes_back(seen: np.ndarray) -> None:
    area = pack_seen(seen)
    np.testing.assert_array_equal(unpack_seen(area), seen)
    np.testing.assert_array_equal(fit_seen(seen, seen.shape), seen)


@given(factor=st.integers(1, 4), seen=arrays(np.bool_, (3, 5)))
def test_what_was_seen_fits_a_finer_overview(factor: int, seen: np.ndarray) -> None:
    finer = fit_seen(seen, (3 * factor, 5 * factor))
    np.testing.assert_array_equal(finer, np.repeat(np.repeat(seen, factor, 0), factor, 1))
    np.testing.assert_array_equal(fit_seen(finer, (3, 5)), seen)
