"""Label and macro: on request only, blurred, and forgotten."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.glass.controller import CANNOT_BE_READ, GlassController
from napari_histcode.plugin.glass.tasks import BLURRED_PX, blurred
from napari_histcode.plugin.session import Session
from napari_histcode.slide.opened_slide import OpenedSlide
from tests.plugin.fakes import FakeCanvas, FakeRunner


def label_picture() -> NDArray[np.uint8]:
    """White paper with lines of writing, 8 px high and as far apart."""
    image = np.full((400, 300, 3), 255, np.uint8)
    for top in range(40, 360, 16):
        image[top : top + 8, 20 : 20 + (top * 7) % 230 : 3] = 0
    return image


@pytest.fixture
def with_label(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every slide have a label, a macro and a thumbnail; the list tells which were read."""
    read: list[str] = []

    def read_one(_slide: OpenedSlide, name: str) -> NDArray[np.uint8]:
        read.append(name)
        return label_picture()

    names = property(lambda _slide: ("thumbnail", "macro", "label"))
    monkeypatch.setattr(OpenedSlide, "associated_image_names", names)
    monkeypatch.setattr(OpenedSlide, "read_associated_image", read_one)
    return read


class Desk:
    def __init__(self) -> None:
        self.canvas, self.runner = FakeCanvas(), FakeRunner()
        self.controller = Controller(self.canvas, self.runner)
        self.glass = GlassController(self.controller.session, self.runner)

    def open_slide(self, path: Path) -> None:
        self.controller.open_slide(path)
        self.runner.run_all()


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_nothing_is_read_before_it_is_asked_for(desk: Desk, slide_path: Path, with_label: list[str]) -> None:
    desk.open_slide(slide_path)
    assert desk.glass.state.names == ("label", "macro")
    assert with_label == []
    desk.glass.open()
    assert desk.glass.state.text == "Reading …"
    desk.runner.run_all()
    assert with_label == ["label", "macro"]
    assert [picture.name for picture in desk.glass.state.pictures] == ["label", "macro"]
    assert desk.glass.state.text == ""


def test_closing_forgets_them(desk: Desk, slide_path: Path, with_label: list[str]) -> None:
    desk.open_slide(slide_path)
    desk.glass.open()
    desk.runner.run_all()
    desk.glass.close()
    assert desk.glass.state.pictures == ()
    assert not desk.glass.state.is_open
    desk.glass.open()
    desk.runner.run_all()
    assert with_label == ["label", "macro"] * 2


def test_another_slide_forgets_them_and_drops_a_late_answer(
    desk: Desk, slide_path: Path, other_slide_path: Path, with_label: list[str]
) -> None:
    desk.open_slide(slide_path)
    desk.glass.open()
    late = desk.runner.waiting.pop()
    desk.open_slide(other_slide_path)
    assert late.cancel_token.is_cancelled
    late.run()
    assert desk.glass.state.pictures == ()
    assert not desk.glass.state.is_open
    assert with_label == []


def test_a_slide_without_them_offers_nothing(desk: Desk, slide_path: Path) -> None:
    desk.open_slide(slide_path)
    assert desk.glass.state.names == ()
    desk.glass.open()
    assert not desk.runner.waiting
    assert not desk.glass.state.is_open


def test_a_damaged_one_is_told_in_our_words(
    desk: Desk, slide_path: Path, with_label: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_slide: OpenedSlide, _name: str) -> None:
        raise OSError("/home/JOHN_DOE.svs: cannot decode")

    monkeypatch.setattr(OpenedSlide, "read_associated_image", fail)
    desk.open_slide(slide_path)
    desk.glass.open()
    desk.runner.run_all()
    assert desk.glass.state.text == CANNOT_BE_READ
    assert desk.glass.state.pictures == ()


def test_what_is_saved_of_the_window_cannot_hold_them(
    desk: Desk, slide_path: Path, with_label: list[str]
) -> None:
    desk.open_slide(slide_path)
    desk.glass.open()
    desk.runner.run_all()
    assert set(desk.canvas.slides) == {desk.controller.session.current.key}  # type: ignore[union-attr]
    shown = [getattr(desk.controller.session, field.name) for field in fields(Session)]
    pictures = desk.glass.state.pictures
    assert not any(value is pictures for value in shown)
    assert "255" not in repr(pictures)


@pytest.mark.parametrize("size", [(400, 300), (300, 1200), (7, 5), (1, 900)])
def test_blurred_has_nothing_to_read(size: tuple[int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    soft = blurred(image)
    assert max(soft.shape[:2]) <= BLURRED_PX
    if min(size) >= 300:
        writing = blurred(label_picture())[2:-2, 2:-2].astype(int)
        assert np.ptp(writing) < 60
