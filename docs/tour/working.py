"""A reader's longer hour: several slides, side by side, and all of it back another day."""

from __future__ import annotations

from pathlib import Path

from docs.tour.guide import Guide
from docs.tour.reading import NECROSIS
from napari_histcode.plugin.beside.offers import name_of
from napari_histcode.plugin.beside.state import Showing

TUMOUR = "tissue.viable_tumour.single_tile"


def several_slides(guide: Guide) -> None:
    """Analyse all that is open, and see the list of jobs."""
    guide.dock.pages.show_page("Read")
    guide.press(guide.dock.analyse_panel.all_button)
    guide.scroll_to(guide.dock.analyse_panel)
    guide.picture("22_jobs")


def side_by_side(guide: Guide) -> None:
    """See the bare slide beside a map, and one slide beside another."""
    dock = guide.dock
    dock.controller.maps.show_alone(TUMOUR)
    dock.beside.open()
    guide.press(dock.slide_panel.magnification.step_buttons[2])
    guide.picture("23_side_by_side")
    dock.beside.choose(name_of(Showing(slide_key=dock.session.current.key, map_name=NECROSIS)))
    guide.press(dock.slide_panel.magnification.fit_button)
    guide.picture("24_two_maps", guide="window_beside")
    dock.beside.close()
    guide.rest()
    guide.press(dock.slide_panel.magnification.fit_button)


def another_day(guide: Guide, folder: Path) -> None:
    """Save the session, and open it again in this window."""
    saving = guide.dock.saving
    saving.save(folder / "reading.histcode.json")
    guide.rest()
    guide.picture("26_session_saved")
    saving.open(folder / "reading.histcode.json")
    guide.picture("27_session_restored")


def take_home(guide: Guide) -> None:
    """See what can be exported."""
    dock = guide.dock
    dock.pages.show_page("Export")
    dock.export.choose_kind("figure-pdf")
    guide.picture("17_export")
