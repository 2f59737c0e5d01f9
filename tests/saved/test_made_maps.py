"""Maps of tools, to a file and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_histcode.errors import SessionFileError
from napari_histcode.saved.made_maps import read_made_maps, write_made_maps
from tests.builders import make_map


def test_made_maps_come_back(tmp_path: Path) -> None:
    values = np.array([0.5, np.nan, -1, 3], np.float32)
    made = (make_map("tool.a", values, is_signed=True), make_map("tool.b", values[::-1]))
    write_made_maps(made, tmp_path / "maps.npz")
    back = read_made_maps(tmp_path / "maps.npz", 4)
    assert [one.name for one in back] == ["tool.a", "tool.b"]
    for one, two in zip(made, back, strict=True):
        np.testing.assert_array_equal(one.values, two.values)
        assert repr(replace(one, values=two.values)) == repr(two)
    with pytest.raises(SessionFileError, match="4"):
        read_made_maps(tmp_path / "maps.npz", 5)


@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04nothing"])
def test_damaged_maps_are_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "maps.npz").write_bytes(content)
    with pytest.raises(SessionFileError, match=r"maps.npz cannot be read"):
        read_made_maps(tmp_path / "maps.npz", 4)
