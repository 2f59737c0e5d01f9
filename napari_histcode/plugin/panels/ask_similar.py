"""FIND SIMILAR: point at a tile, and see where the slide looks alike."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QSizePolicy, QWidget

from napari_histcode.plugin.ask import similar_words
from napari_histcode.plugin.ask.similar_controller import SimilarController
from napari_histcode.plugin.ask.similar_folder_controller import SimilarFolderController
from napari_histcode.plugin.ask.similar_state import SHOWN_CHOICES
from napari_histcode.plugin.ask.similar_tasks import Similar
from napari_histcode.plugin.controller import Controller
from napari_histcode.plugin.panels.ask_similar_folder import SimilarFolder
from napari_histcode.plugin.panels.choice_box import ChoiceBox
from napari_histcode.plugin.panels.choice_buttons import ChoiceButtons, show_on, toggle
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.panels.section import button, column, label, line, row
from napari_histcode.plugin.panels.tile_gallery import GalleryTile, TileGallery
from napari_histcode.plugin.session import Choice
from napari_histcode.plugin.style import set_role

SUMMARY = "Click a tile, and see where the slide looks alike."
PICKING = "Click a tile on the slide; with Shift, add tiles or take one back."
REGIONS = Choice(name="", label="… or tiles of regions")
CENTRED, RAW = "centred", "raw"
ORIGINS = (
    Choice(name=CENTRED, label="mean tile", tooltip="Cosines of what sets tiles apart from the slide's mean"),
    Choice(name=RAW, label="zero", tooltip="Cosines of the features as they are"),
)


class AskSimilarPanel(FoldingSection):
    """What is searched for, the most similar tiles, and the way to other slides."""

    def __init__(
        self, controller: SimilarController, folder: SimilarFolderController, main: Controller
    ) -> None:
        super().__init__("Find similar", SUMMARY)
        self._controller = controller
        self._session = controller.session
        self._state = controller.state
        self.empty = label(role="muted", wraps=True)
        self.pick_button = toggle("Pick tiles", lambda on: controller.pick(is_picking=on), tooltip=PICKING)
        self.regions = ChoiceBox(self._choose_region, name="regions to search for")
        self.regions.setToolTip("Search for the tiles that lie more than half inside these regions")
        self.clear_button = button("Clear", controller.clear, tooltip="Search for nothing; the map goes")
        self.picking = label(PICKING, role="muted", wraps=True)
        self.problem = label(wraps=True, role="error")
        self.subject = label(role="title", wraps=True)
        self.origin = ChoiceButtons(ORIGINS, self._choose_origin, name="where similarity is seen from")
        self.about = label(role="muted", wraps=True)
        self.heading = label(role="muted", wraps=True)
        self.gallery = TileGallery(main.jobs, main.fly_to_tile, name="most similar tiles")
        self.apart = QCheckBox("without neighbours")
        self.apart.setToolTip("Leave out tiles that touch a better one, or one that is searched for")
        self.apart.toggled.connect(lambda on: controller.set_apart(is_apart=on))
        self.number = ChoiceBox(lambda name: controller.set_n_shown(int(name)), name="how many are listed")
        self.number.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.number.setFixedWidth(84)
        self.tools = QWidget()
        tools = column(self.tools)
        tools.addLayout(row(self.pick_button, self.regions, self.clear_button, stretch=1))
        for tool in (self.picking, self.problem):
            tools.addWidget(tool)
        self.found = QWidget()
        found = column(self.found)
        found.addWidget(self.subject)
        found.addLayout(row(label("Seen from", role="muted"), self.origin, stretch=1))
        found.addWidget(self.about)
        found.addLayout(row(label("List", role="muted"), self.number, self.apart, QWidget(), stretch=3))
        for part in (self.heading, self.gallery):
            found.addWidget(part)
        self.folder = SimilarFolder(folder, self._session)
        self.divider = line()
        for whole in (self.empty, self.tools, self.found, self.divider, self.folder):
            self.content.addWidget(whole)
        events = self._state.events
        for signal in (
            events.missing, events.is_picking, events.tiles, events.region, events.regions, events.is_centred,
            events.is_apart, events.n_shown, events.comparing,
        ):  # fmt: skip
            signal.connect(self._refresh)
        events.answer.connect(self._show_answer)
        self._refresh()
        self._show_answer()

    def _refresh(self) -> None:
        state = self._state
        is_ready = not state.missing
        self.empty.setText(state.missing)
        self.empty.setVisible(not is_ready)
        for part in (self.tools, self.divider, self.folder):
            part.setVisible(is_ready)
        show_on(self.pick_button, is_on=state.is_picking)
        self.picking.setVisible(state.is_picking and state.answer is None)
        self.regions.setVisible(bool(state.regions))
        self.regions.fill((REGIONS, *state.regions), state.region or "")
        self.clear_button.setEnabled(bool(state.tiles or state.region))
        self.problem.setText(state.comparing.text)
        self.problem.setVisible(bool(state.comparing.text))
        set_role(self.problem, "error" if state.comparing.is_error else "muted")
        self.origin.show_choice(CENTRED if state.is_centred else RAW)
        self.about.setText(similar_words.CENTRED if state.is_centred else similar_words.RAW)
        show_on(self.apart, is_on=state.is_apart)
        self.number.fill([Choice(name=str(n), label=str(n)) for n in SHOWN_CHOICES], str(state.n_shown))

    def _show_answer(self) -> None:
        found, entry = self._state.answer, self._session.current
        self.found.setVisible(found is not None)
        self.picking.setVisible(self._state.is_picking and found is None)
        if found is None or entry is None:
            self.gallery.clear()
            return
        self.subject.setText(f"Similar to {similar_words.subject(found)}")
        self.heading.setText(similar_words.list_heading(found))
        self.gallery.show_tiles(entry.slide, found.space.bag.grid, _tiles(found))

    def _choose_region(self, name: str) -> None:
        if name:
            self._controller.search_region(name)

    def _choose_origin(self, name: str) -> None:
        self._controller.set_centred(is_centred=name == CENTRED)


def _tiles(found: Similar) -> list[GalleryTile]:
    return [
        GalleryTile(
            position=position,
            caption=f"{hit.similarity:.2f}",
            tooltip=f"{hit.rank}: {found.map.quantity} {hit.similarity:.4f}",
        )
        for hit, position in zip(found.hits, found.positions, strict=True)
    ]
