"""SELECTED: what can be done with the regions in hand."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QCheckBox, QLineEdit

from napari_histcode.plugin.annotate.controller import AnnotateController
from napari_histcode.plugin.annotate.edits import class_label, counted
from napari_histcode.plugin.annotate.shaping import n_holes
from napari_histcode.plugin.panels.section import Section, button, captioned, label, row
from napari_histcode.plugin.style import set_role

SEVERAL = "several names"


class AnnotateSelectionPanel(Section):
    """Name, lock, copy, delete, and combine the selected regions."""

    def __init__(self, annotate: AnnotateController) -> None:
        super().__init__("Selected")
        self._annotate = annotate
        act = annotate.selecting
        self.what = label(role="title", wraps=True)
        self.name = QLineEdit()
        self.name.setAccessibleName("name of the region")
        self.name.editingFinished.connect(self._rename)
        self.lock = QCheckBox("locked")
        self.lock.setToolTip("Locked regions cannot be moved, changed or deleted")
        self.lock.clicked.connect(lambda checked: act.set_locked(is_locked=checked))
        self.copy_button = button("Copy", act.duplicate, tooltip="Copy to a place beside (Shift+D)")
        self.delete_button = button(
            "Delete", act.delete, tooltip="Delete (Delete, Backspace or 3); undo with Ctrl+Z"
        )
        self.unite_button = button(
            "Unite", act.unite, tooltip="Make one region of them, of the first one's class"
        )
        self.intersect_button = button(
            "Intersect", act.intersect, tooltip="Keep only what they have in common"
        )
        self.subtract_button = button(
            "Subtract", act.subtract, tooltip="Take the smaller ones out of the largest; they stay"
        )
        self.hole_button = button(
            "Make hole", act.make_hole, tooltip="Make holes of the smaller ones in the largest"
        )
        self.fill_button = button(
            "Fill holes", act.fill_holes, tooltip="Fill all holes of the selected regions"
        )
        self.content.addWidget(self.what)
        self.content.addLayout(captioned(("Name", row(self.name, self.lock, stretch=0))))
        for buttons in (
            (self.copy_button, self.delete_button, self.fill_button),
            (self.unite_button, self.intersect_button, self.subtract_button, self.hole_button),
        ):
            for made in buttons:
                set_role(made, "small")
            line = row(*buttons)
            line.addStretch(1)
            self.content.addLayout(line)
        annotate.state.events.selected.connect(self._refresh)
        annotate.session.events.annotations.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        chosen = self._annotate.store.selected
        self.setVisible(bool(chosen))
        if not chosen:
            return
        classes = dict.fromkeys(class_label(region.class_name) for region in chosen)
        shown = ", ".join(list(classes)[:3]) + (" …" if len(classes) > 3 else "")
        self.what.setText(f"{counted(len(chosen))} · {shown}")
        names = {region.name or "" for region in chosen}
        with QSignalBlocker(self.name), QSignalBlocker(self.lock):
            self.name.setText(names.pop() if len(names) == 1 else "")
            self.name.setPlaceholderText(SEVERAL if names else "none")
            self.lock.setChecked(all(region.is_locked for region in chosen))
        n_areas = sum(region.has_area for region in chosen)
        is_free = any(not region.is_locked for region in chosen)
        for made in (self.unite_button, self.intersect_button, self.subtract_button, self.hole_button):
            made.setVisible(n_areas > 1)
            made.setEnabled(is_free)
        few = chosen[:200]
        self.fill_button.setVisible(any(n_holes(region.geometry) for region in few))
        for widget in (self.delete_button, self.fill_button, self.name):
            widget.setEnabled(is_free)

    def _rename(self) -> None:
        is_untouched = not self.name.text() and self.name.placeholderText() == SEVERAL
        if not is_untouched:
            self._annotate.selecting.rename(self.name.text())
