"""A white sheet measured in pixels, to put text, shapes and pictures on.

Text is set by matplotlib's Agg renderer, through its objects and never through pyplot, so that any thread
may draw and nobody's settings change. Pictures are copied pixel by pixel: nothing resamples them. The same
sheet can be had as vectors, see `vector_file`: text then stays text, shapes stay shapes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

Artist = Callable[[float, float, float], Any]
"""Makes a matplotlib artist from the sheet's width and height in pixels and the points a pixel has."""


class Sheet:
    """Collects what to draw; pixels count from the top left, y downwards."""

    def __init__(self) -> None:
        from matplotlib.backends.backend_agg import RendererAgg

        renderer: Any = RendererAgg  # matplotlib's own is untyped
        self._ruler = renderer(1, 1, _DPI)
        self._artists: list[Artist] = []
        self._lines: list[Artist] = []
        self._pictures: list[Placed] = []

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

        def make(width: float, height: float, points: float) -> Any:
            return Text(
                x / width,
                1 - (y + _ASCENT * size) / height,
                text,
                fontproperties=_font(points * size, is_bold=is_bold),
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

        def make(width: float, height: float, _points: float) -> Any:
            xy = [(x / width, 1 - y / height) for x, y in corners]
            return Polygon(xy, closed=True, facecolor=colour, edgecolor="none", antialiased=True)

        self._artists.append(make)

    def lines(
        self,
        lines: Sequence[NDArray[np.floating]],
        colour: str | tuple[float, ...],
        *,
        width: float,
    ) -> None:
        """Draw open lines, each (n_points, 2) x and y, over the pictures."""
        if not lines:
            return
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path as Outline

        def make(across: float, down: float, points: float) -> Any:
            scale = np.array([1 / across, -1 / down])
            paths = [Outline(np.asarray(line, float) * scale + (0, 1)) for line in lines]
            outline = Outline.make_compound_path(*paths)
            return PathPatch(
                outline, fill=False, edgecolor=colour, linewidth=points * width, joinstyle="round",
                capstyle="butt",
            )  # fmt: skip

        self._lines.append(make)

    def rectangle(self, x: int, y: int, width: int, height: int, colour: tuple[int, int, int]) -> None:
        """Fill a rectangle of whole pixels."""
        self._pictures.append(Placed(x=x, y=y, width=width, height=height, content=colour))

    def picture(self, x: int, y: int, rgb: NDArray[np.uint8]) -> None:
        """Copy a picture (height, width, 3) to the sheet, pixel for pixel."""
        self._pictures.append(Placed(x=x, y=y, width=rgb.shape[1], height=rgb.shape[0], content=rgb))

    def render(self, width: int, height: int) -> NDArray[np.uint8]:
        """Draw everything.

        Returns
        -------
        ndarray of uint8, (height, width, 3)
            The sheet as a picture.
        """
        rgb = _rasterise(self._artists, width, height, "white")[..., :3]
        for placed in self._pictures:
            rows, columns = placed.slices
            rgb[rows, columns] = placed.content
        if self._lines:
            over = _rasterise(self._lines, width, height, "none").astype(np.float32)
            share = over[..., 3:] / 255
            rgb = np.round((1 - share) * rgb + share * over[..., :3]).astype(np.uint8)
        return rgb

    def vectors(self, width: int, height: int, dpi: float) -> Any:
        """Return everything as a matplotlib figure of ``width / dpi`` by ``height / dpi`` inches.

        Pictures are in it as they are; a vector canvas neither resamples nor joins them.
        """
        from matplotlib.figure import Figure
        from matplotlib.patches import Rectangle

        figure: Any = Figure(figsize=(width / dpi, height / dpi), dpi=_DPI, facecolor="white")
        points = _DPI / dpi
        for make in self._artists:
            _add(figure, make(width, height, points), zorder=1)
        for placed in self._pictures:
            corner = placed.x / width, 1 - (placed.y + placed.height) / height
            size = placed.width / width, placed.height / height
            if isinstance(placed.content, tuple):
                colour = tuple(part / 255 for part in placed.content)
                box = Rectangle(corner, *size, facecolor=colour, edgecolor="none")
                _add(figure, box, zorder=2)
            else:
                axes = figure.add_axes((*corner, *size), zorder=2)
                axes.set_axis_off()
                axes.imshow(placed.content, interpolation="none", aspect="auto")
        for make in self._lines:
            _add(figure, make(width, height, points), zorder=3)
        return figure


@dataclass(frozen=True, kw_only=True, eq=False)
class Placed:
    """A picture or an even rectangle and where it stands, in pixels of the sheet."""

    x: int
    """Left."""
    y: int
    """Top."""
    width: int
    """Width."""
    height: int
    """Height."""
    content: NDArray[np.uint8] | tuple[int, int, int]
    """Picture of that size, or a colour."""

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns of the sheet that it covers."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


def _rasterise(artists: Sequence[Artist], width: int, height: int, background: str) -> NDArray[np.uint8]:
    """Draw artists as RGBA of (height, width, 4), alpha not multiplied in."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor=background, edgecolor="none")
    canvas: Any = FigureCanvasAgg(figure)
    for make in artists:
        _add(figure, make(width, height, 1.0), zorder=1)
    canvas.draw()
    return np.array(canvas.buffer_rgba())


def _add(figure: Any, artist: Any, *, zorder: float) -> None:
    artist.set_transform(figure.transFigure)
    artist.set_zorder(zorder)
    figure.add_artist(artist)


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
