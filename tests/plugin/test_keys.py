"""The register of shortcuts: no key twice in one place, and none taken from napari unawares."""

from __future__ import annotations

from collections import Counter

import pytest

pytest.importorskip("napari")

from napari.layers import Image, Shapes
from napari.utils.action_manager import action_manager
from napari.viewer import ViewerModel

from napari_histcode.plugin.annotate.class_controller import MOST_HOT_KEYS
from napari_histcode.plugin.keys.napari_keys import NAPARI_SHORTCUTS, left_of, napari_keys, normal
from napari_histcode.plugin.keys.registry import SHORTCUTS, keys_of
from napari_histcode.plugin.keys.sheet import sheet_groups
from napari_histcode.plugin.keys.shortcut import Scope, Shortcut

PLACES = {
    Scope.SLIDE: (ViewerModel, Image, Shapes),
    Scope.PEN: (ViewerModel, Shapes),
    Scope.DRAWING: (ViewerModel, Shapes),
}
"""Whose keys hold in the same place."""


def naparis(key: str, scope: Scope) -> set[str]:
    """Actions of napari's on a key, where ours of that scope hold."""
    return {
        name
        for name, action in action_manager._actions.items()
        if action.keymapprovider in PLACES[scope] and normal(key) in map(normal, napari_keys(name))
    }


@pytest.mark.parametrize("one", [s for s in SHORTCUTS if s.scope in PLACES], ids=lambda one: one.name)
def test_no_key_is_taken_from_napari_unawares(one: Shortcut) -> None:
    import napari.layers  # noqa: F401 - registers napari's actions

    met = set().union(*(naparis(key, one.scope) for key in one.keys))
    assert met == {*one.replaces, *one.agrees_with}
    if one.scope is Scope.SLIDE:
        of_layers = {name for name in met if action_manager._actions[name].keymapprovider is not ViewerModel}
        assert not of_layers, "a layer's own key would win"


def test_keys_are_told_apart_in_each_place() -> None:
    for place in ({Scope.WINDOW, Scope.SLIDE}, {Scope.WINDOW, Scope.PEN, Scope.DRAWING}, {Scope.PAGE}):
        keys = Counter(normal(key) for one in SHORTCUTS if one.scope in place for key in one.keys)
        assert [key for key, n in keys.items() if n > 1] == []
    assert len({one.name for one in SHORTCUTS}) == len(SHORTCUTS)
    assert len(keys_of("class.draw")) == len(keys_of("class.choose")) == MOST_HOT_KEYS


def test_the_sheet_lists_every_shortcut_and_naparis_as_they_are_set() -> None:
    *own, napari = sheet_groups()
    assert [line.what for group in own for line in group.lines] == [one.what for one in SHORTCUTS]
    of_menus = {"Closer", "Farther"}  # known once there is a window
    assert {line.what for line in napari.lines} | of_menus == {each.what for each in NAPARI_SHORTCUTS}
    (delete,) = (each for each in NAPARI_SHORTCUTS if each.action == "napari:delete_selected_shapes")
    assert left_of(delete) == ("3", "Delete"), "Backspace is ours"


def test_naparis_keys_follow_its_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    from napari.settings import get_settings

    monkeypatch.setitem(get_settings().shortcuts.shortcuts, "napari:reset_view", ["Ctrl+0"])
    *_, napari = sheet_groups()
    assert [line.keys for line in napari.lines if line.what == "Show the whole slide"] == [("Ctrl+0",)]


def test_a_shortcut_says_what_it_takes() -> None:
    facts = {"name": "x", "keys": ("F",), "what": "", "group": "", "scope": Scope.PEN}
    with pytest.raises(ValueError, match="in words"):
        Shortcut(**facts, replaces=("napari:x",))
    with pytest.raises(ValueError, match="no key"):
        Shortcut(**{**facts, "keys": ()})
