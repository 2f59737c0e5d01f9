"""The teaching study as a page of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from histcode_training.recipe import Recipe
from histcode_training.teaching_study import Draws, SettingResult, TeachingStudy

_TITLES = {
    "other slides": "Marks on some slides, tests on others",
    "same slide": "Marks and tests on one slide",
}


def teaching_text(study: TeachingStudy, recipe: Recipe, *, command: str) -> str:
    """Write the results of the study.

    Parameters
    ----------
    study : TeachingStudy
        What was measured.
    recipe : Recipe
        Names of the classes.
    command : str
        The command line that made it.
    """
    sections = [
        "# Teaching: how few marks suffice?",
        f"Made by\n\n    {command}\n\n"
        f"Encoder {study.encoder.name} ({study.encoder.digest[:16]}), head of {study.model}.",
        _method(study),
        *(_setting(setting, recipe) for setting in study.settings),
        _estimates(study, recipe),
        _limits(),
    ]
    return "\n\n".join(sections) + "\n"


def _method(study: TeachingStudy) -> str:
    return f"""A person marks a few tiles of each class; a classifier on the features of the bundled encoder
learns from them. Here the marks are drawn at random, {study.n_draws} times for each number, from tiles of
fields that a pathologist labelled as a whole, and the classifier is tested on tiles of other fields.
Entries are AUROC on the tested tiles: mean over draws, ± standard deviation, and the lowest and the highest
draw. The strength of the regularisation is chosen by cross-validation on the marks alone, as in the
program."""


def _setting(setting: SettingResult, recipe: Recipe) -> str:
    shown = [tissue.shown for tissue in recipe.classes]
    header = ["", "marks a class", *shown, "balanced accuracy"]
    rows = [["taught", _marks(draws), *_cells(draws)] for draws in setting.taught]
    rows += [["taught, untrained encoder", _marks(draws), *_cells(draws)] for draws in setting.untrained]
    rows.append(["bundled head, single tile", "none", *_cells(setting.head)])
    return f"## {_TITLES[setting.name]}\n\n{_table(header, rows)}\n\n{_where(setting)}"


def _where(setting: SettingResult) -> str:
    marked, tested = f"{setting.n_marked_fields:.0f}", f"{setting.n_tested_fields:.0f}"
    if setting.name == "other slides":
        return f"""Marks in {marked} fields of the training slides; {tested} fields of held-out slides are
tested, {setting.n_tested_tiles:.0f} tiles. The bundled head learned from the same training fields: from the
labels of fields, with all of their tiles. "all" takes every tile of the training fields as a mark."""
    return f"""The bundled sample. In each draw half of the fields of each class, {marked} fields in all, may
be marked and the other {tested} are tested, on average {setting.n_tested_tiles:.0f} tiles. The bundled head
saw none of them; that its figures spread is the choice of fields alone."""


def _estimates(study: TeachingStudy, recipe: Recipe) -> str:
    header = ["", "marks a class", "estimated in", *(tissue.shown for tissue in recipe.classes)]
    rows = []
    for setting in study.settings:
        for draws in setting.taught[:-1]:
            is_there = np.asarray(np.isfinite(draws.estimated).all(axis=1))
            if is_there.any():
                cells = [_signed(column) for column in (draws.estimated - draws.auroc)[is_there].T]
                rows.append([setting.name, draws.n_marks, f"{is_there.sum()} of {len(is_there)}", *cells])
    return f"""## Does the program's own estimate hold?

{_table(header, rows)}

Estimated minus tested AUROC, mean over draws ± standard deviation. Above 0 the estimate from the marks
promises too much. It is only given where every class has marks in at least four separate places; here a
place is a field, and on one slide half of the fields are too few."""


def _limits() -> str:
    return """## Limits

A tile's reference is the label of its field: a tumour field also holds bone, glass and blood, so that an
AUROC of 1 cannot be reached, and random marks are noisier than those of a person who looks at each. One
tumour type and one centre; slides differ between marks and tests, patients do not. The spread is over draws
of marks with the tested fields as they are (or drawn, on one slide): it says nothing of other slides. The
strengths to choose from were narrowed once, and the score that chooses among them was changed, after
results on these tiles had been seen. Most means moved by less than 0.01; the largest moves were those of
tumour within one slide at 5 and 10 marks (.644 to .670 and .688 to .712)."""


def _marks(draws: Draws) -> str:
    return str(draws.n_marks) if draws.n_marks else "all"


def _cells(draws: Draws) -> list[str]:
    return [_spread(column) for column in (*draws.auroc.T, draws.balanced_accuracy)]


def _spread(values: NDArray[np.float64]) -> str:
    if len(values) == 1 or np.ptp(values) == 0:
        return f"{values[0]:.3f}"
    return f"{values.mean():.3f} ± {values.std(ddof=1):.3f} ({values.min():.2f} to {values.max():.2f})"


def _signed(values: NDArray[np.float64]) -> str:
    spread = f" ± {values.std(ddof=1):.3f}" if len(values) > 1 else ""
    return f"{values.mean():+.3f}{spread}"


def _table(header: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)
