"""QUEUE: the slides that are analysed one after another, how far each has come, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QFileDialog, QProgressBar, QScrollArea, QVBoxLayout, QWidget

from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.formats import dialog_filter
from napari_histcode.plugin.panels.job_line import STEPS
from napari_histcode.plugin.panels.section import Section, button, label, row
from napari_histcode.plugin.queue import plan, words
from napari_histcode.plugin.queue.state import QueuedSlide, Standing
from napari_histcode.plugin.style import ROLE, SPACING_PX, set_role

NO_BAR = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
TALLEST_PX = 240
"""Of the list; a longer one scrolls by itself, so that the maps below stay near."""


class JobsPanel(Section):
    """One row a slide; shown when there is more to tell than of the current slide's analysis.

    Parameters
    ----------
    controller : Controller
        Queues, and brings slides to the front.
    """

    def __init__(self, controller: Controller) -> None:
        super().__init__("Queue")
        self._controller = controller
        self._queue = controller.queue
        self._session = controller.session
        self._folder = ""
        self.rows: dict[int, JobRow] = {}
        self.add_button = button(
            "Add slides …",
            self._ask_for_slides,
            tooltip="Queue slide files that are not open; Show brings them into the window",
            role="quiet",
        )
        self.clear_button = button("", self._queue.clear, tooltip="", role="quiet")
        for each in (self.add_button, self.clear_button):
            self.heading_row.addWidget(each)
        self._column = QWidget()
        self._lines = QVBoxLayout(self._column)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(SPACING_PX)
        self._lines.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setAccessibleName("queue of analyses")
        self._scroll.setWidget(self._column)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(NO_BAR)
        self._column.installEventFilter(self)
        self.content.addWidget(self._scroll)
        self._queue.state.events.items.connect(self._refresh)
        for signal in (self._session.events.current, self._session.events.shows_file_names):
            signal.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        items, current = self._queue.state.items, self._session.current
        key = current.key if current is not None else None
        numbers = {item.number for item in items}
        for number in [number for number in self.rows if number not in numbers]:
            gone = self.rows.pop(number)
            self._lines.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for position, item in enumerate(items):
            if item.number not in self.rows:
                self.rows[item.number] = self._make_row(item)
            line = self.rows[item.number]
            if self._lines.indexOf(line) != position:
                self._lines.insertWidget(position, line)
            name = words.name(item, shows_names=self._session.shows_file_names)
            line.show_item(item, name=name, is_read=item.key is not None and item.key == key)
        self.clear_button.setText(words.clear_label(items))
        is_finished = any(item.standing is Standing.FINISHED for item in items)
        self.clear_button.setToolTip(CLEAR_FINISHED if is_finished else CLEAR_BROKEN)
        self.clear_button.setVisible(bool(plan.clearable(items)))
        self.setVisible(plan.is_worth_showing(items, key))

    def _make_row(self, item: QueuedSlide) -> JobRow:
        return JobRow(
            item.number,
            cancel=self._queue.cancel,
            resume=self._queue.resume,
            show=self._controller.show_queued,
        )

    def eventFilter(self, a0: QObject | None, a1: QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Make room for rows that have become higher or lower, by their words or by the dock's width."""
        if a1 is not None and a1.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self._fit()
        return bool(super().eventFilter(a0, a1))

    def _fit(self) -> None:
        """Be as high as the rows are, up to a limit: Qt's scroll areas have a height of their own."""
        height = self._lines.sizeHint().height()
        if self._lines.hasHeightForWidth():
            height = self._lines.heightForWidth(self._column.width())
        bar = Qt.ScrollBarPolicy.ScrollBarAsNeeded if height > TALLEST_PX else NO_BAR
        self._scroll.setVerticalScrollBarPolicy(bar)
        self._scroll.setFixedHeight(min(TALLEST_PX, height))

    def _ask_for_slides(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(
            self, "Add slides to the queue", self._folder, dialog_filter()
        )
        if paths:
            self._folder = str(Path(paths[0]).parent)
            self._controller.analyse_files([Path(path) for path in paths])


CLEAR_FINISHED = (
    "Take finished slides off the list. Slides in the window keep their maps;\n"
    "those that were never shown are let go, and their encoded tiles stay in the cache."
)
CLEAR_BROKEN = "Take cancelled and failed slides off the list; encoded tiles stay in the cache."


class JobRow(QWidget):
    """A slide of the queue: its alias, how far it has come, and buttons for what can be done now.

    Parameters
    ----------
    number : int
        Number of the line in the queue.
    cancel, resume, show : callable
        Called with the number.
    """

    def __init__(
        self,
        number: int,
        *,
        cancel: Callable[[int], object],
        resume: Callable[[int], object],
        show: Callable[[int], object],
    ) -> None:
        super().__init__()
        self.alias = label()
        self.brief = label(role="muted")
        self.detail = label(role="muted", wraps=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, STEPS)
        self.show_button = button("Show", lambda: show(number), tooltip=SHOW, role="quiet")
        self.resume_button = button("Resume", lambda: resume(number), tooltip=RESUME, role="quiet")
        self.cancel_button = button("Cancel", lambda: cancel(number), tooltip=CANCEL, role="quiet")
        self.buttons = (self.show_button, self.resume_button, self.cancel_button)
        first = row(self.alias, self.brief)
        first.addStretch(1)
        for each in self.buttons:
            first.addWidget(each)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(first)
        column.addWidget(self.bar)
        column.addWidget(self.detail)

    def show_item(self, item: QueuedSlide, *, name: str, is_read: bool) -> None:
        """Show how far it has come.

        Parameters
        ----------
        item : QueuedSlide
            The line.
        name : str
            What its slide is called.
        is_read : bool
            Whether its slide is the one on the screen.
        """
        is_failed = item.standing is Standing.FAILED
        for part, text, role in (
            (self.alias, name, "title" if is_read else "plain"),
            (self.brief, words.brief(item), "error" if is_failed else "muted"),
            (self.detail, words.detail(item), "muted"),
        ):
            if part.text() != text:
                part.setText(text)
            if part.property(ROLE) != role:  # styles are slow, and progress comes five times a second
                set_role(part, role)
        self.detail.setVisible(bool(self.detail.text()))
        self.detail.setToolTip(item.text if is_failed else "")
        self.bar.setVisible(item.is_at_work)
        self.bar.setValue(round(STEPS * (item.fraction or 0)))
        self.show_button.setVisible(item.can_show and not is_read)
        self.resume_button.setVisible(item.can_resume)
        self.cancel_button.setVisible(item.can_cancel)
        for each in self.buttons:
            each.setAccessibleName(f"{each.text().lower()} {name}")


SHOW = "Make this slide the current one, with its maps"
RESUME = "Go on from the tiles that are encoded"
CANCEL = "Take it out of the queue, or stop after this batch; what is encoded is kept"
