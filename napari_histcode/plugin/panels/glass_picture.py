"""A picture that stays blurred until somebody clicks it."""

from __future__ import annotations

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_histcode.plugin.glass.state import GlassPicture
from napari_histcode.plugin.style import ACCENT
from napari_histcode.slide.slide import RgbImage

HEIGHT_PX = 150
"""Tallest picture; a wide one is as wide as the dock."""

_TOGGLE_KEYS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)


class GlassPictureView(QWidget):
    """Shows one picture of the glass; a click, or the space bar, blurs and sharpens it.

    Parameters
    ----------
    picture : GlassPicture
        The picture.
    """

    def __init__(self, picture: GlassPicture) -> None:
        super().__init__()
        height, width = picture.pixels.shape[:2]
        self._size: tuple[int, int] = (width, height)
        self._name = picture.name
        self._sharp, self._soft = _pixmap(picture.pixels), _pixmap(picture.blurred)
        self.is_blurred = True
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._tell()

    def toggle(self) -> None:
        """Blur what is sharp, and sharpen what is blurred."""
        self.is_blurred = not self.is_blurred
        self._tell()
        self.update()

    def _tell(self) -> None:
        how = "blurred" if self.is_blurred else "shown"
        self.setAccessibleName(f"{self._name} of the glass, {how}")
        self.setToolTip("Click to look at it" if self.is_blurred else "Click to blur it again")

    def heightForWidth(self, a0: int) -> int:  # noqa: N802 - Qt's name
        """Tell the height that the picture needs at a width."""
        width, height = self._size
        return int(min(HEIGHT_PX, a0 * height / width))

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Ask for the whole width."""
        return QSize(200, self.heightForWidth(200))

    def place(self) -> QRectF:
        """Tell where in the widget the picture is drawn."""
        width, height = self._size
        scale = min(self.width() / width, self.height() / height)
        shown = QRectF(0, 0, width * scale, height * scale)
        shown.moveCenter(QRectF(self.rect()).center())
        return shown

    def paintEvent(self, a0: QPaintEvent | None) -> None:  # noqa: N802, ARG002 - Qt's name
        """Paint the picture as it is to be seen."""
        pixmap = self._soft if self.is_blurred else self._sharp
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(self.place(), pixmap, QRectF(pixmap.rect()))
        if self.hasFocus():
            painter.setPen(QPen(QColor(ACCENT), 2))
            painter.drawRect(self.place().adjusted(1, 1, -1, -1))
        painter.end()

    def mousePressEvent(self, a0: QMouseEvent | None) -> None:  # noqa: N802 - Qt's name
        """Blur or sharpen."""
        if a0 is not None and a0.button() == Qt.MouseButton.LeftButton:
            self.toggle()

    def keyPressEvent(self, a0: QKeyEvent | None) -> None:  # noqa: N802 - Qt's name
        """Blur or sharpen."""
        if a0 is not None and a0.key() in _TOGGLE_KEYS:
            self.toggle()
        else:
            super().keyPressEvent(a0)


def _pixmap(pixels: RgbImage) -> QPixmap:
    height, width, _ = pixels.shape
    image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image)
