"""A white sheet measured in pixels, to put text, shapes and pictures on.

Text is set by matplotlib's Agg renderer, through its objects and never through pyplot, so that any thread
may draw and nobody's settings change. Pictures are copied pixel by pixel: nothing resamples them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

INK = "#1a1a1a"
"""Colour of text."""
SOFT_INK = "#5c5c5c"
"""Colour of less important text."""
RULE = "#c8c8c8"
"""Colour of frames and rules."""

LINE_HEIGHT = 1.35
"""Distance of lines of text, in font sizes."""

_FONT = "DejaVu Sans"  # comes with matplotlib
_ASCENT = 0.93
_DPI = 72  # so that a point is a pixel

Align = Literal["left", "center", "right"]


class Sheet:
    """Collects what to draw; pixels count from the top left, y downwards."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import RendererAgg

        renderer: Any = RendererAgg  # matplotlib's own is untyped
        self._ruler = renderer(1, 1, _DPI)
        self._artists: list[Callable[[float, float], Any]] = []
        self._pictures: list[tuple[int, int, NDArray[np.uint8]]] = []

    def width_of(self, text: str, size: float, *, is_bold: bool = False) -> float:
        """Width of a line of text in pixels."""
        font = _font(size, is_bold=is_bold)
        return float(self._ruler.get_text_width_height_descent(text, font, ismath=False)[0])

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        colour: str = INK,
        is_bold: bool = False,
        align: Align = "left",
    ) -> float:
        """Set one line with its top at ``y``; return where the next line begins."""
        from matplotlib.text import Text

        def make(width: float, height: float) -> Any:
            return Text(
                x / width,
                1 - (y + _ASCENT * size) / height,
                text,
                fontproperties=_font(size, is_bold=is_bold),
                color=colour,
                horizontalalignment=align,
                verticalalignment="baseline",
                parse_math=False,
                usetex=False,
            )

        self._artists.append(make)
        return y + LINE_HEIGHT * size

    def paragraph(
        self,
        x: float,
        y: float,
        text: str,
        *,
        width: float,
        size: float,
        colour: str = INK,
        is_bold: bool = False,
    ) -> float:
        """Set text in lines of at most ``width`` pixels; return where the next line begins."""
        for line in wrap(text, width, lambda part: self.width_of(part, size, is_bold=is_bold)):
            y = self.text(x, y, line, size=size, colour=colour, is_bold=is_bold)
        return y

    def polygon(self, corners: Sequence[tuple[float, float]], colour: str | tuple[float, ...]) -> None:
        """Fill a polygon."""
        from matplotlib.patches import Polygon

        def make(width: float, height: float) -> Any:
            xy = [(x / width, 1 - y / height) for x, y in corners]
            return Polygon(xy, closed=True, facecolor=colour, edgecolor="none", antialiased=True)

        self._artists.append(make)

    def rectangle(self, x: int, y: int, width: int, height: int, colour: tuple[int, int, int]) -> None:
        """Fill a rectangle of whole pixels."""
        self.picture(x, y, np.full((height, width, 3), colour, np.uint8))

    def picture(self, x: int, y: int, rgb: NDArray[np.uint8]) -> None:
        """Copy a picture (height, width, 3) to the sheet, pixel for pixel."""
        self._pictures.append((x, y, rgb))

    def render(self, width: int, height: int) -> NDArray[np.uint8]:
        """Draw everything.

        Returns
        -------
        ndarray of uint8, (height, width, 3)
            The sheet as a picture.
        """
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="white", edgecolor="none")
        canvas: Any = FigureCanvasAgg(figure)
        for make in self._artists:
            artist = make(width, height)
            artist.set_transform(figure.transFigure)
            figure.add_artist(artist)
        canvas.draw()
        rgb = np.array(canvas.buffer_rgba())[..., :3]
        for x, y, picture in self._pictures:
            rgb[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
        return rgb


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """Break text into lines that are no wider than asked, inside a word only where that is too wide.

    Parameters
    ----------
    text : str
        What to break; runs of white space count as one blank.
    width : float
        Greatest width of a line.
    measure : callable
        Gives the width of a line.

    Returns
    -------
    list of str
        The lines; a single character wider than ``width`` stands alone.
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if measure(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while measure(line) > width and len(line) > 1:
            n_fit = max(1, bisect_right(range(1, len(line)), width, key=lambda n: measure(line[:n])))
            lines.append(line[:n_fit])
            line = line[n_fit:]
    return [*lines, line] if line else lines


def _font(size: float, *, is_bold: bool) -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=_FONT, size=size, weight="bold" if is_bold else "normal")
