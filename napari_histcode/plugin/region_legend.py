"""Session and class list -> the legend of the regions that are shown on the canvas."""

from __future__ import annotations

from collections.abc import Sequence

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.annotate.colours import colour_of
from napari_histcode.plugin.annotate.edits import class_label
from napari_histcode.plugin.annotate.state import AnnotateState
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.class_legend import Legend, LegendClass
from napari_histcode.plugin.session import Session

NAME = "regions"
TITLE = "regions"


def legend_of(regions: Sequence[Annotation], state: AnnotateState) -> Legend:
    """Name the classes of regions, in the order of the class list, with the colours they are drawn in."""
    first = {region.class_name: region for region in reversed(regions)}
    order = {name: place for place, name in enumerate(state.classes.names)}
    last = len(order)
    named = sorted(first, key=lambda name: (name is None, order.get(name or "", last), name or ""))
    return Legend(
        title=TITLE,
        classes=tuple(
            LegendClass(label=class_label(name), colour=colour_of(first[name], state.classes))
            for name in named
        ),
    )


class RegionLegend:
    """Keeps the legend of the regions up to date.

    Parameters
    ----------
    session : Session
        Holds the regions.
    state : AnnotateState
        Holds their classes, and whether they are shown.
    canvas : Canvas
        Where the legend is.
    """

    def __init__(self, session: Session, state: AnnotateState, canvas: Canvas) -> None:
        self._session, self._state, self._canvas = session, state, canvas
        for signal in (session.events.annotations, state.events.classes, state.events.is_visible):
            signal.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        is_shown = self._state.is_visible and bool(self._session.annotations)
        self._canvas.put_legend(NAME, legend_of(self._session.annotations, self._state) if is_shown else None)
