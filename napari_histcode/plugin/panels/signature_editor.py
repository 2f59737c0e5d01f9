"""Where a signature is written: its name, its genes, and what was understood of them."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker
from qtpy.QtWidgets import QFrame, QLineEdit, QPlainTextEdit

from napari_histcode.plugin.panels.section import button, captioned, column, label, row
from napari_histcode.plugin.signatures.controller import SignatureController
from napari_histcode.plugin.signatures.words import draft_lines
from napari_histcode.plugin.style import SPACING_PX, set_role

GENES_PX = 84


class SignatureEditor(QFrame):
    """A small form that is there only while a signature is being written."""

    def __init__(self, controller: SignatureController) -> None:
        super().__init__()
        set_role(self, "question")
        self._controller = controller
        self._state = controller.state
        self.name = QLineEdit()
        self.name.setAccessibleName("name of the signature")
        self.name.setToolTip("As it is listed")
        self.name.setPlaceholderText("Name")
        self.name.textEdited.connect(lambda text: controller.write(label=text))
        self.genes = QPlainTextEdit()
        self.genes.setAccessibleName("genes of the signature")
        self.genes.setToolTip("Symbols between blanks, commas or line ends; all count alike")
        self.genes.setPlaceholderText("Paste gene symbols, such as CD3D, CD3E, CD3G")
        self.genes.setTabChangesFocus(True)
        self.genes.setFixedHeight(GENES_PX)
        self.genes.textChanged.connect(lambda: controller.write(text=self.genes.toPlainText()))
        self.understood = label(role="muted", wraps=True)
        self.obstacle = label(role="muted", wraps=True)
        self.save_button = button(
            "Save", controller.save, tooltip="Keep it, and draw its map", role="primary"
        )
        self.cancel_button = button("Cancel", controller.give_up, tooltip="Forget what was written")
        content = column(self)
        content.setContentsMargins(*[2 * SPACING_PX - 2] * 4)
        content.addLayout(captioned(("Name", self.name), ("Genes", self.genes)))
        content.addWidget(self.understood)
        content.addWidget(self.obstacle)
        buttons = row(self.save_button, self.cancel_button)
        buttons.addStretch(1)
        content.addLayout(buttons)
        self._state.events.draft.connect(self._refresh)
        self._refresh()

    def _refresh(self) -> None:
        draft, reading = self._state.draft, self._controller.read_draft()
        was_hidden = self.isHidden()
        self.setVisible(draft is not None)
        if draft is None or reading is None:
            return
        with QSignalBlocker(self.name), QSignalBlocker(self.genes):
            if self.name.text() != draft.label:
                self.name.setText(draft.label)
            if self.genes.toPlainText() != draft.text:
                self.genes.setPlainText(draft.text)
        lines = draft_lines(reading)
        self.understood.setText("\n".join(lines))
        self.understood.setVisible(bool(lines))
        self.obstacle.setText(reading.obstacle)
        self.obstacle.setVisible(bool(reading.obstacle))
        self.save_button.setEnabled(not reading.obstacle)
        if was_hidden:
            self.name.setFocus()
