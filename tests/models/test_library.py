from __future__ import annotations

import logging
import sys
from pathlib import Path

import pytest

from napari_histcode.errors import ModelFileError, ModelNotFoundError
from napari_histcode.models import library
from napari_histcode.models.library import (
    bundled_folder,
    find_model,
    list_models,
    models_folder,
    read_card,
)
from napari_histcode.models.model_file import save_model
from tests.models.synthetic import make_model


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    save_model(make_model(), folder / "my-folder")
    return folder


@pytest.fixture
def user_folder(saved, monkeypatch, tmp_path):
    monkeypatch.setenv("HISTCODE_MODELS", str(saved))
    monkeypatch.setattr(library, "bundled_folder", lambda: tmp_path / "no-bundled-model")
    return saved


@pytest.mark.parametrize("name", ["my-folder", "small-model"])
def test_a_model_is_found_by_its_folder_and_by_its_card(user_folder, name):
    assert find_model(name) == user_folder / "my-folder"


@pytest.mark.parametrize("part", ["", "card.json", "weights.safetensors"])
def test_a_model_is_found_by_its_path(saved, part):
    assert find_model(saved / "my-folder" / part) == saved / "my-folder"
    assert find_model(str(saved / "my-folder" / part)) == saved / "my-folder"


@pytest.mark.parametrize("name", ["nothing", "bundled", "/no/such/folder"])
def test_what_is_not_there_is_told_with_what_is(user_folder, name):
    with pytest.raises(ModelNotFoundError, match=r"Known models: my-folder\."):
        find_model(name)


def test_cards_are_listed_without_loading(user_folder):
    assert [card.name for card in list_models()] == ["small-model"]
    assert read_card("small-model").description == "For tests."


def test_a_broken_model_is_left_out_and_logged(user_folder, caplog):
    broken = user_folder / "broken"
    broken.mkdir()
    (broken / "card.json").write_text("{")
    (user_folder / "empty").mkdir()
    with caplog.at_level(logging.WARNING):
        assert [card.name for card in list_models()] == ["small-model"]
    assert "broken" in caplog.text
    assert "empty" not in caplog.text
    with pytest.raises(ModelFileError):
        read_card(broken)


def test_a_folder_without_card_is_told(tmp_path):
    with pytest.raises(ModelFileError, match=r"no card\.json"):
        read_card(tmp_path)


def test_no_user_folder_is_no_error(monkeypatch, tmp_path):
    monkeypatch.setenv("HISTCODE_MODELS", str(tmp_path / "absent"))
    assert all(card.name for card in list_models())


@pytest.mark.parametrize(
    ("platform", "variable", "tail"),
    [
        ("linux", "XDG_DATA_HOME", "napari-histcode/models"),
        ("win32", "LOCALAPPDATA", "napari-histcode/models"),
    ],
)
def test_the_folder_is_where_the_system_keeps_data(monkeypatch, tmp_path, platform, variable, tail):
    monkeypatch.delenv("HISTCODE_MODELS", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    assert models_folder() == tmp_path / tail


def test_the_folder_without_any_setting_is_below_home(monkeypatch, tmp_path):
    for variable in ("HISTCODE_MODELS", "XDG_DATA_HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    assert models_folder() == tmp_path / ".local/share/napari-histcode/models"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert models_folder() == tmp_path / "Library/Application Support/napari-histcode/models"


def test_the_bundled_model_lies_in_the_package():
    assert bundled_folder().parts[-4:] == ("napari_histcode", "resources", "models", "bundled")
