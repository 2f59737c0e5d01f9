"""Fixtures of the whole suite."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # two processes share the cores: torch shall not take them all twice
    os.environ.setdefault("OMP_NUM_THREADS", "1")

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep all that drives a window in one process, first: two windows would fight for the keyboard.

    Other tests stay with those of their file, whose fixtures are then made once.
    """
    for item in items:
        is_window = item.get_closest_marker("gui") is not None
        item.add_marker(pytest.mark.xdist_group("window" if is_window else item.path.name))
    items.sort(key=lambda item: item.get_closest_marker("gui") is None)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the developers' real data; the test is skipped where it is absent."""
    folder = Path(os.environ.get("HISTCODE_SHARED", REPOSITORY.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"needs the developers' data in {folder.name}/ beside the repository")
    return folder
