"""From a session to the window: pure giving, each thing to the part that it belongs to."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari_histcode.plugin.annotate.state import Imported
from napari_histcode.plugin.compare.choices import Choices
from napari_histcode.plugin.compare.state import Reader
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.layers import um_per_px0
from napari_histcode.plugin.saving import tasks
from napari_histcode.plugin.saving.desk import Desk
from napari_histcode.plugin.saving.tasks import Found, OpenedSession
from napari_histcode.plugin.session import SlideEntry
from napari_histcode.plugin.tasks import Opened, OpenRequest, open_together
from napari_histcode.saved.places import path_at
from napari_histcode.saved.seen import unpack_seen
from napari_histcode.saved.session import SavedCompare, SavedSession, SavedSlide


def restore_window(desk: Desk, opened: OpenedSession) -> None:
    """Bring back what belongs to no slide, before any slide comes."""
    session = opened.session
    if session.is_blind_first:  # one that is not does not uncover what is hidden now
        desk.blind.set_on(is_on=True)
    if opened.model is not None:
        desk.controller.menu.choose_model(opened.model)
    desk.controller.choose_where(session.where)
    _restore_look(desk, session)
    pen, state = session.pen, desk.annotate.state
    state.classes, state.class_name = pen.classes, pen.class_name
    desk.annotate.set_radius(pen.radius_um)
    desk.annotate.set_fill(pen.fill)
    state.is_visible = pen.is_visible
    desk.view.turn_to(session.n_quarters)
    desk.view.show_seen(is_shown=session.shows_seen)


def _restore_look(desk: Desk, session: SavedSession) -> None:
    look, maps, live = session.look, desk.controller.maps, desk.session
    live.sequential, live.diverging = look.sequential, look.diverging
    live.hides_outside, live.is_smooth = look.hides_outside, look.is_smooth
    maps.set_opacity(look.opacity)
    maps.set_normalisation(look.normalisation)  # which draws anew what is there


def reopen(request: OpenRequest) -> Opened:
    """Read what a slide that is open lacks.

    Raises
    ------
    HistCodeError
        If its result cannot be read.
    """
    opened = open_together(request)
    if opened.errors:
        raise opened.errors[0]
    return opened


def expect(desk: Desk, found: Found, session: Path, saved: SavedSession) -> None:
    """Tell those who look at a slide as soon as it comes what a session knows of it."""
    slide = found.slide
    desk.blind.expect(slide.digest, slide.reading)
    if slide.regions is not None:
        file = path_at(slide.regions.file, session)
        desk.annotate.keeper.expect(slide.digest, file, saved.saved_at)


def restore_slide(desk: Desk, entry: SlideEntry, slide: SavedSlide, session: Path, jobs: JobRunner) -> None:
    """Bring back what belongs to a slide that has come."""
    if slide.regions is not None and slide.regions.imported is not None:
        said = slide.regions.imported
        desk.annotate.files.recall(
            entry.key,
            Imported(
                title=said.title,
                frame=said.frame,
                origin=said.origin,
                can_choose_origin=False,
                findings=(),
                n_lost=said.n_lost,
                n_others=0,
            ),
        )
    if slide.seen is not None:
        desk.view.recall_seen(entry.key, unpack_seen(slide.seen))
    restore_camera(desk, entry, slide)
    if slide.compare is not None:
        _restore_choices(desk, entry, slide.compare, session, jobs)


def restore_camera(desk: Desk, entry: SlideEntry, slide: SavedSlide) -> None:
    """Look where one looked."""
    if slide.camera is not None:
        unit = sum(um_per_px0(entry.record)) / 2
        place = slide.camera.centre_px0, slide.camera.px0_per_screen_px * unit
        desk.view.go_to_place(entry.key, place)


def _restore_choices(
    desk: Desk, entry: SlideEntry, compare: SavedCompare, session: Path, jobs: JobRunner
) -> None:
    if not compare.readers:
        desk.choices.recall(entry.key, _choices(compare, ()))
        return

    def ended(outcome: JobOutcome[tuple[Reader, ...]]) -> None:
        desk.choices.recall(entry.key, _choices(compare, outcome.value or ()))
        if outcome.error is not None:
            desk.controller.tell(outcome.error)

    files = tuple(path_at(place, session) for place in compare.readers)
    jobs.start(uninterrupted(partial(tasks.read_readers, files, entry.slide)), on_end=ended)


def _choices(compare: SavedCompare, readers: tuple[Reader, ...]) -> Choices:
    return Choices(
        map=compare.map,
        positive=compare.positive,
        class_of_output=compare.class_of_output,
        is_exhaustive=compare.is_exhaustive,
        is_every_map=compare.is_every_map,
        threshold=compare.threshold,
        rule=None if compare.rule is None else (compare.rule, compare.share),
        readers=readers,
    )
