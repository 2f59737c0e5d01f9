"""HOW FAITHFUL ARE THE MAPS? The table, the curves, and the map to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from napari_histcode.plugin.ask import faithful_words
from napari_histcode.plugin.ask.explained import ExplainerState
from napari_histcode.plugin.ask.faithful_controller import FaithfulController
from napari_histcode.plugin.ask.faithful_figure import draw_curves
from napari_histcode.plugin.compare.figures import Inks
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.job_line import JobLine
from napari_histcode.plugin.panels.section import button, captioned, column, label, row
from napari_histcode.plugin.session import Choice, Phase
from napari_histcode.plugin.style import set_role
from napari_histcode.scores.faithfulness import OutputFaithfulness
from napari_histcode.scores.faithfulness_ranking import caution, most_faithful, verdict

if TYPE_CHECKING:
    from napari_histcode.plugin.panels.compare_plot import Plot

PLOT_PX = 200
ROW_PX = 21
HEADER_PX = 36
NUMBER_PX = 44
"""Width of a column of numbers; the name of the map takes the rest."""
MARGINS = (0.15, 0.97, 0.22, 0.96)
"""Left, right, bottom and top of the axes as shares of the plot."""
SEPARATOR = "\n"
"""Between the names of head and output; neither holds one."""

SUMMARY = "Which map shows what the model used? Tiles are deleted in each map's order."
INTEGRATED = (
    "A fifth map of this output: what each tile added on the way from features of zero to the slide's. "
    "Takes seconds to a minute, in the background."
)


class AskFaithfulPanel(FoldingSection):
    """Faithfulness of the maps of one output."""

    def __init__(self, controller: FaithfulController, explainer: ExplainerState, inks: Inks) -> None:
        super().__init__("How faithful are the maps?", SUMMARY)
        self._controller = controller
        self._state = controller.state
        self._explainer = explainer
        self._inks = inks
        self.plot: Plot | None = None
        self.empty = label(role="muted", wraps=True)
        self.output = ChoiceBox(self._choose_output, name="class or gene")
        self.subject = label(role="muted", wraps=True)
        self.caution = label(role="error", wraps=True)
        self.verdict = label(wraps=True)
        self.show_button = button(
            "Show this map", controller.show_best, tooltip="See it alone on the slide", role="primary"
        )
        self.table = _table()
        self.table.currentItemChanged.connect(self._row_chosen)
        self.chance = label(role="muted", wraps=True)
        self.deletion_button = _choice("deletion", "Tiles go, and the model is asked again")
        self.insertion_button = _choice("insertion", "Tiles come: the same bags, in the other direction")
        group = QButtonGroup(self)
        for each in (self.deletion_button, self.insertion_button):
            group.addButton(each)
        group.buttonClicked.connect(
            lambda clicked: controller.set_insertion(is_insertion=clicked is self.insertion_button)
        )
        self.attention = label(role="muted", wraps=True)
        self.gradients_button = button("Add integrated gradients", controller.integrate, tooltip=INTEGRATED)
        self.job = JobLine(controller.cancel, tooltip="Stop; nothing is added")
        self.body_of_answer = QWidget()
        self._plot_place = column(self.body_of_answer)
        for widget in (self.subject, self.caution, self.verdict, self.show_button, self.table, self.chance):
            self._plot_place.addWidget(widget)
        self._plot_place.addLayout(row(self.deletion_button, self.insertion_button, QWidget(), stretch=2))
        self._plot_at = self._plot_place.count()
        self._plot_place.addWidget(self.attention)
        self._plot_place.addWidget(self.gradients_button)
        self._plot_place.addWidget(self.job)
        self.content.addWidget(self.empty)
        self.chooser = QWidget()
        column(self.chooser).addLayout(captioned(("Output", self.output)))
        self.content.addWidget(self.chooser)
        self.content.addWidget(self.body_of_answer)
        events = self._state.events
        for signal in (explainer.events.explained, explainer.events.explaining, events.measuring):
            signal.connect(self._refresh)
        for signal in (events.output, events.measured, events.integrating):
            signal.connect(self._refresh)
        for signal in (events.map, events.is_insertion):
            signal.connect(self._draw)
        self.unfolded.connect(self._draw)
        self._refresh()

    def follow(self, inks: Inks) -> None:
        """Draw in the colours of another theme."""
        self._inks = inks
        self._draw()

    def _refresh(self) -> None:
        explained, measured = self._explainer.explained, self._state.measured
        waiting = self._explainer.explaining.text or (self._state.measuring.text if measured is None else "")
        self.empty.setText(waiting)
        is_error = self._explainer.explaining.is_error or self._state.measuring.is_error
        set_role(self.empty, "error" if is_error else "muted")
        self.empty.setVisible(bool(waiting))
        self.chooser.setVisible(explained is not None)
        self.body_of_answer.setVisible(measured is not None)
        if explained is not None:
            several = len(explained.explanation.heads) > 1
            choices = [
                Choice(
                    name=f"{head.name}{SEPARATOR}{output.name}",
                    label=f"{head.record.label}: {output.label}" if several else output.label,
                )
                for head in explained.explanation.heads
                for output in head.record.outputs
            ]
            self.output.fill(choices, SEPARATOR.join(self._state.output or ()))
        if measured is not None and explained is not None:
            self._show(measured, len(explained.explanation))
        self.job.show_activity(self._state.integrating)
        is_busy = self._state.integrating.phase is not Phase.IDLE
        self.gradients_button.setVisible(not is_busy and not self._controller.has_gradients)

    def _show(self, measured: OutputFaithfulness, n_tiles: int) -> None:
        self.subject.setText(faithful_words.subject(measured))
        self.caution.setText(caution(measured))
        self.caution.setVisible(measured.is_flagged)
        self.verdict.setText(verdict(measured))
        self.chance.setText(faithful_words.chance(measured))
        self.attention.setText(faithful_words.attention(measured, n_tiles))
        self._fill(measured)
        self._draw()

    def _fill(self, measured: OutputFaithfulness) -> None:
        ranking = most_faithful(measured)
        maps = {one.name: one for one in measured.maps}
        with QSignalBlocker(self.table):
            self.table.clear()
            for name in ranking.order:
                one = maps[name]
                item = QTreeWidgetItem(list(faithful_words.cells(one)))
                item.setData(0, Qt.ItemDataRole.UserRole, name)
                font = item.font(0)
                font.setBold(name == ranking.recommended and ranking.is_above_chance)
                for position in range(self.table.columnCount()):
                    item.setToolTip(position, faithful_words.row_tooltip(one))
                    item.setFont(position, font)
                    if position:
                        item.setTextAlignment(
                            position, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                        )
                self.table.addTopLevelItem(item)
        self.table.setFixedHeight(HEADER_PX + ROW_PX * len(maps) + 6)

    def _draw(self) -> None:
        """Draw the curves of the chosen map, if somebody looks."""
        state = self._state
        measured = state.measured
        for each, is_on in (
            (self.insertion_button, state.is_insertion),
            (self.deletion_button, not state.is_insertion),
        ):
            with QSignalBlocker(each):
                each.setChecked(is_on)
        if measured is None or not self.is_open:
            return
        with QSignalBlocker(self.table):
            for position in range(self.table.topLevelItemCount()):
                item = self.table.topLevelItem(position)
                if item is not None and item.data(0, Qt.ItemDataRole.UserRole) == state.map:
                    self.table.setCurrentItem(item)
        plot, shown, inks = self._made_plot(), state.shown, self._inks
        plot.paint(
            lambda axes: draw_curves(axes, measured, shown, inks, is_insertion=state.is_insertion), inks
        )
        kind = "Insertion" if state.is_insertion else "Deletion"
        plot.setAccessibleName(f"{kind} curves of {shown.label if shown is not None else measured.label}")

    def _made_plot(self) -> Plot:
        """Make the plot when it is first wanted: matplotlib takes its time to load."""
        if self.plot is None:
            from napari_histcode.plugin.panels.compare_plot import Plot

            self.plot = Plot(name="deletion curves", height_px=PLOT_PX, margins=MARGINS)
            self.plot.setToolTip("Grey: what rankings by chance do (95 %), and the other maps")
            self._plot_place.insertWidget(self._plot_at, self.plot)
        return self.plot

    def _choose_output(self, name: str) -> None:
        head, output = name.split(SEPARATOR)
        self._controller.choose_output((head, output))

    def _row_chosen(self, item: QTreeWidgetItem | None, _before: QTreeWidgetItem | None) -> None:
        if item is not None:
            self._controller.choose_map(str(item.data(0, Qt.ItemDataRole.UserRole)))


def _table() -> QTreeWidget:
    made = QTreeWidget()
    made.setAccessibleName("faithfulness of each map")
    made.setToolTip("Choose a map to see its curves")
    made.setRootIsDecorated(False)
    made.setIndentation(0)
    made.setUniformRowHeights(True)
    made.setHeaderLabels(list(faithful_words.HEADINGS))
    made.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    made.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    made.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    header, heading = made.header(), made.headerItem()
    if header is not None:
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setDefaultSectionSize(NUMBER_PX)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setFixedHeight(HEADER_PX)
    if heading is not None:
        for position, meaning in enumerate(faithful_words.MEANINGS):
            heading.setToolTip(position, meaning)
            if position:
                heading.setTextAlignment(position, Qt.AlignmentFlag.AlignRight)
    return made


def _choice(text: str, tooltip: str) -> QPushButton:
    made = QPushButton(text)
    made.setCheckable(True)
    made.setToolTip(tooltip)
    set_role(made, "choice")
    return made
