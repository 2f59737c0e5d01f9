"""A menu of the session's choices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import QComboBox, QSizePolicy, QStyle, QStyleOptionComboBox, QStylePainter

from napari_histcode.plugin.session import Choice


class ChoiceBox(QComboBox):
    """A combo box that shows `Choice`s and tells the name of the one that the user takes.

    Parameters
    ----------
    chosen : callable
        Called with the name when the user chooses; not when the menu is filled.
    """

    def __init__(self, chosen: Callable[[str], object], *, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.activated.connect(lambda position: chosen(self.itemData(position)))

    def paintEvent(self, e: QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Draw the chosen label, shortened with an ellipsis where there is no room for all of it."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        style = self.style()
        if style is not None:
            field = style.subControlRect(
                QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
            )
            metrics = option.fontMetrics
            option.currentText = metrics.elidedText(
                option.currentText,
                Qt.TextElideMode.ElideRight,
                field.width() - metrics.horizontalAdvance("  "),
            )
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def fill(self, choices: Sequence[Choice], current: str) -> None:
        """Show these choices, with the current one chosen; tells nobody."""
        with QSignalBlocker(self):
            self.clear()
            for choice in choices:
                self.addItem(choice.label, choice.name)
                position = self.count() - 1
                self.setItemData(position, choice.tooltip or choice.label, Qt.ItemDataRole.ToolTipRole)
                if choice.name == current:
                    self.setCurrentIndex(position)
                    self.setToolTip(choice.tooltip or choice.label)
