"""File names stay out of the window until they are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_histcode.errors import NotASlideError
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.file_names import without_names
from tests.plugin.fakes import FakeCanvas, FakeRunner

PATH = Path("/data/clinic/DOE_JOHN_1951.svs")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("'DOE_JOHN_1951.svs' cannot be opened as a slide.", "The file cannot be opened as a slide."),
        ("There is no slide at '/data/clinic/DOE_JOHN_1951.svs'.", "There is no slide at the file."),
        ("OSError: /data/clinic/DOE_JOHN_1951.svs: truncated", "OSError: the file: truncated"),
        ("The TIFF file DOE_JOHN_1951.svs is damaged.", "The TIFF file is damaged."),
        ("nothing about it", "nothing about it"),
    ],
)
def test_names_are_replaced(said: str, shown: str) -> None:
    assert without_names(said, [PATH]) == shown


@pytest.mark.parametrize("shows_names", [False, True])
def test_opening_and_failing(tmp_path: Path, slide_path: Path, *, shows_names: bool) -> None:
    canvas, runner = FakeCanvas(), FakeRunner()
    controller = Controller(canvas, runner)
    controller.show_file_names(is_shown=shows_names)
    bad = tmp_path / "DOE_JOHN.svs"
    bad.write_bytes(b"no slide")
    said = []
    for path in (slide_path, bad):
        controller.open_slide(path)
        said.append(controller.session.opening.text)
        runner.run_all()
        said.append(controller.session.opening.text)
    (error,) = canvas.reported
    assert isinstance(error, NotASlideError)
    said.append(str(error))
    told = " ".join(said)
    assert ("DOE_JOHN" in told) is shows_names
    assert (slide_path.name in told) is shows_names
    assert all(slide_path.stem not in data[1]["name"] for data in canvas.slides.values())
    assert slide_path.stem not in repr(canvas.slides)
