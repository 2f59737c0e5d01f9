"""The dock's look: napari's theme, and one accent for what can be done next."""

from __future__ import annotations

from napari.utils.theme import get_theme
from qtpy.QtWidgets import QStyle, QWidget

ACCENT = "#7b5cc4"
"""The one colour of our own: legible under white text, and on dark and light backgrounds."""

DOCK_WIDTH_PX = 360
SPACING_PX = 6
MARGIN_PX = 12

ROLE = "role"
"""Dynamic property by which the style sheet knows a widget."""


def stylesheet(theme_name: str) -> str:
    """Write the dock's style sheet for one of napari's themes."""
    theme = get_theme(theme_name)
    text, background = _channels(theme.text), _channels(theme.background)
    muted = _mix(text, background, 0.62)
    line = _mix(text, background, 0.2)
    raised = _mix(text, background, 0.06)
    pressed = _mix(_channels_of_hex(ACCENT), (0, 0, 0), 0.85)
    error = _mix(_channels(theme.error), text, 0.75)
    return f"""
    #histcode QLabel {{ background: transparent; }}
    #histcode[{ROLE}="over"] {{ background: {_css(background)}; border: none;
        border-bottom: 1px solid {line}; }}
    #histcode QLabel[{ROLE}="heading"] {{ color: {muted}; font-weight: 600; }}
    #histcode QLabel[{ROLE}="title"] {{ font-weight: 600; }}
    #histcode QLabel[{ROLE}="muted"] {{ color: {muted}; }}
    #histcode QLabel[{ROLE}="error"] {{ color: {error}; }}
    #histcode QFrame[{ROLE}="line"] {{ background: {line}; border: none; margin: 0; padding: 0; }}
    #histcode QFrame[{ROLE}="drop"] {{ border: 1px dashed {muted}; border-radius: 6px; }}
    #histcode QFrame[{ROLE}="drop"][hovered="true"] {{ border: 1px solid {ACCENT}; }}
    #histcode QFrame[{ROLE}="card"] {{ border: none; border-top: 2px solid {ACCENT}; background: {raised}; }}
    #histcode QWidget[{ROLE}="sheet"] {{ background: {_css(background)}; }}
    #histcode QFrame[{ROLE}="question"] {{ border: 1px solid {ACCENT}; border-radius: 6px; }}
    #histcode QPushButton {{ padding: 4px 10px; }}
    #histcode QPushButton[{ROLE}="primary"] {{ background: {ACCENT}; color: white; font-weight: 600; }}
    #histcode QPushButton[{ROLE}="primary"]:pressed {{ background: {pressed}; }}
    #histcode QPushButton[{ROLE}="primary"]:disabled {{ background: {line}; color: {muted}; }}
    #histcode QPushButton:focus, #histcode QComboBox:focus, #histcode QToolButton:focus,
    #histcode QLineEdit:focus, #histcode QTreeWidget:focus, #histcode QAbstractSpinBox:focus
        {{ border: 1px solid {ACCENT}; }}
    #histcode QProgressBar {{ background: {line}; border: none; border-radius: 3px; max-height: 6px;
        min-height: 6px; }}
    #histcode QProgressBar::chunk {{ background: {ACCENT}; border-radius: 3px; }}
    #histcode QToolButton {{ border: 1px solid {muted}; border-radius: 9px; min-width: 16px; min-height: 16px;
        max-width: 16px; max-height: 16px; color: {muted}; }}
    #histcode QTreeWidget {{ background: transparent; border: none; font-size: {theme.font_size}; }}
    #histcode QTreeWidget::item {{ height: 22px; }}
    #histcode QListView[{ROLE}="tiles"] {{ background: transparent; border: 1px solid {line};
        font-size: {theme.font_size}; }}
    #histcode QListView[{ROLE}="tiles"]::item {{ height: 20px; }}
    #histcode QListView[{ROLE}="tiles"]::item:selected {{ background: {line}; color: {_css(text)}; }}
    #histcode QTreeWidget::item:selected {{ background: {line}; color: {_css(text)}; }}
    #histcode QTreeWidget::indicator {{ width: 11px; height: 11px; border: 1px solid {muted};
        border-radius: 2px; background: transparent; }}
    #histcode QTreeWidget::indicator:checked {{ background: {ACCENT}; border: 1px solid {ACCENT}; }}
    #histcode QScrollArea {{ border: none; }}
    #histcode QTabBar::tab {{ background: transparent; color: {muted}; border: none; padding: 7px 2px 6px 2px;
        border-bottom: 2px solid transparent; min-width: 40px; }}
    #histcode QTabBar::tab:selected {{ color: {_css(text)}; font-weight: 600;
        border-bottom: 2px solid {ACCENT}; }}
    #histcode QTabBar::tab:hover {{ color: {_css(text)}; }}
    #histcode QTabBar::tab:focus {{ border-bottom: 2px solid {_css(text)}; }}
    #histcode QTabBar::tab:disabled {{ color: {line}; }}
    #histcode QPushButton[{ROLE}="step"] {{ padding: 3px 0; }}
    #histcode QPushButton[{ROLE}="choice"] {{ background: transparent; color: {muted}; border: none;
        padding: 1px 6px; }}
    #histcode QPushButton[{ROLE}="choice"]:checked {{ color: {_css(text)};
        border-bottom: 2px solid {ACCENT}; }}
    #histcode QListWidget {{ background: transparent; border: none; }}
    #histcode QListWidget::item {{ color: {muted}; border-radius: 3px; padding: 0; }}
    #histcode QListWidget::item:selected {{ background: {line}; color: {_css(text)}; }}
    #histcode QPushButton[{ROLE}="tool"] {{ padding: 4px 2px; }}
    #histcode QPushButton[{ROLE}="tool"]:checked {{ background: {ACCENT}; color: white; }}
    #histcode QPushButton[{ROLE}="small"] {{ padding: 3px 6px; }}
    #histcode QPushButton[{ROLE}="quiet"] {{ padding: 1px 7px; }}
    #histcode QPushButton[{ROLE}="quiet"]:disabled {{ color: {line}; }}
    #histcode QPushButton[{ROLE}="quiet"]:checked {{ background: {ACCENT}; color: white; }}
    #histcode QPushButton[{ROLE}="small"]:checked {{ background: {ACCENT}; color: white; }}
    #histcode QPushButton[{ROLE}="link"] {{ background: transparent; border: none; padding: 0 2px;
        text-decoration: underline; color: {_css(text)}; }}
    #histcode QTableView {{ background: transparent; border: 1px solid {line}; font-size: {theme.font_size};
        selection-background-color: {line}; selection-color: {_css(text)}; }}
    #histcode QTableView QHeaderView::section {{ background: transparent; color: {muted}; border: none;
        border-bottom: 1px solid {line}; padding: 2px 4px; }}
    #histcode QPushButton[{ROLE}="quiet fold"] {{ background: transparent; border: none; padding: 2px 0;
        text-align: left; color: {muted}; }}
    #histcode QPushButton[{ROLE}="fold"] {{ background: transparent; border: none; padding: 2px 0;
        font-weight: 600; text-align: left; }}
    #histcode QPlainTextEdit {{ border: 1px solid {line}; border-radius: 3px; padding: 2px; }}
    #histcode QPushButton[{ROLE}="choice"]:focus, #histcode QPushButton[{ROLE}="link"]:focus,
    #histcode QPushButton[{ROLE}="fold"]:focus, #histcode QListView:focus, #histcode QListWidget:focus,
    #histcode QListView[{ROLE}="tiles"]:focus, #histcode QTableView:focus, #histcode QPlainTextEdit:focus,
    #histcode QCheckBox:focus, #histcode QSlider:focus, #histcode QScrollArea:focus
        {{ border: 1px solid {ACCENT}; border-radius: 3px; }}
    """


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget its place in the style sheet, also after it has been shown."""
    if widget.property(ROLE) == role:
        return
    widget.setProperty(ROLE, role)
    style: QStyle | None = widget.style()
    if style is not None:
        style.unpolish(widget)
        style.polish(widget)


Rgb = tuple[float, float, float]


def _channels(colour: object) -> Rgb:
    red, green, blue = colour.as_rgb_tuple(alpha=False)  # type: ignore[attr-defined]
    return red, green, blue


def _channels_of_hex(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mix(front: Rgb, back: Rgb, share: float) -> str:
    """Mix two colours, ``share`` of the front one, as ``rgb(...)``."""
    red, green, blue = (f * share + b * (1 - share) for f, b in zip(front, back, strict=True))
    return _css((red, green, blue))


def _css(colour: Rgb) -> str:
    return "rgb({:.0f}, {:.0f}, {:.0f})".format(*colour)
