"""The legend of classes on the canvas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.annotate.state import AnnotateState
from napari_histcode.plugin.class_legend import (
    LONGEST,
    MOST_CHIPS,
    Legend,
    LegendClass,
    _linear,
    lines_of,
    text_colour,
)
from napari_histcode.plugin.region_legend import NAME, RegionLegend
from napari_histcode.plugin.session import Session
from tests.plugin.fakes import FakeCanvas


def legend(n: int, title: str = "clusters") -> Legend:
    return Legend(
        title=title, classes=tuple(LegendClass(label=f"cluster {i}", colour=(i, 0, 0)) for i in range(n))
    )


def test_one_legend_needs_no_title() -> None:
    assert [line.text for line in lines_of([legend(2)])] == ["cluster 0", "cluster 1"]
    assert [line.text for line in lines_of([legend(1, "regions"), legend(1)])] == [
        "regions",
        "cluster 0",
        "clusters",
        "cluster 0",
    ]


@given(n=st.integers(1, 40))
def test_it_stays_compact(n: int) -> None:
    lines = lines_of([legend(n)])
    assert len(lines) <= MOST_CHIPS
    if n > MOST_CHIPS:
        assert lines[-1].text == f"and {n - len(lines) + 1} more"
        assert lines[-1].colour is None
    else:
        assert [line.colour for line in lines] == [(i, 0, 0) for i in range(n)]


def test_long_names_end_in_an_ellipsis() -> None:
    long = Legend(title="", classes=(LegendClass(label="x" * 99, colour=(1, 2, 3)),))
    (line,) = lines_of([long])
    assert len(line.text) == LONGEST
    assert line.text.endswith("…")


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_text_is_legible_on_its_chip(colour: tuple[int, int, int]) -> None:
    weights = (0.2126, 0.7152, 0.0722)
    box = sum(w * _linear(c / 255) for w, c in zip(weights, colour, strict=True))
    text = 0.0 if text_colour(colour) == "black" else 1.0
    assert (max(box, text) + 0.05) / (min(box, text) + 0.05) >= 4.5  # WCAG 2.1, level AA


def region(class_name: str | None) -> Annotation:
    return Annotation(geometry=shapely.box(0, 0, 10, 10), class_name=class_name)


def test_regions_have_their_classes_in_the_legend() -> None:
    session, state, canvas = Session(), AnnotateState(), FakeCanvas()
    keeper = RegionLegend(session, state, canvas)
    assert canvas.legends[NAME] is None
    session.annotations = (region("Necrosis"), region(None), region("Tumor"), region("Tumor"))
    shown = canvas.legends[NAME]
    assert shown is not None
    assert [each.label for each in shown.classes] == ["Tumor", "Necrosis", "unclassified"]
    assert shown.classes[0].colour == state.classes.colour_of("Tumor")
    state.is_visible = False
    assert canvas.legends[NAME] is None
    assert keeper is not None


@pytest.mark.gui
def test_chips_on_the_real_canvas(make_napari_viewer_proxy: Any) -> None:
    from napari_histcode.plugin.napari_canvas import NapariCanvas

    viewer = make_napari_viewer_proxy()
    before = set(viewer.canvas.overlays.keys())
    canvas = NapariCanvas(viewer)

    def chips() -> list[tuple[str, Any]]:
        overlays = [o for key, o in viewer.canvas.overlays.items() if key not in before and o.visible]
        assert {str(o.position) for o in overlays} <= {"top_left"}
        return [(o.text, None if o.box_color is None else np.rint(o.box_color[:3] * 255)) for o in overlays]

    canvas.put_legend("one", legend(3))
    assert [text for text, _ in chips()] == ["cluster 0", "cluster 1", "cluster 2"]
    assert chips()[2][1].tolist() == [2, 0, 0]
    canvas.put_legend("one", legend(1))
    assert [text for text, _ in chips()] == ["cluster 0"]
    canvas.put_legend("two", legend(2, "regions"))
    assert [text for text, _ in chips()] == ["clusters", "cluster 0", "regions", "cluster 0", "cluster 1"]
    assert chips()[0][1] is None
    canvas.put_legend("one", None)
    canvas.put_legend("two", None)
    assert chips() == []
    canvas.put_legend("one", legend(1))
    canvas.disconnect()
    assert set(viewer.canvas.overlays.keys()) == before
