"""What the page may offer now, and in what words it says what to do first: pure functions of the state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.classes_of import UNCLASSIFIED, class_names, is_class, is_cut_out
from napari_histcode.plugin.blind.words import HIDDEN
from napari_histcode.plugin.compare.state import ClassRow, CompareState
from napari_histcode.plugin.session import Offer, Phase, Session


def count_classes(annotations: Sequence[Annotation]) -> dict[str, int]:
    """Count the regions with an area by class, in the order in which classes are shown."""
    areas = [annotation for annotation in annotations if annotation.has_area]
    numbers = Counter(annotation.class_name or UNCLASSIFIED for annotation in areas)
    return {name: numbers[name] for name in class_names(areas)}


def class_rows(numbers: Mapping[str, int], positive: Sequence[str] = ()) -> tuple[ClassRow, ...]:
    """List the classes of regions, and what is to be known of each."""
    return tuple(
        ClassRow(name=name, n_regions=number, remark=_remark(name, positive))
        for name, number in numbers.items()
    )


def _remark(name: str, positive: Sequence[str]) -> str:
    if name == UNCLASSIFIED:
        return "" if name in positive else "says nothing unless ticked"
    if is_class(name, positive):
        return ""
    if is_cut_out(name, positive):
        return "ignored: cut out of all numbers"
    return "says where somebody looked" if name.endswith("*") else ""


def empty_reason(session: Session) -> str:
    """Say what is missing before anything can be compared, and what to do; empty if nothing is."""
    if session.current is None:
        return "Open a slide first."
    if session.is_veiled:
        return HIDDEN
    if session.result is None:
        return "There are no maps yet: analyse the slide on the Read page."
    if session.result.scores.grid.slide.digest != session.current.record.digest:
        return "There are no maps of this slide yet: analyse it on the Read page."
    if not any(annotation.has_area for annotation in session.annotations):
        return "There are no regions yet: draw some on the Annotate page, or drop an annotation file."
    return ""


def question_reason(session: Session, state: CompareState) -> str:
    """Say what else has to be chosen; empty if the question is complete."""
    missing = empty_reason(session)
    if missing:
        return missing
    return "" if state.positive else "Tick the class that the map should find."


def compare_offer(session: Session, state: CompareState) -> Offer:
    """Decide whether the full comparison can be had now."""
    reason = question_reason(session, state)
    if not reason and state.comparing.phase is not Phase.IDLE:
        reason = "A comparison is under way."
    return Offer(is_enabled=not reason, reason=reason)


def save_offer(state: CompareState) -> Offer:
    """Decide whether there is a comparison to write."""
    if state.saving.phase is not Phase.IDLE:
        return Offer(is_enabled=False, reason="The report is being written.")
    if (state.answer is None or not state.answer.is_full) and state.spots is None:
        return Offer(is_enabled=False, reason="Press Compare first: a report has intervals and p-values.")
    return Offer(is_enabled=True)
