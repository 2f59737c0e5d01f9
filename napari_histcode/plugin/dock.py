"""The dock: one column of sections in the order of a reader's hour, and nothing that is not needed yet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import napari
from qtpy.QtCore import QEvent
from qtpy.QtGui import QKeyEvent, QShowEvent
from qtpy.QtWidgets import QApplication, QSizePolicy, QVBoxLayout, QWidget

from napari_histcode.plugin import napari_settings
from napari_histcode.plugin.annotate import inbox
from napari_histcode.plugin.annotate.controller import AnnotateController
from napari_histcode.plugin.annotate.file_controller import NO_SLIDE
from napari_histcode.plugin.annotate.napari_board import NapariBoard
from napari_histcode.plugin.ask.controller import AskController
from napari_histcode.plugin.beside.controller import BesideController
from napari_histcode.plugin.beside.napari_beside import NapariBeside
from napari_histcode.plugin.blind.controller import BlindController
from napari_histcode.plugin.compare.choices import ChoiceKeeper
from napari_histcode.plugin.compare.controller import CompareController
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.ending import ending
from napari_histcode.plugin.export.controller import ExportController
from napari_histcode.plugin.export.sheet_controller import SheetController
from napari_histcode.plugin.first_tour.steps import Target
from napari_histcode.plugin.glass.controller import GlassController
from napari_histcode.plugin.jobs import QtJobRunner
from napari_histcode.plugin.memory import give_back_freed_memory
from napari_histcode.plugin.napari_canvas import NapariCanvas
from napari_histcode.plugin.panels import by_keyboard
from napari_histcode.plugin.panels.analyse_panel import AnalysePanel
from napari_histcode.plugin.panels.annotate_page import AnnotatePage
from napari_histcode.plugin.panels.ask_notes import FaithfulNote, TrustNote
from napari_histcode.plugin.panels.ask_page import AskPage
from napari_histcode.plugin.panels.beside_header import BesideHeader
from napari_histcode.plugin.panels.beside_tool import BesideTool
from napari_histcode.plugin.panels.compare_page import ComparePage
from napari_histcode.plugin.panels.drops import Drops
from napari_histcode.plugin.panels.export_panel import ExportPanel
from napari_histcode.plugin.panels.first_opinion import FirstOpinionPanel
from napari_histcode.plugin.panels.foot import Foot
from napari_histcode.plugin.panels.guidance import Guidance
from napari_histcode.plugin.panels.jobs_panel import JobsPanel
from napari_histcode.plugin.panels.maps_panel import MapsPanel
from napari_histcode.plugin.panels.pages import Pages
from napari_histcode.plugin.panels.readings_panel import ReadingsPanel
from napari_histcode.plugin.panels.restore_panel import RestorePanel
from napari_histcode.plugin.panels.section import line
from napari_histcode.plugin.panels.session_menu import SessionLine, SessionMenu
from napari_histcode.plugin.panels.signatures_panel import SignaturesPanel
from napari_histcode.plugin.panels.slide_panel import SlidePanel
from napari_histcode.plugin.panels.tiles_panel import TilesPanel
from napari_histcode.plugin.region_legend import RegionLegend
from napari_histcode.plugin.saving.controller import SavingController
from napari_histcode.plugin.saving.desk import Desk, FrontPage
from napari_histcode.plugin.signatures.controller import SignatureController
from napari_histcode.plugin.style import DOCK_WIDTH_PX, stylesheet
from napari_histcode.plugin.view.controller import ViewController
from napari_histcode.saved.places import is_session

READ, ANNOTATE, COMPARE, ASK, EXPORT = "Read", "Annotate", "Compare", "Ask", "Export"
"""Names of the pages."""

PAGES = (READ, ANNOTATE, COMPARE, ASK, EXPORT)


class HistCodeDock(QWidget):
    """The plugin's dock widget.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer that it is docked to.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        give_back_freed_memory()
        self.setObjectName("histcode")
        self._viewer = napari_viewer
        self._canvas = NapariCanvas(napari_viewer)
        self._jobs = QtJobRunner()
        self._was_docked = False
        self.controller = Controller(self._canvas, self._jobs)
        self.session = self.controller.session
        self.view = ViewController(self.session, self._canvas, self._jobs)
        self.annotate = AnnotateController(
            self.session, self._canvas, NapariBoard(napari_viewer), self._jobs, self.controller.maps
        )
        self.controller.regions_opened.connect(self.annotate.slide_opened)
        self.compare = CompareController(self.session, self._canvas, self._jobs)
        self.blind = BlindController(self.session, self._jobs)
        self.compare.report.reading_of = self.blind.reading_of
        self.annotate.drawing.placed.connect(self.blind.region_placed)
        self.annotate.selecting.classified.connect(self.blind.region_placed)

        self.export = ExportController(
            self.session, self._canvas, self._jobs, self.controller.maps, self.compare.state,
            self.blind.reading_of,
        )  # fmt: skip

        self.sheets = SheetController(self.export, self._canvas, self._jobs)

        self.ask = AskController(self.controller, self.annotate.state, self._canvas)
        self.signatures = SignatureController(self.session, self.controller.maps, self._jobs)
        beside_screen = NapariBeside(napari_viewer, self)
        self.beside = BesideController(self.controller, self.annotate, beside_screen)
        self.beside_header = BesideHeader(self.beside, self, napari_viewer.theme)
        beside_screen.set_header(self.beside_header)

        self.glass = GlassController(self.session, self._jobs)
        self.region_legend = RegionLegend(self.session, self.annotate.state, self._canvas)
        self.pages = Pages()
        self.saving = SavingController(self._desk(), self._jobs)
        self.restore_panel = RestorePanel(self.saving)
        self.opinion_panel = FirstOpinionPanel(self.blind)
        self.slide_panel = SlidePanel(self.controller, self.view, self.glass)
        self.analyse_panel = AnalysePanel(self.controller)
        self.jobs_panel = JobsPanel(self.controller)
        self.readings_panel = ReadingsPanel(self.controller)
        self.maps_panel = MapsPanel(self.controller, self.signatures.state)
        self.signatures_panel = SignaturesPanel(self.signatures)
        self.tiles_panel = TilesPanel(self.controller, self.sheets)
        self.annotate_page = AnnotatePage(self.annotate)
        self.compare_page = ComparePage(self.compare, napari_viewer.theme)
        self.ask_page = AskPage(self.ask, napari_viewer.theme)
        self.readings_panel.content.insertWidget(1, TrustNote(self.ask.trust.state, self._show_trust))
        self.maps_panel.heading_row.addWidget(FaithfulNote(self.ask.faithful.state))
        self.export_panel = ExportPanel(self.export)
        self._lay_out()
        self.drops = Drops(self, self.slide_panel.drop_zone, self._take_files)
        self._follow_theme()
        napari_viewer.events.theme.connect(self._follow_theme)
        self._end = ending(
            self.controller, self._canvas, napari_settings.override(),
            self.saving.close, self.blind.close,
            self.annotate.close, self.compare.close, self.ask.close, self.beside.end,
            self.guidance.close, self.sheets.close,
        )  # fmt: skip
        self.destroyed.connect(self._end)
        application = QApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._end)
        self.controller.start()
        self.signatures.start()

    def _desk(self) -> Desk:
        """Gather what a session remembers; it does not hold on to the widget."""
        front = FrontPage(self.pages, PAGES)
        return Desk(
            controller=self.controller,
            view=self.view,
            annotate=self.annotate,
            choices=ChoiceKeeper(self.compare),
            blind=self.blind,
            page=front.name,
            show_page=front.show,
        )

    def _lay_out(self) -> None:
        self.pages.add(
            READ,
            (
                self.restore_panel,
                self.slide_panel,
                self.opinion_panel,
                self.analyse_panel,
                self.jobs_panel,
                self.readings_panel,
                self.maps_panel,
                self.signatures_panel,
                self.tiles_panel,
            ),
            tooltip="Open a slide, ask the model, and see where it looked",
        )
        annotate_page = self.pages.add(
            ANNOTATE, self.annotate_page.sections, tooltip="Draw regions, or bring them from another program"
        )
        self.annotate_page.bind_keys(annotate_page)
        page = self.pages.add(
            COMPARE, self.compare_page.sections, tooltip="Hold the maps against the regions, in numbers"
        )
        self.compare_page.bind_keys(page)
        self.pages.add(
            ASK, self.ask_page.sections, tooltip="Which map to believe, what if, and whether to trust it here"
        )
        self.pages.add(EXPORT, (self.export_panel,), tooltip="Take the results home")
        self.pages.chosen.connect(self._page_chosen)
        self.session.events.current.connect(self._offer_pages)
        self._offer_pages()
        self.foot = Foot(
            tooltip="Adjunctive research visualisation; not for primary diagnosis.\n"
            "While this dock is open, napari loads tiles asynchronously (its experimental setting); your "
            "settings file is not changed."
        )
        self.beside_tool = BesideTool(self.foot, self.beside, self.session)
        self.session_menu = SessionMenu(self.foot, self.saving, self.blind, self)
        self.session_line = SessionLine(self.saving.state, self.saving.dismiss)
        self.guidance = self._make_guidance()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.pages, 1)
        outer.addWidget(self.guidance.card)
        outer.addWidget(line())
        outer.addWidget(self.session_line)
        outer.addWidget(self.foot)
        self.setMinimumWidth(DOCK_WIDTH_PX)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)

    def _make_guidance(self) -> Guidance:
        """Make the first steps and the sheet of shortcuts."""
        targets: dict[Target, QWidget] = {
            Target.SLIDE: self.slide_panel,
            Target.ANALYSE: self.analyse_panel,
            Target.MAPS: self.maps_panel,
            Target.PAGES: self.pages.tabs,
        }

        def bring_to_front(target: Target) -> None:
            if target is not Target.PAGES:
                self.pages.show_page(READ)

        return Guidance(self, self.foot, self.session, targets, bring_to_front=bring_to_front)

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: N802, FBT001, A002 - Qt's names
        """Let Tab go from top to bottom."""
        return by_keyboard.move_focus(self, is_forward=next) or bool(super().focusNextPrevChild(next))

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Let Enter press what has the focus."""
        if not by_keyboard.press(a0):
            super().keyPressEvent(a0)

    def showEvent(self, a0: QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Welcome somebody new."""
        super().showEvent(a0)
        self.guidance.dock_shown()

    def _follow_theme(self) -> None:
        self.setStyleSheet(stylesheet(self._viewer.theme))
        self.beside_header.follow_theme(self._viewer.theme)
        self.compare_page.follow_theme(self._viewer.theme)
        self.ask_page.follow_theme(self._viewer.theme)

    def _page_chosen(self, name: str) -> None:
        """Tell the tools whose page has come to the front, those that leave it first."""
        tools = (
            (ANNOTATE, self.annotate.set_in_front),
            (COMPARE, self.compare.set_in_front),
            (ASK, self.ask.set_in_front),
        )
        for page, set_in_front in sorted(tools, key=lambda tool: tool[0] == name):
            set_in_front(is_in_front=page == name)

    def _show_trust(self) -> None:
        """Show the reasons for caution."""
        self.ask_page.trust.set_open(is_open=True)
        self.pages.show_page(ASK)

    def _offer_pages(self) -> None:
        """Offer no tabs before there is a slide: there is only one thing to do."""
        has_slide = self.session.current is not None
        self.pages.tabs.setVisible(has_slide)
        if not has_slide:
            self.pages.show_page(READ)

    def _take_files(self, paths: Sequence[Path]) -> None:
        """Open what was dropped, wherever on the dock."""
        sessions = [path for path in paths if is_session(path)]
        regions = [path for path in paths if inbox.may_be_regions(path)]
        slides = [path for path in paths if path not in (*regions, *sessions)]
        for path in sessions[:1]:
            self.saving.open(path)
        for path in slides:
            self.controller.open_slide(path, annotations=regions.pop(0) if regions else None)
        if regions:
            self.annotate.import_files(regions)
            if self.session.current is not None:
                self.pages.show_page(ANNOTATE)
            else:
                self.controller.say_opening(NO_SLIDE)

    def event(self, a0: QEvent | None) -> bool:
        """End when napari takes the widget out of its dock, as its close button does."""
        if a0 is not None and a0.type() == QEvent.Type.ParentChange:
            is_docked = self.parent() is not None
            if self._was_docked and not is_docked:
                self.shut_down()
            self._was_docked = is_docked
        return bool(super().event(a0))

    def shut_down(self) -> None:
        """Cancel and join all work and let go of the viewer; harmless when done twice."""
        self._end()
