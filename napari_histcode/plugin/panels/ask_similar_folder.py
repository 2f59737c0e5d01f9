"""The part of FIND SIMILAR that looks beyond the slide: all analysed slides of a folder."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QFrame,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_histcode.plugin.ask.similar_folder_controller import SimilarFolderController
from napari_histcode.plugin.formats import dialog_filter
from napari_histcode.plugin.panels.job_line import JobLine
from napari_histcode.plugin.panels.section import button, column, label, row
from napari_histcode.plugin.session import Phase, Session
from napari_histcode.plugin.style import SPACING_PX, set_role
from napari_histcode.similarity.hit import Hit
from napari_histcode.similarity.manifest import INDEX_FOLDER

MOST_ROWS = 8
ROW_PX = 22
TOOLTIP = (
    "Choose a folder of results, such as histcode analyse writes them.\n"
    f"An index of their tiles is written into it ({INDEX_FOLDER}), and brought up to date the next time."
)


class SimilarFolder(QWidget):
    """The folder, the list of tiles of other slides, and the question for a slide's file."""

    def __init__(self, controller: SimilarFolderController, session: Session) -> None:
        super().__init__()
        self._controller = controller
        self._state = controller.state
        self._start = str(Path.home())
        self.search_button = button(
            "Search all analysed slides …", self._choose_folder, tooltip=TOOLTIP, role="small"
        )
        self.leave_button = button(
            "This slide alone", controller.leave_folder, tooltip="Close the folder", role="link"
        )
        self.job = JobLine(controller.cancel, tooltip="Stop; the index stays as it was")
        self.refused = label(role="error", wraps=True)
        self.heading = label(role="title", wraps=True)
        self.about = label(
            "Seen from the common mean of the folder's slides, so that numbers of different slides compare.",
            role="muted",
            wraps=True,
        )
        self.searching = label(role="error", wraps=True)
        self.list = _list()
        self.list.itemClicked.connect(self._choose)
        self.list.itemActivated.connect(self._choose)
        self.question = QFrame()
        set_role(self.question, "question")
        self.wanted = label(wraps=True)
        self.open_button = button(
            "Open its file …", self._choose_file, tooltip="Results know slides by digest, not by file name"
        )
        inside = QVBoxLayout(self.question)
        inside.setSpacing(SPACING_PX)
        inside.addWidget(self.wanted)
        inside.addWidget(self.open_button)
        self.opening = label(wraps=True)
        inside.addWidget(self.opening)
        whole = column(self)
        whole.addLayout(row(self.search_button, QWidget(), stretch=1))
        whole.addWidget(self.job)
        whole.addLayout(row(self.leave_button, QWidget(), stretch=1))
        for part in (
            self.refused, self.heading, self.about, self.searching, self.list, self.question,
        ):  # fmt: skip
            whole.addWidget(part)
        events = self._state.events
        for signal in (
            events.folder, events.indexing, events.refused, events.searching, events.wanted, events.opening,
        ):  # fmt: skip
            signal.connect(self._refresh)
        events.hits.connect(self._list_hits)
        session.events.slides.connect(self._list_hits)
        self._refresh()
        self._list_hits()

    def _refresh(self) -> None:
        state = self._state
        self.search_button.setVisible(state.indexing.phase is Phase.IDLE)
        self.leave_button.setVisible(state.folder is not None and state.indexing.phase is Phase.IDLE)
        self.job.show_activity(state.indexing)
        n = len(state.refused)
        self.refused.setText(f"{n} result{'' if n == 1 else 's'} left out (hover to see why)." if n else "")
        self.refused.setToolTip("\n".join(state.refused))
        self.refused.setVisible(bool(n))
        self.searching.setText(state.searching.text if state.searching.is_error else "")
        self.searching.setVisible(state.searching.is_error)
        wanted = state.wanted
        self.question.setVisible(wanted is not None)
        if wanted is not None:
            self.wanted.setText(
                f"{wanted.alias} is not open, and its result does not say where its file is. Open the file, "
                "and this tile is shown."
            )
        self.opening.setText(state.opening.text)
        self.opening.setVisible(bool(state.opening.text))
        set_role(self.opening, "error" if state.opening.is_error else "muted")
        self.open_button.setEnabled(state.opening.phase is Phase.IDLE)

    def _list_hits(self) -> None:
        hits = self._state.hits
        for part in (self.heading, self.about):
            part.setVisible(hits is not None)
        self.list.setVisible(bool(hits))
        self.list.clear()
        if hits is None:
            return
        self.heading.setText(
            f"In other slides, similar to {self._state.subject}"
            if hits
            else "The folder has no tiles of other slides."
        )
        for hit in hits:
            self.list.addTopLevelItem(_item(hit, is_open=self._controller.is_open(hit)))
        self.list.setFixedHeight(min(MOST_ROWS, max(1, len(hits))) * ROW_PX + 4)

    def _choose(self, item: QTreeWidgetItem, _column: int) -> None:
        self._controller.go_to(item.data(0, Qt.ItemDataRole.UserRole))

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of results", self._start)
        if folder:
            self._start = folder
            self._controller.choose_folder(Path(folder))

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Open slide", self._start, dialog_filter())
        if path:
            self._controller.open_file(Path(path))


def _item(hit: Hit, *, is_open: bool) -> QTreeWidgetItem:
    item = QTreeWidgetItem([f"{hit.similarity:.3f}", hit.alias, "open" if is_open else ""])
    item.setData(0, Qt.ItemDataRole.UserRole, hit)
    x, y = hit.xy_px0
    place = f"at {x:.0f}, {y:.0f} (level-0 pixels) of {hit.alias}"
    text = f"{hit.rank}: cosine similarity {hit.similarity:.4f}, {place}"
    for position in range(item.columnCount()):
        item.setToolTip(position, text)
    return item


def _list() -> QTreeWidget:
    made = QTreeWidget()
    made.setAccessibleName("similar tiles of other slides")
    made.setHeaderHidden(True)
    made.setRootIsDecorated(False)
    made.setIndentation(0)
    made.setColumnCount(3)
    made.setUniformRowHeights(True)
    made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    header = made.header()
    if header is not None:
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
    return made
