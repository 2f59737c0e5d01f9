"""SLIDE: what is open, how large and how fine; or how to open something; or a question about it."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QCheckBox, QComboBox, QFileDialog, QVBoxLayout, QWidget

from napari_histcode.plugin import wording
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.formats import dialog_filter
from napari_histcode.plugin.glass.controller import GlassController
from napari_histcode.plugin.magnification import describe
from napari_histcode.plugin.panels.drop_zone import DropZone
from napari_histcode.plugin.panels.elided_label import ElidedLabel
from napari_histcode.plugin.panels.glass_panel import GlassPanel
from napari_histcode.plugin.panels.magnification_bar import MagnificationBar
from napari_histcode.plugin.panels.minimap import Minimap
from napari_histcode.plugin.panels.mpp_question import MppQuestion
from napari_histcode.plugin.panels.section import Section, button, label
from napari_histcode.plugin.session import SlideEntry
from napari_histcode.plugin.style import set_role
from napari_histcode.plugin.view.controller import ViewController
from napari_histcode.plugin.view.state import SEEN_AT_POWER


class SlidePanel(Section):
    """The current slide, and the way to open one."""

    def __init__(self, controller: Controller, view: ViewController, glass: GlassController) -> None:
        super().__init__("Slide")
        self._controller = controller
        self._session = controller.session
        self._folder = ""
        self.open_button = button("Open slide …", self.ask_for_slide, tooltip="Open a slide file")
        self.heading_row.addWidget(self.open_button)

        self.drop_zone = DropZone(ask=self.ask_for_slide, open_sample=controller.open_sample)
        self.chooser = QComboBox()
        self.chooser.setAccessibleName("open slides")
        self.chooser.setToolTip("The slide that all sections are about; the others are hidden")
        self.chooser.activated.connect(self._chosen)
        self.alias_label = ElidedLabel(role="title")
        self.alias_label.setToolTip(
            "A name made from the file's content, so that no file name ends up in a result"
        )
        self.channels_label = label(wraps=True)
        self.size_label = label()
        self.resolution_label = label()
        self.levels_label = label(role="muted")
        self.question = MppQuestion(controller.set_mpp)
        self.notice = label(wraps=True, role="muted")

        self.names_box = QCheckBox("Show file names")
        self.names_box.setToolTip(
            "Call slides by their files' names in these panels, until the window is closed. Layers, "
            "sessions, results and exports keep the alias."
        )
        self.names_box.toggled.connect(lambda is_on: controller.show_file_names(is_shown=is_on))
        self.glass = GlassPanel(glass)
        self.facts = QWidget()
        facts = QVBoxLayout(self.facts)
        facts.setContentsMargins(0, 0, 0, 0)
        facts.setSpacing(2)
        lines = (
            self.alias_label,
            self.channels_label,
            self.size_label,
            self.resolution_label,
            self.levels_label,
        )
        self.magnification = MagnificationBar(controller.session, view)
        self.minimap = Minimap(controller.session, view)
        self.seen_box = QCheckBox("Shade what I have not looked at")
        self.seen_box.setToolTip(
            f"In the overview: what has not been in view at {describe(SEEN_AT_POWER)} or more"
        )
        self.seen_box.toggled.connect(lambda is_on: view.show_seen(is_shown=is_on))
        boxes = (self.seen_box, self.names_box, self.glass)
        for part in (self.chooser, *lines, self.question, self.magnification, self.minimap, *boxes):
            facts.addWidget(part)
        for widget in (self.drop_zone, self.facts, self.notice):
            self.content.addWidget(widget)

        events = self._session.events
        events.current.connect(self._refresh)
        events.slides.connect(self._refresh)
        events.shows_file_names.connect(self._refresh)
        events.opening.connect(self._refresh_notice)
        self._refresh()
        self._refresh_notice()

    def ask_for_slide(self) -> None:
        """Let the user choose slide files, and open them."""
        paths, _ = QFileDialog.getOpenFileNames(self, "Open slide", self._folder, dialog_filter())
        for path in paths:
            self._folder = str(Path(path).parent)
            self._controller.open_slide(Path(path))

    def _refresh(self) -> None:
        session = self._session
        entry = session.current
        self.drop_zone.setVisible(entry is None)
        self.facts.setVisible(entry is not None)
        self.open_button.setVisible(entry is not None)
        if entry is None:
            return
        record = entry.record
        self.alias_label.setText(self._name_of(entry))
        self.size_label.setText(wording.slide_size(record))
        self.resolution_label.setText(wording.resolution(record.mpp))
        self.levels_label.setText(wording.levels(record))
        self.channels_label.setText(wording.channels(entry.slide))
        self.channels_label.setVisible(bool(self.channels_label.text()))
        self.resolution_label.setVisible(record.mpp is not None)
        self.question.setVisible(record.mpp is None)
        self._refresh_chooser()

    def _name_of(self, entry: SlideEntry) -> str:
        return entry.slide.path.name if self._session.shows_file_names else entry.record.alias

    def _refresh_chooser(self) -> None:
        session = self._session
        several = len(session.slides) > 1
        self.chooser.setVisible(several)
        self.alias_label.setVisible(not several)
        with QSignalBlocker(self.chooser):
            self.chooser.clear()
            for entry in session.slides:
                self.chooser.addItem(self._name_of(entry), entry.key)
                if entry is session.current:
                    self.chooser.setCurrentIndex(self.chooser.count() - 1)

    def _refresh_notice(self) -> None:
        opening = self._session.opening
        self.notice.setText(opening.text)
        self.notice.setVisible(bool(opening.text))
        set_role(self.notice, "error" if opening.is_error else "muted")

    def _chosen(self, position: int) -> None:
        self._controller.choose_slide(self.chooser.itemData(position))
