"""Look around and read the maps."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from docs.tour.guide import Guide
from napari_histcode import resources

NECROSIS = "tissue.necrosis.single_tile"
GENE = "erbb2"


def look_around(guide: Guide) -> None:
    """Start, be asked for a resolution, open the sample, look closely, turn."""
    dock = guide.dock
    guide.picture("01_start")
    dock.controller.open_slide(resources.SAMPLE_WITHOUT_MPP)
    guide.picture("02_resolution_is_asked_for", guide="window_question")
    question = dock.slide_panel.question
    guide.press(question.suggestions[1])
    guide.press(question.use_button)
    dock.controller.open_sample()
    guide.rest()
    guide.press(dock.slide_panel.magnification.step_buttons[3])
    guide.press(dock.slide_panel.seen_box)
    guide.picture("03_magnified")
    guide.press(dock.slide_panel.magnification.turn_button)
    guide.press(dock.slide_panel.magnification.fit_button)
    guide.picture("04_turned")
    for _ in range(3):
        guide.press(dock.slide_panel.magnification.turn_button)
    guide.press(dock.slide_panel.magnification.fit_button)
    guide.press(dock.slide_panel.seen_box)


def read_the_maps(guide: Guide) -> None:
    """Analyse, see the maps, hide what speaks against, look at the highest tiles."""
    dock = guide.dock
    guide.press(dock.analyse_panel.analyse_button)
    dock.controller.maps.show_alone(NECROSIS)
    guide.scroll_to(dock.readings_panel)
    guide.picture("05_maps", guide="window_maps")
    dock.controller.maps.set_window((0.0, dock.maps_panel.histogram.window_range[1]))
    guide.press(dock.maps_panel.hide_box)
    guide.scroll_to(dock.maps_panel)
    guide.picture("06_window_of_values")
    guide.press(dock.maps_panel.hide_box)
    dock.controller.maps.set_window(None)
    dock.controller.fly_to_tile(dock.tiles_panel.gallery.positions[0])
    guide.picture("07_highest_tile")
    guide.press(dock.slide_panel.magnification.fit_button)


def find_genes(guide: Guide) -> None:
    """Search for a gene, see its map and its evidence, and what a signature is made of."""
    panel, signatures = guide.dock.maps_panel, guide.dock.signatures_panel
    QTest.keyClicks(panel.search, GENE)
    guide.scroll_to(panel)
    guide.picture("07_gene_is_searched")
    QTest.keyClick(panel.search, Qt.Key.Key_Return)
    guide.picture("07_gene")
    panel.search.clear()
    guide.press(signatures.toggle)
    guide.scroll_to(signatures)
    guide.picture("07_signatures")
    guide.press(signatures.toggle)
    guide.dock.controller.maps.show_alone(NECROSIS)


def see_tiles(guide: Guide) -> None:
    """See the lowest tiles, and take a contact sheet home."""
    panel = guide.dock.tiles_panel
    guide.press(panel.lowest_button)
    guide.dock.sheets.write(guide.out / "07_contact_sheet_of_tiles.png")
    guide.scroll_to(panel)
    guide.picture("07_lowest_tiles")
    guide.press(panel.highest_button)
