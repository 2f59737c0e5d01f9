"""The classes that are taught: chosen, added, renamed, removed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from napari_histcode.plugin.annotate.state import AnnotateState
from napari_histcode.plugin.ask.teach_marks import TaughtClass, colour_for, next_class
from napari_histcode.plugin.ask.teach_state import TeachState
from napari_histcode.plugin.session import Session

FEWEST = 2
"""Classes that there always are: what is one of them has to be told from something."""
MOST = 8


class TeachClasses:
    """Keeps the list of classes.

    Parameters
    ----------
    session : Session
        Its regions have classes, too.
    state : TeachState
        Where the list is.
    annotate : AnnotateState
        Names and colours of classes.
    forget : callable
        Called with the key of a class that is gone.
    changed : callable
        Called when the list is another one.
    """

    def __init__(
        self,
        session: Session,
        state: TeachState,
        annotate: AnnotateState,
        *,
        forget: Callable[[int], object],
        changed: Callable[[], object],
    ) -> None:
        self._session = session
        self._state = state
        self._annotate = annotate
        self._forget = forget
        self._changed = changed
        classes: tuple[TaughtClass, ...] = ()
        for _ in range(FEWEST):
            classes = (*classes, next_class(classes, annotate.classes))
        state.classes = classes
        state.chosen = state.shown = classes[0].key
        annotate.events.classes.connect(self._recolour)

    def choose(self, key: int) -> None:
        """Give this class to the tiles that are clicked from now on."""
        self._state.chosen = key
        self._state.is_unmarking = False

    def add(self, name: str | None = None) -> TaughtClass | None:
        """Add a class and choose it; None where there are as many as can be told apart."""
        state = self._state
        if len(state.classes) >= MOST:
            return None
        made = next_class(state.classes, self._annotate.classes, name)
        state.classes = (*state.classes, made)
        self.choose(made.key)
        self._changed()
        return made

    def add_missing(self, names: Iterable[str]) -> None:
        """Add classes of these names where there are none; what is clicked stays of the same class."""
        chosen = self._state.chosen
        for name in names:
            if name not in [one.name for one in self._state.classes]:
                self.add(name)
        self._state.chosen = chosen

    def rename(self, key: int, name: str) -> bool:
        """Give a class another name; False if it is empty or another class has it."""
        state, name = self._state, name.strip()
        one = state.class_of(key)
        if one is None or not name or name in [other.name for other in state.classes if other is not one]:
            return False
        if name != one.name:
            others = {other.colour for other in state.classes if other is not one}
            renamed = replace(one, name=name, colour=colour_for(name, self._annotate.classes, others))
            state.classes = tuple(renamed if other is one else other for other in state.classes)
            self._changed()
        return True

    def remove(self, key: int) -> None:
        """Take a class and its marks away, unless only two are left."""
        state = self._state
        if len(state.classes) <= FEWEST or state.class_of(key) is None:
            return
        state.classes = tuple(one for one in state.classes if one.key != key)
        if state.chosen == key:
            state.chosen = state.classes[0].key
        self._forget(key)
        self._changed()

    def _recolour(self) -> None:
        """Follow the colours of the page Annotate."""
        state, recoloured = self._state, list[TaughtClass]()
        for one in state.classes:
            taken = {other.colour for other in recoloured}
            colour = colour_for(one.name, self._annotate.classes, taken)
            is_listed = one.name in self._annotate.classes.names
            recoloured.append(replace(one, colour=colour) if is_listed else one)
        if tuple(recoloured) != state.classes:
            state.classes = tuple(recoloured)
            self._changed()
