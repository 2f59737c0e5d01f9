"""ANALYSE: which model, where to compute, and go."""

from __future__ import annotations

from qtpy.QtGui import QCursor
from qtpy.QtWidgets import QToolButton, QToolTip

from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.feature_cache import VARIABLE, cache_folder
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.job_line import JobLine
from napari_histcode.plugin.panels.section import Section, button, captioned, label, row
from napari_histcode.plugin.queue import plan, words
from napari_histcode.plugin.session import Choice, Phase, analyse_offer

PLACES = (
    Choice(name="slide", label="whole slide", tooltip="All tissue of the slide"),
    Choice(name="view", label="what is in view", tooltip="Tissue in the present view; zoom in first"),
    Choice(name="regions", label="my regions", tooltip="Tissue in the regions, without ignored classes"),
)


ALL = "Each open slide as a whole, one after another, but those that this model has analysed"


class AnalysePanel(Section):
    """Starts and stops the analysis of the current slide."""

    def __init__(self, controller: Controller) -> None:
        super().__init__("Analyse")
        self._controller = controller
        self._session = controller.session
        self.model = ChoiceBox(controller.menu.choose_model, name="model")
        self.device = ChoiceBox(controller.menu.choose_device, name="device")
        self.where = ChoiceBox(controller.choose_where, name="where")
        self.info_button = QToolButton()
        self.info_button.setText("i")
        self.info_button.setAccessibleName("about this model")
        self.info_button.clicked.connect(self._tell_about_model)
        self.analyse_button = button("Analyse", controller.analyse, tooltip="", role="primary")
        self.all_button = button("", controller.analyse_all, tooltip="")
        self.reason = label(role="muted", wraps=True)
        self.job = JobLine(
            controller.cancel_analysis, tooltip="Stop after this batch; what is encoded is kept"
        )
        model_row = row(self.model, self.info_button, stretch=0)
        self.content.addLayout(
            captioned(("Model", model_row), ("Device", self.device), ("Where", self.where))
        )
        self.content.addLayout(row(self.analyse_button, self.all_button, stretch=0))
        for widget in (self.reason, self.job):
            self.content.addWidget(widget)

        events = self._session.events
        for signal in (events.models, events.model):
            signal.connect(self._refresh_models)
        for signal in (events.devices, events.device):
            signal.connect(self._refresh_devices)
        for signal in (events.current, events.analysing, events.where, events.annotations):
            signal.connect(self._refresh)
        queue = controller.queue.state.events
        for signal in (events.slides, events.model, queue.items, queue.whole):
            signal.connect(self._refresh_all)
        self._refresh_all()
        self._refresh_models()
        self._refresh_devices()
        self._refresh()

    def _refresh_models(self) -> None:
        self.model.fill(self._session.models, self._session.model)
        self.info_button.setToolTip(self.model.toolTip())

    def _refresh_devices(self) -> None:
        self.device.fill(self._session.devices, self._session.device)

    def _refresh(self) -> None:
        session = self._session
        self.setVisible(session.current is not None)
        self.where.fill(PLACES, session.where)
        offer = analyse_offer(session)
        is_busy = session.analysing.phase is not Phase.IDLE
        self.analyse_button.setEnabled(offer.is_enabled)
        self.analyse_button.setToolTip(offer.reason or self._tooltip())
        self.reason.setText(offer.reason)
        self.reason.setVisible(bool(offer.reason) and not is_busy)
        for widget in (self.model, self.device, self.where):
            widget.setEnabled(not is_busy)
        self.job.show_activity(session.analysing)

    def _refresh_all(self) -> None:
        """Offer to analyse all open slides where there are several."""
        n_slides = len(self._session.slides)
        offer = plan.all_offer(self._session, self._controller.queue.state)
        self.all_button.setVisible(n_slides > 1)
        self.all_button.setText(f"Analyse {words.all_label(n_slides)}")
        self.all_button.setEnabled(offer.is_enabled)
        self.all_button.setToolTip(offer.reason or ALL)

    def _tooltip(self) -> str:
        return (
            "Find the tissue, encode its tiles and run the model's heads.\n"
            f"Features are kept in {cache_folder()} (${VARIABLE} names another place),\n"
            "so that a second run takes a second."
        )

    def _tell_about_model(self) -> None:
        QToolTip.showText(QCursor.pos(), self.model.toolTip(), self.info_button)
