"""GENE SIGNATURES: several genes as one map; published ones and the user's."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QSignalBlocker, QSize, Qt
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QAbstractItemView, QFileDialog, QHeaderView, QTreeWidget, QTreeWidgetItem

from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.notice_line import NoticeLine
from napari_histcode.plugin.panels.section import button, label, row
from napari_histcode.plugin.panels.signature_editor import SignatureEditor
from napari_histcode.plugin.signatures.controller import SignatureController
from napari_histcode.plugin.signatures.state import SignatureRow
from napari_histcode.plugin.signatures.words import row_lines

MOST_ROWS = 7
ROW_HEIGHT_PX = 22


class SignaturesPanel(FoldingSection):
    """The list of signatures, what can be done with one, and the editor."""

    def __init__(self, controller: SignatureController) -> None:
        super().__init__("Gene signatures", "The mean of several genes as one map, yours or a published one.")
        self._controller = controller
        self._state = controller.state
        self._own: set[str] = set()
        self.tree = self._make_tree()
        self.details = label(role="muted", wraps=True)
        self.show_button = button("Show map", self._show, tooltip="Draw this signature's map, alone")
        self.edit_button = button("Edit", self._edit, tooltip="")
        self.remove_button = button("Remove", self._remove, tooltip="Remove this signature of yours")
        self.new_button = button(
            "New …", lambda: controller.begin(), tooltip="Paste a list of genes under a name"
        )
        self.import_button = button(
            "Import …", self._import, tooltip="Add the signatures of a GMT file, one a line"
        )
        self.fold_button = button(
            "Add fold changes …",
            self._add_fold_changes,
            tooltip="A table gene,log2_fold_change of a cohort, named by the file.\n"
            "It is kept, and shown with every gene that it knows.",
            role="link",
        )
        self.editor = SignatureEditor(controller)
        self.notice = NoticeLine(controller.act_on_notice)
        own = row(self.show_button, self.edit_button, self.remove_button)
        own.addStretch(1)
        more = row(self.new_button, self.import_button, self.fold_button)
        more.addStretch(1)
        self.content.addWidget(self.tree)
        self.content.addWidget(self.details)
        self.content.addLayout(own)
        self.content.addLayout(more)
        self.content.addWidget(self.editor)
        self.content.addWidget(self.notice)
        self._state.events.rows.connect(self._rebuild)
        self._state.events.notice.connect(self._tell)
        self._rebuild()
        self._tell()

    def _make_tree(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setAccessibleName("signatures")
        tree.setToolTip("Enter or a double click draws a signature's map")
        tree.setHeaderHidden(True)
        tree.setRootIsDecorated(False)
        tree.setColumnCount(2)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = tree.header()
        if header is not None:
            header.setStretchLastSection(False)
            header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
            header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        tree.currentItemChanged.connect(lambda _now, _before: self._refresh())
        tree.itemActivated.connect(lambda _item, _column: self._show())
        return tree

    def _rebuild(self) -> None:
        rows = self._state.rows
        own = {each.signature.name for each in rows if each.is_own}
        new, self._own = own - self._own, own
        name = self.chosen.signature.name if self.chosen is not None else ""
        name = min(new) if new else name
        self.setVisible(bool(rows))
        with QSignalBlocker(self.tree):
            self.tree.clear()
            for each in rows:
                item = QTreeWidgetItem([each.signature.label, each.count])
                item.setSizeHint(0, QSize(0, ROW_HEIGHT_PX))
                item.setData(0, Qt.ItemDataRole.UserRole, each)
                item.setToolTip(0, "\n".join(row_lines(each)))
                item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if not each.members.is_enough:
                    shade = self.tree.palette().brush(QPalette.ColorRole.PlaceholderText)
                    item.setForeground(0, shade)
                    item.setForeground(1, shade)
                self.tree.addTopLevelItem(item)
                if each.signature.name == name:
                    self.tree.setCurrentItem(item)
            if self.tree.currentItem() is None and rows:
                self.tree.setCurrentItem(self.tree.topLevelItem(0))
        self.tree.setFixedHeight(min(MOST_ROWS, max(len(rows), 1)) * ROW_HEIGHT_PX + 4)
        self._refresh()

    @property
    def chosen(self) -> SignatureRow | None:
        """The signature that the buttons are about."""
        item = self.tree.currentItem()
        found = item.data(0, Qt.ItemDataRole.UserRole) if item is not None else None
        return found if isinstance(found, SignatureRow) else None

    def _refresh(self) -> None:
        chosen = self.chosen
        self.details.setText("\n".join(row_lines(chosen)) if chosen is not None else "")
        self.show_button.setEnabled(chosen is not None and chosen.members.is_enough)
        self.remove_button.setEnabled(chosen is not None and chosen.is_own)
        self.edit_button.setEnabled(chosen is not None)
        is_own = chosen is not None and chosen.is_own
        self.edit_button.setText("Edit" if is_own else "Copy")
        self.edit_button.setToolTip(
            "Change name and genes" if is_own else "Make one of your own from this one"
        )

    def _tell(self) -> None:
        self.notice.show_notice(self._state.notice)

    def _show(self) -> None:
        if self.chosen is not None and self.chosen.members.is_enough:
            self._controller.show(self.chosen.signature.name)

    def _edit(self) -> None:
        if self.chosen is not None:
            self._controller.begin(self.chosen.signature.name)

    def _remove(self) -> None:
        if self.chosen is not None:
            self._controller.remove(self.chosen.signature.name)

    def _import(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Import signatures", "", "GMT (*.gmt);;All files (*)")
        if path:
            self._controller.import_file(Path(path))

    def _add_fold_changes(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Add fold changes", "", "Tables (*.csv *.tsv *.txt)")
        if path:
            self._controller.add_fold_changes(Path(path))
