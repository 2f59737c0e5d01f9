"""Settings are in force while a dock is open, never saved, and put back."""

from __future__ import annotations

from pathlib import Path

import pytest

settings_of = pytest.importorskip("napari.settings")

from napari_histcode.plugin import napari_settings  # noqa: E402


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setattr(settings_of, "_SETTINGS", None)
    return settings_of.get_settings(tmp_path / "settings.yaml")


def saved(settings: object) -> str:
    path = Path(settings.config_path)
    return path.read_text() if path.exists() else ""


def test_in_force_and_not_saved(settings: object) -> None:
    let_go = napari_settings.override()
    assert settings.experimental.async_
    assert settings.plugins.extension2reader["*.svs"] == "napari-histcode"
    settings.appearance.theme = "light"  # the user changes something, and napari saves
    assert "light" in saved(settings)
    assert "async" not in saved(settings)
    assert "svs" not in saved(settings)
    let_go()
    assert not settings.experimental.async_
    assert "*.svs" not in settings.plugins.extension2reader
    assert "async" not in saved(settings)


def test_users_choices_win_and_stay(settings: object) -> None:
    settings.plugins.extension2reader = {"*.svs": "another-reader"}
    settings.experimental.async_ = True
    let_go = napari_settings.override()
    assert settings.plugins.extension2reader["*.svs"] == "another-reader"
    settings.plugins.extension2reader = {**settings.plugins.extension2reader, "*.tif": "napari"}
    assert "tif" in saved(settings)
    let_go()
    assert settings.experimental.async_
    assert settings.plugins.extension2reader == {"*.svs": "another-reader", "*.tif": "napari"}


def test_last_dock_puts_back(settings: object) -> None:
    first, second = napari_settings.override(), napari_settings.override()
    first()
    first()
    assert settings.experimental.async_
    second()
    assert not settings.experimental.async_
