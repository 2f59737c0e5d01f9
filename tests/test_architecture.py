"""The house rules that keep the structure true."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import napari_histcode
from tests.conftest import REPOSITORY


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-cache"],
        cwd=root,
        env={"PYTHONPATH": f"{root}:{root / 'training'}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copy_of_the_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("code")
    ignore = shutil.ignore_patterns("*.svs", "*.tif", "*.safetensors", "__pycache__")
    shutil.copytree(REPOSITORY / "napari_histcode", root / "napari_histcode", ignore=ignore)
    shutil.copytree(REPOSITORY / "training", root / "training", ignore=ignore)
    shutil.copy(REPOSITORY / "pyproject.toml", root)
    return root


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("slide/record.py", "import napari_histcode.tiling.grid"),
        ("heatmap/draw.py", "import napari"),
        ("models/heads.py", "import napari_histcode.slide.record"),
        ("tiling/read.py", "import torch"),
        ("pipeline.py", "import histcode_training"),
    ],
)
def test_a_planted_wrong_import_breaks_a_contract(copy_of_the_code: Path, file: str, line: str) -> None:
    path = copy_of_the_code / "napari_histcode" / file
    original = path.read_text()
    path.write_text(f"{original}\n{line}\n")
    try:
        result = lint_imports(copy_of_the_code)
    finally:
        path.write_text(original)
    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout


def test_the_code_keeps_its_contracts(copy_of_the_code: Path) -> None:
    result = lint_imports(copy_of_the_code)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("module", ["napari_histcode", "napari_histcode.cli", "napari_histcode.models.card"])
def test_light_modules_import_neither_torch_nor_napari(module: str) -> None:
    check = (
        f"import sys, {module}; print([m for m in ('torch', 'napari', 'qtpy', 'pandas') if m in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert output.stdout.strip() == "[]"


def test_public_names_resolve() -> None:
    for name in napari_histcode.__all__:
        assert getattr(napari_histcode, name) is not None


def test_the_version_is_the_same_everywhere() -> None:
    version = re.search(r'^version = "(.+)"$', (REPOSITORY / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    assert f"version: {version[1]}\n" in (REPOSITORY / "CITATION.cff").read_text()


def test_the_manifest_at_the_top_is_the_packages() -> None:
    assert (REPOSITORY / "napari.yaml").read_text() == (
        REPOSITORY / "napari_histcode/napari.yaml"
    ).read_text()
