"""Calling back later, and not at all once nobody is there."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from napari_histcode.plugin.later import Later

pytestmark = pytest.mark.gui


def test_calls_back_once(qtbot: Any) -> None:
    later, calls = Later(), []
    later.call(0, lambda: calls.append(1))
    assert not calls, "not while the caller is at work"
    qtbot.waitUntil(lambda: bool(calls))
    qtbot.wait(20)
    assert calls == [1]


def test_closed_it_calls_nobody_and_holds_nobody(qtbot: Any) -> None:
    class Window:
        def ring(self) -> None:
            pytest.fail("nobody listens any more")

    later, window = Later(), Window()
    later.call(0.01, window.ring)
    later.close()
    later.close()
    later.call(0, window.ring)
    listener = weakref.ref(window)
    del window
    gc.collect()
    assert listener() is None
    qtbot.wait(40)
