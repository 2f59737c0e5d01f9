from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from napari_histcode.plugin.feature_cache import cache_folder, feature_file
from tests.builders import make_encoder_record, make_slide_record


def test_variable_names_the_place(cache: Path) -> None:
    assert cache_folder() == cache
    path = feature_file(make_slide_record(), make_encoder_record())
    assert path == cache / ("1f3a" * 4) / "planted-encoder-abababab.h5"


def test_platform_names_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HISTCODE_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "histcode" / "features"


def test_name_of_an_encoder_cannot_leave_the_folder(cache: Path) -> None:
    encoder = replace(make_encoder_record(), name="../../timm:hub/encoder")
    assert feature_file(make_slide_record(), encoder).parent.parent == cache
