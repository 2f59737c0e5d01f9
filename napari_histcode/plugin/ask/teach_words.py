"""What teaching says of itself: pure functions."""

from __future__ import annotations

from collections.abc import Mapping

from napari_histcode.plugin.ask.teach_tasks import Lesson
from napari_histcode.plugin.ask.tiles import counted
from napari_histcode.plugin.compare.numbers import Line
from napari_histcode.statistics.estimate import Estimate
from napari_histcode.teaching.quality import Quality

START = "Click a few tiles of the first class, choose the second one, and click a few of that."
SECOND = "Mark a tile of a second class: the classifier tells classes from each other."
REMINDER = (
    "Exploratory, of this slide alone. What is none of the classes needs a class of its own. Marks that "
    "touch count as one place."
)


def missing_marks(lesson: Lesson | None, n_clicked: int, *, uses_regions: bool) -> str:
    """Say what is to be marked before anything can be learned; empty if enough is."""
    if lesson is not None and lesson.taught is not None:
        return ""
    if lesson is not None and not lesson.tiles_of and uses_regions and not n_clicked:
        return "No tile lies more than half inside a region of these classes. Click tiles as well."
    return SECOND if n_clicked or uses_regions else START


def quality_lines(quality: Quality) -> tuple[Line, ...]:
    """Write the cross-validated figures with their intervals; none where there are none."""
    if not quality.is_defined:
        return ()
    auroc = [
        Line(
            name=f"AUROC {name}",
            value=_value(estimate),
            beside=_interval(estimate),
            tooltip=f"How often a mark of {name} has a higher probability of it than a mark that is not.",
        )
        for name, estimate in quality.auroc.items()
    ]
    accuracy = quality.balanced_accuracy
    return (
        Line(
            name="Balanced accuracy",
            value=_value(accuracy),
            beside=_interval(accuracy),
            tooltip="Share of marks that get their class, each class counting the same.",
        ),
        *auroc,
    )


def quality_heading(quality: Quality) -> str:
    """Say where the figures come from, or why there are none."""
    if not quality.is_defined:
        reason = quality.balanced_accuracy.reason
        return f"{reason[:1].upper()}{reason[1:]}."
    return (
        f"Cross-validated over {counted(quality.n_groups, 'place')} in {quality.n_folds} folds, with 95 % "
        "intervals; of places of this slide like those that were marked."
    )


def marked_text(n_tiles: int, places: Mapping[str, int], name: str) -> str:
    """Say how much of a class is marked."""
    if not n_tiles:
        return "no mark yet"
    n = places.get(name)
    where = f" in {counted(n, 'place')}" if n is not None else ""
    return f"{counted(n_tiles, 'tile')}{where}"


def _value(estimate: Estimate) -> str:
    return f"{estimate.value:.3f}" if estimate.is_defined else "\N{EN DASH}"


def _interval(estimate: Estimate) -> str:
    if not estimate.is_defined or estimate.low != estimate.low:
        return ""
    return f"[{estimate.low:.3f}\N{EN DASH}{estimate.high:.3f}]"
