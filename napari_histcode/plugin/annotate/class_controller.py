"""The class list: choosing, adding, renaming, recolouring and removing classes."""

from __future__ import annotations

from collections.abc import Callable

from napari_histcode.annotations import OKABE_ITO_CLASSES, QUPATH_CLASSES, AnnotationClass, ClassList
from napari_histcode.annotations.annotation import Rgb
from napari_histcode.plugin.annotate import edits
from napari_histcode.plugin.annotate.colours import FURTHER_COLOURS
from napari_histcode.plugin.annotate.selecting import Selecting
from napari_histcode.plugin.annotate.state import AnnotateState
from napari_histcode.plugin.annotate.store import RegionStore

PALETTES = {"qupath": QUPATH_CLASSES, "okabe_ito": OKABE_ITO_CLASSES}
"""Sets of colours by name."""

MOST_HOT_KEYS = 9


class ClassController:
    """Edits the class list.

    Parameters
    ----------
    store : RegionStore
        The regions, which follow when a class is renamed.
    state : AnnotateState
        Holds the list.
    selecting : Selecting
        Gives selected regions a class.
    """

    def __init__(self, store: RegionStore, state: AnnotateState, selecting: Selecting) -> None:
        self._store, self._state, self._selecting = store, state, selecting

    def choose(self, name: str | None) -> None:
        """Make this the class of new regions, and of the selected ones."""
        self._state.class_name = name
        if self._state.selected and not self._state.tool.is_drawing:
            self._selecting.reclassify(name)

    def choose_number(self, position: int) -> None:
        """Choose a class by its place in the list, 0 for the first; harmless where there is none."""
        if position < len(self._state.classes.names):
            self.choose(self._state.classes.names[position])

    def add(self, name: str = "New class") -> str:
        """Add a class with a colour that is not taken; returns its name."""
        known = {each.casefold() for each in self._state.classes.names}
        wanted, number = name, 2
        while wanted.casefold() in known:
            wanted, number = f"{name} {number}", number + 1
        taken = {entry.colour for entry in self._state.classes}
        free = [colour for colour in FURTHER_COLOURS if colour not in taken]
        colour = free[0] if free else FURTHER_COLOURS[len(known) % len(FURTHER_COLOURS)]
        self._state.classes = self._state.classes.with_class(AnnotationClass(name=wanted, colour=colour))
        self._state.class_name = wanted
        return wanted

    def rename(self, old: str, new: str) -> None:
        """Rename a class and all its regions."""
        new = new.strip()
        names = self._state.classes.names
        if not new or new == old or old not in names:
            return
        if new.casefold() in {name.casefold() for name in names if name != old}:
            self._store.say(f"There is a class {new!r} already.", is_error=True)
            return
        self._replace(old, lambda entry: AnnotationClass(name=new, colour=entry.colour))
        if self._state.class_name == old:
            self._state.class_name = new
        ids = {str(region.id) for region in self._store.regions if region.class_name == old}
        if ids:
            classes = self._state.classes
            changed = edits.change(
                self._store.regions, ids, lambda region: edits.reclassified(region, new, classes)
            )
            self._store.commit(f"rename class {old} to {new}", changed)

    def recolour(self, name: str, colour: Rgb) -> None:
        """Give a class another colour."""
        self._replace(name, lambda entry: AnnotationClass(name=entry.name, colour=colour))

    def remove(self, name: str) -> None:
        """Take a class out of the list, unless regions have it."""
        n_regions = self._store.class_counts.get(name, 0)
        if n_regions:
            self._store.say(
                f"{edits.counted(n_regions)} of this slide: {name}. Give them another class first.",
                is_error=True,
            )
            return
        self._state.classes = self._state.classes.without(name)
        if self._state.class_name == name:
            self._state.class_name = next(iter(self._state.classes.names), None)

    def use_palette(self, palette: str) -> None:
        """Give the usual classes the colours of a set; others keep theirs."""
        chosen = PALETTES[palette]
        known = {entry.name: entry for entry in chosen}
        classes = ClassList(classes=tuple(known.get(entry.name, entry) for entry in self._state.classes))
        self._state.classes = classes

    @property
    def palette(self) -> str:
        """Name of the set that the usual classes have their colours of; empty if they are mixed."""
        for name, chosen in PALETTES.items():
            known = {entry.name: entry.colour for entry in chosen}
            if all(known.get(entry.name, entry.colour) == entry.colour for entry in self._state.classes):
                return name
        return ""

    def _replace(self, name: str, change: Callable[[AnnotationClass], AnnotationClass]) -> None:
        self._state.classes = ClassList(
            classes=tuple(change(entry) if entry.name == name else entry for entry in self._state.classes)
        )
