"""The threshold and the layer of the agreement: from the user's choice to what is painted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.thresholds import Rule, Threshold
from napari_histcode.comparison.tile_agreement import AGREEMENT_COLOURS, AGREEMENT_LABELS, TileAgreement
from napari_histcode.plugin.canvas import Canvas, ShownClasses
from napari_histcode.plugin.compare.cuts import (
    first_threshold,
    make_cut,
    own_threshold,
    share_below,
    threshold_at,
    thresholds_of,
    values_of,
)
from napari_histcode.plugin.compare.state import Answer, CompareState
from napari_histcode.plugin.session import Session

LAYER = "compare.agreement"
"""Name of the layer on the canvas."""

OPACITY = 0.75
"""The colours have to be told apart on any stain."""

OPACITY_CLOSE_UP = 0.35
"""While a tile is looked at, which is not painted itself, its neighbours are to be seen."""


class CutController:
    """Cuts the map in question, and paints where it agrees with the regions.

    Maps are hidden while the agreement is painted, unless the user wants them: nobody can tell both apart.

    Parameters
    ----------
    session : Session
        What is open.
    state : CompareState
        The page's state.
    canvas : Canvas
        Where to paint.
    """

    def __init__(self, session: Session, state: CompareState, canvas: Canvas) -> None:
        self._session = session
        self._state = state
        self._canvas = canvas
        self._wishes: dict[str, Threshold] = {}
        self._rule: tuple[Rule, float | None] | None = None
        self._values: NDArray[np.float64] = np.empty(0)
        self._ordered: NDArray[np.float64] = np.empty(0)
        self._lattice: TileLattice | None = None
        self._of: tuple[Answer, str] | None = None
        self._hidden_maps: tuple[str, ...] = ()
        self._is_in_front = False
        state.events.answer.connect(self._renew)
        state.events.map.connect(self._renew)
        for signal in (state.events.place, state.events.picked, state.events.group):
            signal.connect(self._paint)
        state.events.is_agreement_shown.connect(self._show_or_hide)
        state.events.is_map_shown.connect(self._hide_or_restore_maps)

    @property
    def values(self) -> NDArray[np.float64]:
        """(n_tiles,) values of the map in question; NaN where there is none."""
        return self._values

    @property
    def has_range(self) -> bool:
        """Whether there are values to choose a threshold from."""
        return self._state.cut is not None and bool(len(self._ordered))

    @property
    def position(self) -> float:
        """Where the threshold stands among the values that count, 0 to 1: the share below it."""
        cut = self._state.cut
        if cut is None or not len(self._ordered) or not np.isfinite(cut.threshold.value):
            return 0.0
        return min(share_below(self._ordered, cut.threshold.value), 1.0)

    def set_in_front(self, *, is_in_front: bool) -> None:
        """Paint while the page is in front, and leave the slide as it was when it is not."""
        self._is_in_front = is_in_front
        self._show_or_hide()

    def forget(self) -> None:
        """Forget the thresholds that were chosen: they were about another result."""
        self._wishes, self._rule = {}, None
        self._forget_hidden()

    def own_threshold(self, name: str | None) -> float | None:
        """Return the threshold that the user set on a map; None where a rule holds."""
        wish = self._wishes.get(name or "")
        return None if wish is None else wish.value

    @property
    def rule(self) -> tuple[Rule, float | None] | None:
        """The rule that the user chose, and its share; None for the first one there is."""
        return self._rule

    def choose_rule(self, rule: Rule, share: float | None = None) -> None:
        """Cut where a rule says, on this map and those to come."""
        self._rule = (rule, share)
        self._wishes.pop(self._state.map or "", None)
        self._renew()

    def set_threshold(self, value: float) -> None:
        """Cut this map at a value."""
        if self._state.map is None or not np.isfinite(value):
            return
        self._wishes[self._state.map] = own_threshold(value)
        self._cut()

    def set_position(self, share: float) -> None:
        """Cut this map so that a share of the values that count lies below."""
        if len(self._ordered):
            self.set_threshold(threshold_at(self._ordered, share))

    def _renew(self) -> None:
        """Take up another answer or another map."""
        answer, name = self._state.answer, self._state.map
        if answer is None or name is None or answer.map(name) is None:
            self._of, self._state.cut = None, None
            self._canvas.set_classes_visible(LAYER, is_visible=False)
            return
        self._of = (answer, name)
        reference = answer.comparison.reference
        self._values = values_of(answer.scores.map(name))
        self._ordered = np.sort(self._values[reference.counts & np.isfinite(self._values)])
        if self._lattice is None or self._lattice.grid is not reference.grid:
            self._lattice = TileLattice(grid=reference.grid)
        self._cut()

    def _cut(self) -> None:
        if self._of is None or self._lattice is None:
            return
        answer, name = self._of
        own = self._wishes.get(name)
        self._state.cut = make_cut(
            name,
            self._values,
            own or self._by_rule(answer, name),
            answer.comparison.reference,
            self._lattice,
            is_own=own is not None,
        )
        self._paint()

    def _by_rule(self, answer: Answer, name: str) -> Threshold:
        compared = answer.map(name)
        assert compared is not None  # noqa: S101 - _renew has seen to it
        for threshold in thresholds_of(compared):
            if (threshold.rule, threshold.share) == self._rule:
                return threshold
        return first_threshold(compared)

    # The layer

    def _show_or_hide(self) -> None:
        if self._is_in_front and self._state.is_agreement_shown:
            self._paint()
        else:
            self._canvas.set_classes_visible(LAYER, is_visible=False)
        self._hide_or_restore_maps()

    def _paint(self) -> None:
        cut, entry = self._state.cut, self._session.current
        if cut is None or self._of is None or entry is None:
            return
        if not (self._is_in_front and self._state.is_agreement_shown):
            return
        answer, _ = self._of
        classes = cut.agreement.astype(np.int16)
        bare = self._state.tile_in_view
        if bare is not None:
            classes[bare] = TileAgreement.NOT_ASSESSED  # its tissue is what one wants to see
        self._canvas.put_classes(
            ShownClasses(
                name=LAYER,
                label="agreement",
                grid=answer.comparison.reference.grid,
                classes=classes,
                colours={int(kind): colour for kind, colour in AGREEMENT_COLOURS.items()},
                labels={
                    int(kind): text
                    for kind, text in AGREEMENT_LABELS.items()
                    if kind is not TileAgreement.NOT_ASSESSED
                },
                record=entry.record,
                opacity=OPACITY if bare is None else OPACITY_CLOSE_UP,
            )
        )
        self._hide_or_restore_maps()

    def restore_maps(self) -> None:
        """Show the maps again that were hidden below the agreement."""
        hidden = self._hidden_maps
        self._forget_hidden()
        self._switch_maps(hidden, is_visible=True)

    def _forget_hidden(self) -> None:
        if self._hidden_maps:
            self._hidden_maps, self._session.covered_maps = (), frozenset()

    def _hide_or_restore_maps(self) -> None:
        """Hide visible maps below the agreement, or show again those that we hid."""
        state, visible = self._state, tuple(sorted(self._session.visible_maps))
        is_painted = self._is_in_front and state.is_agreement_shown and state.cut is not None
        if not is_painted or state.is_map_shown:
            self.restore_maps()
        elif visible and not self._hidden_maps:
            self._hidden_maps, self._session.covered_maps = visible, frozenset(visible)
            self._switch_maps(visible, is_visible=False)

    def _switch_maps(self, names: tuple[str, ...], *, is_visible: bool) -> None:
        """Switch maps on or off, and leave the user's selection among them as it is."""
        session = self._session
        for name in names:
            if name in self._canvas.map_names():
                others = session.visible_maps - {name}
                session.visible_maps = others | {name} if is_visible else others
                self._canvas.set_map_visible(name, is_visible=is_visible)
