"""What the page shows is what was computed: tables, curves, matrices."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from napari_histcode.comparison.compare import compare
from napari_histcode.comparison.config import ComparisonConfig
from napari_histcode.comparison.lattice import TileLattice
from napari_histcode.comparison.rows import comparison_rows
from napari_histcode.export.html_table import cell_text
from napari_histcode.plugin.compare.cuts import make_cut, share_below, threshold_at, values_of
from napari_histcode.plugin.compare.figures import (
    CURVE_NAMES,
    Inks,
    curve_points,
    curves_of,
    draw_class_matrix,
    draw_curve,
    draw_scatter,
    draw_threshold_matrix,
    nearest_threshold,
    point_at,
)
from napari_histcode.plugin.compare.numbers import all_lines, main_lines, map_warnings
from napari_histcode.plugin.compare.offers import class_rows
from napari_histcode.plugin.compare.state import Answer, Cut, Question
from napari_histcode.plugin.session import Result
from tests.plugin.compare_desk import GENE, NECROSIS, TUMOUR, planted_regions, planted_scores

INKS = Inks(paper="#262930", text="#f0f1f2", muted="#8a8c90", line="#56b4e9", mark="#e69f00")


@pytest.fixture(scope="module")
def answer() -> Answer:
    scores, regions = planted_scores(), planted_regions()
    pairs = (("viable_tumour", "Tumor"), ("necrosis", "Necrosis"))
    question = Question(
        result=Result(scores=scores), annotations=regions, positive=("Tumor",), is_exhaustive=False,
        class_of_output=pairs, readers=(),
    )  # fmt: skip
    config = ComparisonConfig(positive=("Tumor",), class_of_output=pairs, n_resamples=50, n_shifts=99)
    return Answer(question=question, comparison=compare(scores, regions, config), scores=scores, is_full=True)


def cut_at(answer: Answer, name: str, value: float | None = None) -> Cut:
    compared, reference = answer.map(name), answer.comparison.reference
    threshold = compared.shown_threshold
    if value is not None:
        from napari_histcode.plugin.compare.cuts import own_threshold

        threshold = own_threshold(value)
    values = values_of(answer.scores.map(name))
    lattice = TileLattice(grid=reference.grid)
    return make_cut(name, values, threshold, reference, lattice, is_own=value is not None)


def test_table_has_the_comparisons_numbers(answer: Answer) -> None:
    compared = answer.map(TUMOUR)
    lines = {
        line.name.strip(): line
        for line in main_lines(answer, compared, cut_at(answer, TUMOUR), is_quantity=False)
    }
    ranking, fixed = compared.ranking, compared.overlap("fixed")
    assert lines["AUROC"].value == cell_text(ranking.auroc.value)
    assert lines["AUROC"].beside == f"[{cell_text(ranking.auroc.low)}, {cell_text(ranking.auroc.high)}]"
    assert repr(ranking.auroc.value) in lines["AUROC"].tooltip
    assert "under shifts" in lines["AUROC"].tooltip
    assert lines["of a random map"].value == "0.500"
    assert lines["Dice"].value == cell_text(fixed.dice.value)
    assert lines["by area"].beside == f"of at most {cell_text(answer.comparison.ceiling.dice)}"
    assert lines["Sensitivity"].value == cell_text(fixed.sensitivity.value)
    assert lines["Highest tile"].value == "inside"
    assert lines["Enrichment"].beside == "signed map"
    assert all(line.tooltip for line in lines.values())


def test_own_threshold_has_no_interval(answer: Answer) -> None:
    cut = cut_at(answer, TUMOUR, 0.3)
    lines = main_lines(answer, answer.map(TUMOUR), cut, is_quantity=False)
    dice = next(line for line in lines if line.name == "Dice")
    assert dice.value == cell_text(cut.rates["dice"])
    assert dice.beside == ""
    assert "chosen threshold" in dice.tooltip


def test_gene_shows_its_correlation_with_the_area_first(answer: Answer) -> None:
    compared = answer.map(GENE)
    first = main_lines(answer, compared, cut_at(answer, GENE), is_quantity=True)[0]
    assert first.name == "Spearman with area"
    assert first.value == cell_text(compared.area.spearman.value)


def test_all_numbers_are_listed(answer: Answer) -> None:
    groups = dict(all_lines(answer, answer.map(TUMOUR)))
    rows = [
        row
        for row in comparison_rows(answer.comparison)
        if row.kind == "reference"
        or row.subject == TUMOUR
        or (row.kind == "baseline" and row.metric == "auroc")
    ]
    n_tested = sum(math.isfinite(row.p) for row in rows)
    assert n_tested > 2
    assert sum(len(lines) for lines in groups.values()) == len(rows) + n_tested
    assert "Other" not in groups
    shown = {line.value for lines in groups.values() for line in lines}
    numbers = [row for row in rows if not row.metric.startswith("n_")]
    assert {cell_text(row.value) for row in numbers} <= shown
    assert {line.name: line.value for line in groups["Reference"]}["border tiles"] == "0"
    assert groups["Ranking"][1].name.strip() == "p by shifts, adjusted"
    assert set(groups) >= {"Overlap, oracle threshold", "Lesions (FROC)", "Baselines, AUROC", "Reference"}


def test_warnings_of_other_maps_are_left_out(answer: Answer) -> None:
    label = answer.map(NECROSIS).label
    assert not any(w.startswith(f"{label}:") for w in map_warnings(answer, answer.map(TUMOUR)))
    inverted = replace(answer.comparison, warnings=(f"{label}: AUROC 0.1 is below 0.5", "The slide is small"))
    warned = replace(answer, comparison=inverted)
    assert map_warnings(warned, answer.map(TUMOUR)) == ("The slide is small",)
    assert len(map_warnings(warned, answer.map(NECROSIS))) == 2


@pytest.mark.parametrize("curve", list(CURVE_NAMES))
def test_every_point_of_a_curve_has_its_threshold(answer: Answer, curve: str) -> None:
    compared = answer.map(TUMOUR)
    x, y, threshold = curve_points(curve, compared)
    assert len(x) == len(y) == len(threshold)
    for k in (len(x) // 4, len(x) // 2):
        at = point_at(curve, compared, cut_at(answer, TUMOUR, float(threshold[k])))
        np.testing.assert_allclose(at, (x[k], y[k]), atol=1e-12)
    k = len(x) // 2
    found = nearest_threshold(curve, compared, (float(x[k]), float(y[k])), (1.0, 1.0))
    np.testing.assert_allclose(
        point_at(curve, compared, cut_at(answer, TUMOUR, found)), (x[k], y[k]), atol=1e-12
    )


def test_drawn_curve_goes_through_its_points(answer: Answer) -> None:
    from matplotlib.figure import Figure

    compared = answer.map(TUMOUR)
    for curve in curves_of(compared):
        axes = Figure().add_subplot()
        draw_curve(axes, curve, compared, INKS)
        (line,) = [one for one in axes.lines if one.get_label() == compared.label]
        x, y, _ = curve_points(curve, compared)
        np.testing.assert_array_equal(line.get_xdata(), x)
        np.testing.assert_array_equal(line.get_ydata(), y)
        assert line.get_color() == INKS.line


def test_matrices_and_scatter_are_drawn(answer: Answer) -> None:
    from matplotlib.figure import Figure

    table, cut = answer.comparison.classes, cut_at(answer, TUMOUR)
    axes = Figure().add_subplot()
    draw_threshold_matrix(axes, cut, ("Tumor",), INKS)
    assert sum(int(text.get_text().replace(",", "")) for text in axes.texts) == 120
    axes = Figure().add_subplot()
    draw_class_matrix(axes, table.matrix, table.classes, INKS)
    assert [text.get_text() for text in axes.texts] == [str(n) for n in table.matrix.ravel()]
    axes = Figure().add_subplot()
    draw_scatter(axes, np.arange(3.0), np.arange(3.0), ("map", "spot"), INKS)
    assert axes.get_xlabel() == "map"


def test_slider_and_threshold_are_inverse() -> None:
    ordered = np.sort(np.random.default_rng(0).normal(size=101))
    for k in (0, 17, 100):
        assert threshold_at(ordered, share_below(ordered, float(ordered[k]))) == ordered[k]


def test_classes_say_what_is_to_be_known() -> None:
    rows = {row.name: row for row in class_rows({"Ignore*": 1, "Region*": 2, "Tumor": 3, "(none)": 4})}
    assert "ignored" in rows["Ignore*"].remark
    assert "looked" in rows["Region*"].remark
    assert rows["Tumor"].remark == ""
    assert "nothing" in rows["(none)"].remark
    assert class_rows({"Ignore*": 1}, ("Ignore*",))[0].remark == ""


def test_missing_numbers_are_dashes(answer: Answer) -> None:
    lines = main_lines(answer, answer.map(TUMOUR), cut_at(answer, TUMOUR, math.nan), is_quantity=False)
    assert next(line for line in lines if line.name == "Dice").value == "\N{EN DASH}"
