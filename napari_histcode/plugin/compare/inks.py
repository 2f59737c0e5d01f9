"""Colours of plots in one of napari's themes."""

from __future__ import annotations

from napari.utils.theme import get_theme

from napari_histcode.plugin.compare.figures import Inks


def inks_of(theme_name: str) -> Inks:
    """Return the colours of one of napari's themes."""
    theme = get_theme(theme_name)
    text, paper = (colour.as_rgb_tuple(alpha=False) for colour in (theme.text, theme.background))
    is_dark = sum(paper) < sum(text)
    return Inks(
        paper=_hex(paper),
        text=_hex(text),
        muted=_hex(tuple(round(0.5 * t + 0.5 * p) for t, p in zip(text, paper, strict=True))),
        line="#56b4e9" if is_dark else "#0072b2",
        mark="#e69f00" if is_dark else "#d55e00",
    )


def _hex(colour: tuple[int, ...]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
