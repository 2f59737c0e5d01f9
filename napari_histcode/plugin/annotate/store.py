"""The truth about the regions of every open slide: a history each; the session has the current one's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from psygnal import Signal

from napari_histcode.annotations import Annotation
from napari_histcode.plugin.annotate.colours import with_classes_of
from napari_histcode.plugin.annotate.edits import find
from napari_histcode.plugin.annotate.history import History, Regions
from napari_histcode.plugin.annotate.state import AnnotateState, Notice
from napari_histcode.plugin.session import Session, SlideEntry


class RegionStore:
    """Keeps the regions of all slides and announces those of the current one.

    Parameters
    ----------
    session : Session
        Its ``annotations`` are written here and nowhere else.
    state : AnnotateState
        Takes selection, notices, and what undo and redo would do.
    """

    changed = Signal()
    """The regions of the current slide are others now, or those of another slide."""
    edited = Signal()
    """The user changed the regions of the current slide."""

    def __init__(self, session: Session, state: AnnotateState) -> None:
        self._session, self._state = session, state
        self._histories: dict[str, History] = {}
        self._edits: dict[str, int] = {}
        self._found: tuple[Regions, frozenset[str], Regions] | None = None
        self._counted: tuple[Regions, Counter[str | None]] | None = None

    @property
    def entry(self) -> SlideEntry | None:
        """The current slide."""
        return self._session.current

    @property
    def regions(self) -> Regions:
        """Regions of the current slide."""
        return self._history.regions

    @property
    def selected(self) -> Regions:
        """The selected regions, in order."""
        ids, regions = self._state.selected, self.regions
        if self._found is None or self._found[0] is not regions or self._found[1] is not ids:
            self._found = (regions, ids, find(regions, ids) if ids else ())
        return self._found[2]

    @property
    def class_counts(self) -> Mapping[str | None, int]:
        """Number of regions of each class of the current slide; None for unclassified ones."""
        regions = self.regions
        if self._counted is None or self._counted[0] is not regions:
            self._counted = (regions, Counter(region.class_name for region in regions))
        return self._counted[1]

    @property
    def _history(self) -> History:
        return self._histories.get(self.entry.key, History()) if self.entry is not None else History()

    def regions_of(self, key: str) -> Regions:
        """Regions of any open slide."""
        return self._histories.get(key, History()).regions

    def n_edits(self, key: str) -> int:
        """How often the user has changed the regions of a slide, undoing included."""
        return self._edits.get(key, 0)

    def begin(self, key: str, regions: Regions) -> None:
        """Give a slide the regions that it starts with."""
        self._histories[key] = History(start=regions)
        if self.entry is not None and self.entry.key == key:
            self._announce()

    def forget(self, key: str) -> None:
        """Forget a slide that was closed."""
        self._histories.pop(key, None)
        self._edits.pop(key, None)

    def switch(self) -> None:
        """Announce the regions of another slide."""
        self._state.selected = frozenset()
        self._state.notice = Notice()
        self._announce()

    def commit(
        self, label: str, regions: Regions, *, notice: str = "", selected: Collection[str] | None = None
    ) -> None:
        """Take a step that can be undone.

        Parameters
        ----------
        label : str
            What it is: "draw Tumor".
        regions : tuple of Annotation
            All regions after it.
        notice : str
            What to say of it; the label if empty.
        selected : collection of str, optional
            What is selected then; the same as before if not given, less what has gone.
        """
        entry = self.entry
        if entry is None:
            return
        self._histories[entry.key] = self._history.then(label, regions)
        self._count_edit(entry.key)
        self._select_after(selected)
        said = notice or f"{label[:1].upper()}{label[1:]}."
        self._state.notice = Notice(text=said, action="Undo")
        self._announce()
        self.edited.emit()

    def undo(self) -> None:
        """Take the last step back."""
        self._travel(self._history.undo(), f"Undone: {self._history.undo_label}.")

    def redo(self) -> None:
        """Do the last undone step again."""
        self._travel(self._history.redo(), f"Done again: {self._history.redo_label}.")

    def say(self, text: str, *, is_error: bool = False) -> None:
        """Say something that cannot be undone, since nothing changed."""
        self._state.notice = Notice(text=text, is_error=is_error)

    def _travel(self, history: History, text: str) -> None:
        entry = self.entry
        if entry is None or history is self._histories.get(entry.key, history):
            return
        self._histories[entry.key] = history
        self._count_edit(entry.key)
        self._select_after(None)
        self._state.notice = Notice(text=text)
        self._announce()
        self.edited.emit()

    def _count_edit(self, key: str) -> None:
        self._edits[key] = self._edits.get(key, 0) + 1

    def _select_after(self, selected: Collection[str] | None) -> None:
        wanted = self._state.selected if selected is None else frozenset(selected)
        if wanted:
            wanted = frozenset(str(region.id) for region in find(self.regions, wanted))
        self._state.selected = wanted

    def _announce(self) -> None:
        history = self._history
        self._state.undo_label, self._state.redo_label = history.undo_label, history.redo_label
        learned = with_classes_of(self._state.classes, history.regions, self.class_counts)
        if learned is not self._state.classes:
            self._state.classes = learned
        self.changed.emit()
        self._session.annotations = history.regions


def is_editable(region: Annotation) -> bool:
    """Whether a region may be changed."""
    return not region.is_locked
