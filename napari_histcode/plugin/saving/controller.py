"""Session file <-> window: opens, saves, and asks for slides that have moved.

Nothing waits for anything: while a slide is asked for, all others come back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from weakref import WeakKeyDictionary

from napari_histcode.errors import HistCodeError
from napari_histcode.export.provenance import timestamp
from napari_histcode.plugin import file_names
from napari_histcode.plugin.annotate.state import Notice
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.saving import restoring, tasks, words
from napari_histcode.plugin.saving.collect import Collected, collect
from napari_histcode.plugin.saving.desk import Desk
from napari_histcode.plugin.saving.inbox import receive
from napari_histcode.plugin.saving.state import Missing, SavingState, save_offer
from napari_histcode.plugin.saving.tasks import Found, OpenedSession
from napari_histcode.plugin.session import Activity, Phase, Result
from napari_histcode.plugin.tasks import Opened, OpenRequest
from napari_histcode.plugin.wording import error_text
from napari_histcode.progress import Progress
from napari_histcode.saved.places import session_path
from napari_histcode.saved.session import SavedSession


def _now() -> datetime:
    return datetime.now(UTC)


class SavingController:
    """Opens and saves sessions.

    Parameters
    ----------
    desk : Desk
        The window.
    jobs : JobRunner
        Reads and writes.
    now : callable
        The clock.
    """

    def __init__(self, desk: Desk, jobs: JobRunner, now: Callable[[], datetime] = _now) -> None:
        self.state = SavingState()
        self.desk = desk
        self._jobs = jobs
        self._now = now
        self._written: WeakKeyDictionary[Result, Path] = WeakKeyDictionary()
        self._n_coming = 0
        self._end_inbox = receive(self.open)

    def close(self) -> None:
        """Let go of everything that listens."""
        self._end_inbox()
        for name in self.state.events:
            self.state.events[name].disconnect()

    # Saving

    def save(self, path: Path | None = None) -> None:
        """Write the session, to where it was written before if no path is given.

        The file is written in the background, from what is on the screen now.
        """
        target = self.state.path if path is None else session_path(path)
        if target is None or not save_offer(self.desk.session, self.state).is_enabled:
            return
        collected = collect(
            self.desk,
            target,
            saved=timestamp(self._now()),
            written=self._written,
            missing=self.state.missing,
        )
        self.state.notice = Notice()
        self.state.activity = Activity(phase=Phase.WORKING, text=words.SAVING)
        self._jobs.start(
            partial(tasks.save, collected),
            on_progress=partial(self._progressed, words.SAVING),
            on_end=partial(self._saved, collected),
        )

    def _saved(self, collected: Collected, outcome: JobOutcome[Path]) -> None:
        self.state.activity = Activity()
        if outcome.value is None:
            self._fail(outcome.error, collected.path)
            return
        self.state.path = outcome.value
        for result, folder in collected.folders:
            self._written[result] = folder
        places = {each.digest: each for each in collected.session.slides}
        self.state.missing = tuple(
            replace(one, slide=places[one.slide.digest], origin=collected.path) for one in self.state.missing
        )
        self.state.notice = Notice(text=words.saved(collected.session))

    # Opening

    def open(self, path: Path) -> None:
        """Bring a session back beside what is open."""
        if self.state.activity.phase is not Phase.IDLE:
            return
        self.state.notice = Notice()
        self.state.activity = Activity(phase=Phase.WORKING, text=words.OPENING)
        self._jobs.start(
            partial(tasks.open_session, path),
            on_progress=partial(self._progressed, words.OPENING),
            on_end=partial(self._read, path),
        )

    def _read(self, path: Path, outcome: JobOutcome[OpenedSession]) -> None:
        opened = outcome.value
        if opened is None:
            self.state.activity = Activity()
            self._fail(outcome.error, path)
            return
        self.state.path = opened.path
        self.state.missing = tuple(
            Missing(slide=slide, origin=opened.path, saved=opened.session.saved, reason=reason)
            for slide, reason in opened.missing
        )
        restoring.restore_window(self.desk, opened)
        self._n_coming = len(opened.found)
        for found in opened.found:
            self._bring(found, opened.session, opened.path, then=partial(self._came, opened))
        if not opened.found:
            self._finish(opened)

    def _came(self, opened: OpenedSession) -> None:
        self._n_coming -= 1
        if self._n_coming == 0:
            self._finish(opened)

    def _finish(self, opened: OpenedSession) -> None:
        """Put the slide and the page to the front that were there."""
        session, desk = opened.session, self.desk
        front = session.slides[session.current] if session.current is not None else None
        entry = desk.entry_of(front.digest) if front is not None else None
        if entry is not None and front is not None:
            desk.controller.choose_slide(entry.key)
            restoring.restore_camera(desk, entry, front)
        desk.show_page(session.page)
        self.state.activity = Activity()
        remarks = (*opened.remarks, *(remark for found in opened.found for remark in found.remarks))
        self.state.notice = Notice(text=words.opened(session, len(self.state.missing), remarks))

    def _bring(
        self, found: Found, session: SavedSession, path: Path, *, then: Callable[[], None] | None = None
    ) -> None:
        """Bring a slide back that is there: open it, or take it if it is open."""
        restoring.expect(self.desk, found, path, session)
        entry = self.desk.entry_of(found.slide.digest)
        known = self.desk.controller.results.of(entry.key) if entry is not None else None
        is_complete = entry is not None and (known is not None or found.result is None)
        request = OpenRequest(
            path=found.path,
            mpp=found.slide.user_mpp,
            result=found.result,
            key=entry.key if entry is not None else None,
        )

        def opened(came: Opened | None) -> None:
            shown = self.desk.entry_of(found.slide.digest) if came is not None else None
            if shown is not None:
                restoring.restore_slide(self.desk, shown, found.slide, path, self._jobs)
            if then is not None:
                then()

        def read(outcome: JobOutcome[Opened]) -> None:
            """Take the result of a slide that is open without one."""
            came = outcome.value
            if came is not None and came.scores is not None:
                result = Result(scores=came.scores, bag=came.bag, folder=found.result)
                self.desk.controller.results.bring(came.key, result, found.scene)
            elif outcome.error is not None:
                self.desk.controller.tell(outcome.error)
            opened(came)

        if entry is None:
            self.desk.controller.open_as(request, scene=found.scene, then=opened)
        elif is_complete:
            self.desk.controller.results.bring(entry.key, None, found.scene)
            restoring.restore_slide(self.desk, entry, found.slide, path, self._jobs)
            if then is not None:
                then()
        else:
            self._jobs.start(uninterrupted(restoring.reopen, request), on_end=read)

    # Slides that have moved

    def find(self, digest: str, path: Path) -> None:
        """Take a file for a slide that is asked for, if it is that slide; look for the others beside it."""
        one = self._missing(digest)
        if one is None or one.is_looking:
            return
        self._change(digest, is_looking=True, reason="")

        def looked(outcome: JobOutcome[Found]) -> None:
            if outcome.value is not None:
                self._take_found(one, outcome.value)
                self._look_beside(path.parent)
            elif outcome.error is not None:
                text = words.refused(outcome.error)
                if not self.desk.session.shows_file_names:
                    text = file_names.without_names(text, (path,))
                self._change(digest, is_looking=False, reason=text)

        work = uninterrupted(tasks.accept, one.slide, path, one.origin)
        self._jobs.start(work, on_end=looked)

    def leave_out(self, digest: str) -> None:
        """Ask no more for a slide; the next time the session is saved, it is without it."""
        self.state.missing = tuple(one for one in self.state.missing if one.slide.digest != digest)

    def _look_beside(self, folder: Path) -> None:
        for one in self.state.missing:
            if one.is_looking:
                continue

            def looked(outcome: JobOutcome[Found | str], one: Missing = one) -> None:
                if isinstance(outcome.value, Found):
                    self._take_found(one, outcome.value)

            self._jobs.start(uninterrupted(tasks.look_for, one.slide, one.origin, folder), on_end=looked)

    def _take_found(self, one: Missing, found: Found) -> None:
        if self._missing(one.slide.digest) is None:
            return
        self.leave_out(one.slide.digest)
        self._bring(found, SavedSession(saved=one.saved), one.origin)
        self.state.notice = Notice(text=words.found(len(self.state.missing), found.remarks))

    def _missing(self, digest: str) -> Missing | None:
        return next((one for one in self.state.missing if one.slide.digest == digest), None)

    def _change(self, digest: str, *, is_looking: bool, reason: str) -> None:
        self.state.missing = tuple(
            replace(one, is_looking=is_looking, reason=reason) if one.slide.digest == digest else one
            for one in self.state.missing
        )

    # Words

    def dismiss(self) -> None:
        """Take the line about the last thing away."""
        self.state.notice = Notice()

    def _progressed(self, text: str, progress: Progress) -> None:
        if self.state.activity.phase is Phase.WORKING:
            fraction = progress.fraction if progress.total else None
            line = text if fraction is None else f"{text} {fraction:.0%}"
            self.state.activity = Activity(phase=Phase.WORKING, text=line, fraction=fraction)

    def _fail(self, error: BaseException | None, path: Path) -> None:
        if error is None:
            return
        text = str(error) if isinstance(error, HistCodeError) else error_text(error)
        if not self.desk.session.shows_file_names:
            text = file_names.without_names(text, (path,))
        self.state.notice = Notice(text=text, is_error=True)
