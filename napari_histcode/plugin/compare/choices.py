"""What the user has chosen on the page Compare, apart from what it guesses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_histcode.comparison.thresholds import Rule
from napari_histcode.plugin.compare.state import Reader

if TYPE_CHECKING:
    from napari_histcode.plugin.compare.controller import CompareController


@dataclass(frozen=True, kw_only=True, eq=False)
class Choices:
    """Choices about one slide; None where the page may guess."""

    map: str | None = None
    """The map in question; None if it follows the list of maps."""
    positive: tuple[str, ...] | None = None
    """Classes that count as positive."""
    class_of_output: tuple[tuple[str, str], ...] | None = None
    """Outputs and the classes they stand for."""
    is_exhaustive: bool = False
    """Whether unannotated tissue is negative."""
    is_every_map: bool = False
    """Whether the full comparison takes all maps."""
    threshold: float | None = None
    """The user's own threshold of the map in question."""
    rule: tuple[Rule, float | None] | None = None
    """The rule by which maps are cut otherwise, and its share."""
    readers: tuple[Reader, ...] = ()
    """Further readers."""


class ChoiceKeeper:
    """Keeps the choices of slides that are not in front, and makes them again when they come back.

    Parameters
    ----------
    compare : CompareController
        Where one chooses.
    """

    def __init__(self, compare: CompareController) -> None:
        self._compare = compare
        self._session, self._state = compare.session, compare.state
        self._kept: dict[str, Choices] = {}
        self._shown: str | None = None
        self._is_choosing = False
        self._session.events.current.connect(self._slide_changed, priority=1)  # before the readers are gone
        self._session.events.slides.connect(self._forget_closed)
        compare.looked.connect(self._choose_again)
        self._slide_changed()

    def of(self, key: str) -> Choices:
        """Tell what was chosen about an open slide."""
        if key in self._kept:
            return self._kept[key]
        return self._now() if key == self._shown else Choices()

    def recall(self, key: str, choices: Choices) -> None:
        """Choose this about a slide as soon as its maps and regions are there."""
        self._kept[key] = choices
        if key == self._shown:
            self._choose_again()

    def _now(self) -> Choices:
        state, cut = self._state, self._compare.cut
        return Choices(
            map=state.map if self._compare.is_map_own else None,
            positive=None if state.is_guess else state.positive,
            class_of_output=state.class_of_output if self._compare.are_pairs_own else None,
            is_exhaustive=state.is_exhaustive,
            is_every_map=state.is_every_map,
            threshold=cut.own_threshold(state.map),
            rule=cut.rule,
            readers=state.readers,
        )

    def _slide_changed(self) -> None:
        entry = self._session.current
        key = entry.key if entry is not None else None
        if key == self._shown:
            return
        if self._shown is not None and self._shown not in self._kept:
            self._kept[self._shown] = self._now()
        self._shown = key

    def _forget_closed(self) -> None:
        open_keys = {entry.key for entry in self._session.slides}
        self._kept = {key: choices for key, choices in self._kept.items() if key in open_keys}

    def _choose_again(self) -> None:
        """Choose what was chosen before, unless its maps or regions are still to come."""
        wanted = self._kept.get(self._shown or "")
        if wanted is None or self._session.result is None or self._is_choosing:
            return
        if not set(wanted.positive or ()) <= {row.name for row in self._state.classes}:
            return
        del self._kept[self._shown or ""]
        self._is_choosing = True
        try:
            self._choose(wanted)
        finally:
            self._is_choosing = False

    def _choose(self, wanted: Choices) -> None:
        compare, state, session = self._compare, self._state, self._session
        made = [one.name for one in session.tool_maps]
        names = {*(session.result.scores.map_names if session.result is not None else ()), *made}
        state.readers = wanted.readers
        compare.take_every_map(is_every=wanted.is_every_map)
        if wanted.map is not None and wanted.map in names:
            compare.choose_map(wanted.map)
        if wanted.positive is not None:
            compare.choose_positive(wanted.positive)
        if wanted.class_of_output is not None:
            for output, _ in state.class_of_output:
                compare.choose_class(output, None)
            for output, name in wanted.class_of_output:
                compare.choose_class(output, name)
        compare.set_exhaustive(is_exhaustive=wanted.is_exhaustive)
        if wanted.rule is not None:
            compare.cut.choose_rule(*wanted.rule)
        if wanted.threshold is not None:
            compare.cut.set_threshold(wanted.threshold)
