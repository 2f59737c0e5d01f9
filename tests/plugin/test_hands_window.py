"""The real window without a mouse: keys and their sheet, Tab and Enter, the first steps, signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("napari")

from qtpy.QtCore import Qt
from qtpy.QtGui import QShortcut
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractButton, QApplication, QButtonGroup, QLabel, QWidget

from napari_histcode.plugin.annotate.state import Tool
from napari_histcode.plugin.first_tour import keeping
from napari_histcode.plugin.keys.napari_keys import normal
from napari_histcode.plugin.keys.registry import SHORTCUTS
from napari_histcode.plugin.keys.shortcut import Scope
from napari_histcode.plugin.keys.spelling import keys_text
from napari_histcode.plugin.panels.by_keyboard import tab_stops
from napari_histcode.plugin.panels.folding import FoldingSection
from napari_histcode.plugin.session import Result
from tests.plugin.genes import gene_scores
from tests.plugin.test_window import PATIENCE_MS, click, open_slide

pytestmark = pytest.mark.gui


def show(qtbot: Any, dock: Any) -> None:
    """Bring the window to the front: only there do keys arrive."""
    frame = dock.window()
    frame.resize(1200, 900)
    frame.show()
    qtbot.waitExposed(frame)
    activate(qtbot, dock)


def activate(qtbot: Any, dock: Any) -> None:
    dock.window().windowHandle().requestActivate()
    qtbot.waitUntil(dock.window().isActiveWindow, timeout=PATIENCE_MS)


def open_with_genes(qtbot: Any, dock: Any, slide_path: Path, result_folder: Path) -> None:
    open_slide(qtbot, dock, slide_path, result=result_folder)
    scores = gene_scores(dock.session.result.scores)
    dock.controller.results.take(dock.session.current.key, Result(scores=scores))
    qtbot.waitUntil(lambda: not dock._jobs.is_busy, timeout=PATIENCE_MS)


def keys_in(*scopes: Scope) -> set[str]:
    return {normal(key) for one in SHORTCUTS if one.scope in scopes for key in one.keys}


def bound(keymap: Any) -> set[str]:
    return {normal(str(key)) for key in keymap}


def shortcuts_of(widget: QWidget) -> set[str]:
    own = widget.findChildren(QShortcut, options=Qt.FindChildOption.FindDirectChildrenOnly)
    keys = [key for each in own for key in QShortcut.keys(each)]
    keys += [key for action in widget.actions() for key in action.shortcuts()]
    return {normal(key.toString()) for key in keys}


def menu_keys(menu: QWidget) -> set[str]:
    """Keys of napari's menus, which would come before ours."""
    inner = [action.menu() for action in menu.actions() if action.menu() is not None]
    return shortcuts_of(menu).union(*map(menu_keys, inner))


def press(dock: Any, key: Any, held: Any = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(dock.window().windowHandle(), key, held)


def name_of(widget: QWidget) -> str:
    text = widget.text() if isinstance(widget, QAbstractButton) else ""
    return str(widget.accessibleName() or text)


def check_the_sheet_lists_exactly_what_is_bound(qtbot: Any, viewer: Any, dock: Any) -> None:
    annotate = dock.annotate
    of_slide = bound(viewer.keymap)
    dock.pages.show_page("Annotate")
    assert bound(viewer.keymap) | of_slide == keys_in(Scope.SLIDE)
    annotate.set_tool(Tool.POLYGON)
    pen = viewer.layers["annotations: in hand"]
    assert bound(pen.keymap) == keys_in(Scope.PEN, Scope.DRAWING)
    annotate.set_tool(Tool.SELECT)
    assert bound(pen.keymap) == keys_in(Scope.PEN)
    in_dock = {normal(key) for one in SHORTCUTS if one.is_in_dock for key in one.keys}
    pages = [dock.pages.stack.widget(k) for k in range(dock.pages.stack.count())]
    assert set().union(*map(shortcuts_of, pages)) == in_dock | keys_in(Scope.PAGE)
    assert shortcuts_of(dock) == keys_in(Scope.WINDOW) | {"shift+?"}

    assert not menu_keys(dock.window().menuBar()) & keys_in(*Scope), "a menu's key would come first"

    dock.pages.show_page("Read")
    activate(qtbot, dock)  # whatever else took the front meanwhile
    press(dock, Qt.Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
    sheet = dock.guidance.sheet
    assert sheet.isVisible()
    texts = {label.text() for label in sheet.findChildren(QLabel)}
    assert {one.what for one in SHORTCUTS} | {keys_text(one.keys) for one in SHORTCUTS} <= texts
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    field = dock.signatures_panel.editor.name
    dock.signatures_panel.set_open(is_open=True)
    dock.signatures.begin()
    field.setFocus()
    press(dock, Qt.Key.Key_Question, Qt.KeyboardModifier.ShiftModifier)
    assert (sheet.isVisible(), field.text()) == (False, "?"), "in a text field it is a letter"
    dock.signatures.give_up()
    dock.signatures_panel.set_open(is_open=False)


def check_keys_of_single_controls_do_what_the_sheet_says(dock: Any) -> None:
    histogram, minimap, search = dock.maps_panel.histogram, dock.slide_panel.minimap, dock.maps_panel.search
    before = histogram.window_range
    QTest.keyClick(histogram, Qt.Key.Key_Space)
    QTest.keyClick(histogram, Qt.Key.Key_Left)
    assert histogram.window_range[1] < before[1]
    QTest.keyClick(histogram, Qt.Key.Key_Space)
    QTest.keyClick(histogram, Qt.Key.Key_Right)
    assert histogram.window_range[0] > before[0]
    QTest.keyClick(histogram, Qt.Key.Key_Escape)
    assert histogram.window_range == before
    moves = []
    dock.view.centre_on = lambda xy: moves.append(xy)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down):
        QTest.keyClick(minimap, key)
    assert len(set(moves)) == 4
    search.setFocus()
    QTest.keyClick(search, Qt.Key.Key_Down)
    assert QApplication.focusWidget() is dock.maps_panel.tree


def states(dock: Any) -> Iterator[tuple[str, QWidget, QWidget]]:
    """Show every page, and on each every tool that folds: what it is, its first control, and all of it."""
    for name in ("Read", "Annotate", "Compare", "Ask", "Export"):
        dock.pages.show_page(name)
        QApplication.processEvents()
        yield name, dock.pages.tabs, dock
        for section in dock.pages.stack.currentWidget().findChildren(FoldingSection):
            if section.isVisible():
                section.set_open(is_open=True)
                QApplication.processEvents()
                yield section.toggle.accessibleName(), section.toggle, section
                section.set_open(is_open=False)


def group_of(button: QWidget) -> QButtonGroup | None:
    """The exclusive group of a button: its members are one stop, with arrow keys among them."""
    group = button.group() if isinstance(button, QAbstractButton) else None
    return group if group is not None and group.exclusive() else None


def check_tab_reaches_every_control_of_every_page_and_nothing_holds_it(dock: Any) -> None:
    for state, first, whole in states(dock):
        wanted = set(tab_stops(whole))
        assert [type(stop).__name__ for stop in wanted if not name_of(stop)] == [], f"{state}: without a name"
        first.setFocus()
        met = [first]
        while True:
            press(dock, Qt.Key.Key_Tab)
            now = QApplication.focusWidget()
            assert now is not met[-1], f"{state}: {name_of(now)!r} holds the focus"
            if now not in wanted:
                break  # it has left
            assert now not in met, f"{state}: Tab comes back to {name_of(now)!r} without leaving"
            met.append(now)
        groups = {group_of(stop) for stop in met} - {None}
        left_out = [name_of(stop) for stop in wanted if stop not in met and group_of(stop) not in groups]
        assert left_out == [], state
        press(dock, Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
        assert QApplication.focusWidget() in wanted, f"{state}: and back"


def check_enter_presses_and_arrows_choose(dock: Any) -> None:
    lowest = dock.tiles_panel.findChildren(QAbstractButton)
    highest, lowest = (b for b in lowest if b.text() in ("highest", "lowest"))
    highest.setFocus()
    press(dock, Qt.Key.Key_Right)
    assert QApplication.focusWidget() is lowest
    fold = dock.signatures_panel.toggle
    fold.setFocus()
    press(dock, Qt.Key.Key_Return)
    assert dock.signatures_panel.is_open
    press(dock, Qt.Key.Key_Space)
    assert not dock.signatures_panel.is_open
    press(dock, Qt.Key.Key_F6)
    assert type(QApplication.focusWidget()).__name__ == "CanvasBackendDesktop"
    press(dock, Qt.Key.Key_F6)
    assert QApplication.focusWidget() is dock.pages.tabs


def check_a_signature_is_written_found_and_removed(qtbot: Any, viewer: Any, dock: Any) -> None:
    panel, maps = dock.signatures_panel, dock.maps_panel
    panel.set_open(is_open=True)
    click(qtbot, panel.new_button)
    editor = panel.editor
    assert not editor.save_button.isEnabled()
    QTest.keyClicks(editor.name, "My cells")
    editor.genes.setPlainText("cd3d, CD3E KIAA0125\nCD3G")
    assert "Missing in this model: FAM30A" in editor.understood.text()
    click(qtbot, editor.save_button)
    name = "signatures.My_cells.signature"
    qtbot.waitUntil(lambda: dock.session.visible_maps == {name}, timeout=PATIENCE_MS)
    assert editor.isHidden()
    assert panel.chosen.signature.label == "My cells"
    assert "Genes: CD3D, CD3E, CD3G." in maps.facts.text()
    assert "My cells signature" in [layer.name for layer in viewer.layers]

    maps.search.show()
    maps.search.setFocus()
    for letters, found in (("cd3", 4), ("igj", 1), ("zzz", 0)):
        maps.search.clear()
        QTest.keyClicks(maps.search, letters)
        assert sum(not item.isHidden() for item, _ in maps._items()) == found
        assert maps.not_found.isHidden() is (found > 0)
    maps.search.clear()
    QTest.keyClicks(maps.search, "cd3e")
    QTest.keyClick(maps.search, Qt.Key.Key_Return)
    assert dock.session.visible_maps == {"genes.CD3E.single_tile"}
    assert "card is not at hand" in maps.facts.text() or "Nothing was measured" in maps.facts.text()

    click(qtbot, panel.remove_button)
    assert name not in [each.name for each in dock.session.tool_maps]
    click(qtbot, panel.notice.action)
    assert [one.label for one in dock.signatures.state.own] == ["My cells"]


def check_the_first_steps_go_with_the_user(qtbot: Any, dock: Any, open_it: Callable[[], None]) -> None:
    card, tour = dock.guidance.card, dock.guidance.tour
    qtbot.waitUntil(lambda: tour.state.step == 0, timeout=PATIENCE_MS)
    assert keeping.was_shown()
    assert card.title.text() == "Open a slide"
    assert not card.frame.isHidden()
    assert card.frame.geometry().contains(dock.slide_panel.geometry().center())
    focus = QApplication.focusWidget()
    assert focus is None or not card.isAncestorOf(focus), "it takes no focus"
    click(qtbot, card.next_button)
    assert card.missing.text() == "The button is there as soon as a slide is open."
    assert not card.missing.isHidden()
    assert card.frame.isHidden()
    open_it()
    assert card.missing.isHidden()
    assert (tour.state.step, card.title.text()) == (2, "Look where it looked"), "the result came with it"
    click(qtbot, card.next_button)
    assert card.next_button.text() == "Done"
    click(qtbot, card.next_button)
    assert card.isHidden()
    click(qtbot, dock.guidance.sheet.tour_button)
    assert tour.state.step == 0
    QTest.keyClick(card, Qt.Key.Key_Escape)
    assert tour.state.step is None


def test_without_a_mouse(qtbot: Any, make_window: Any, slide_path: Path, result_folder: Path) -> None:
    viewer, dock = make_window()
    show(qtbot, dock)
    open_with_genes(qtbot, dock, slide_path, result_folder)
    check_the_sheet_lists_exactly_what_is_bound(qtbot, viewer, dock)
    activate(qtbot, dock)  # here nobody gives the focus back when the sheet closes
    check_keys_of_single_controls_do_what_the_sheet_says(dock)
    check_enter_presses_and_arrows_choose(dock)
    check_tab_reaches_every_control_of_every_page_and_nothing_holds_it(dock)


def test_somebody_new(qtbot: Any, make_window: Any, slide_path: Path, result_folder: Path) -> None:
    keeping.tour_file().unlink()
    viewer, dock = make_window()
    show(qtbot, dock)
    check_the_first_steps_go_with_the_user(
        qtbot, dock, lambda: open_with_genes(qtbot, dock, slide_path, result_folder)
    )
    check_a_signature_is_written_found_and_removed(qtbot, viewer, dock)
