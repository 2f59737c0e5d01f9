"""What somebody new sees: the first steps, and the sheet of shortcuts."""

from __future__ import annotations

from docs.tour.guide import Guide


def first_steps(guide: Guide) -> None:
    """Walk through the four steps, and look at the sheet."""
    help_ = guide.dock.guidance
    help_.tour.begin()
    for number in range(4):
        guide.picture(f"20_first_step_{number + 1}", guide=None if number else "window_first_steps")
        help_.tour.next()
    guide.press(help_.keys_button)
    guide.widget_picture(help_.sheet, "21_shortcuts", guide="window_keys")
    guide.press(help_.keys_button)
