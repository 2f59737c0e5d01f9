"""``python -m napari_histcode.plugin``, as the command line and the demo call it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.gui


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "napari_histcode.plugin", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_picture_of_the_window(slide_path: Path, model_folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "window.png"
    done = run(
        slide_path, "--model", model_folder, "--analyse", "--screenshot", picture, "--size", "1200x760",
        "--theme", "light",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    pixels = np.asarray(Image.open(picture))
    assert pixels.shape == (760, 1200, 3)
    canvas = pixels[100:600, 400:800].astype(int)
    assert (canvas.max(axis=2) - canvas.min(axis=2) > 40).mean() > 0.2, "the stained slide is in the picture"


def test_picture_of_what_cannot_be_opened(tmp_path: Path) -> None:
    done = run(tmp_path / "nothing.svs", "--screenshot", tmp_path / "window.png")
    assert done.returncode == 1
    assert "There is no slide" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_result_is_told(slide_path: Path, tmp_path: Path) -> None:
    done = run(slide_path, "--result", tmp_path, "--screenshot", tmp_path / "window.png")
    assert done.returncode == 1
    assert "no finished result" in done.stderr
    assert (tmp_path / "window.png").is_file()
