"""A large slide, read blind first, then analysed where the reader looks."""

from __future__ import annotations

from pathlib import Path

from docs.tour.guide import PATIENCE_S, Guide
from napari_histcode.plugin.session import Phase
from napari_histcode.plugin.window import wait_until

TISSUE = (0.15, 0.15)
"""A place on the first section, as shares of the slide's height and width."""


def large_slide_blind(guide: Guide, path: Path) -> None:
    """Note an opinion before the model speaks, then let it look at what is in view."""
    dock = guide.dock
    dock.pages.show_page("Read")
    dock.blind.set_on(is_on=True)
    dock.controller.open_slide(path)
    guide.rest()
    guide.scroll_to(dock.opinion_panel)
    guide.picture("28_first_opinion")
    dock.blind.note("Tumor", None, "carcinoma")
    guide.picture("29_opinion_noted", guide="window_blind")
    guide.press(dock.opinion_panel.reveal_button)
    guide.press(dock.slide_panel.magnification.step_buttons[1])
    guide.look_at(*TISSUE)
    dock.controller.choose_where("view")
    guide.scroll_to(dock.analyse_panel)
    dock.controller.analyse()
    wait_until(lambda: len(dock._canvas.map_names()) > 0, patience_s=PATIENCE_S)
    guide.picture_now("30_map_so_far", guide="window_running")
    wait_until(lambda: dock.session.analysing.phase is Phase.IDLE, patience_s=PATIENCE_S)
    guide.picture("31_view_analysed")
    dock.blind.set_on(is_on=False)
