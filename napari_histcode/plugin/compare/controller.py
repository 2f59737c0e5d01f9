"""The question and its answers: what is compared with what, kept up to date off the GUI thread.

Whenever the regions, the map or the classes change, the numbers are computed anew by the very function of the
command line, without bootstrap and shifts, which takes a second or two on a large slide. *Compare* runs it in
full. An answer whose question is gone is dropped.
"""

from __future__ import annotations

from functools import partial

from psygnal import Signal

from napari_histcode.annotations import Annotation
from napari_histcode.comparison.comparison import Comparison
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.compare.cut_controller import CutController
from napari_histcode.plugin.compare.guess import guess_classes_of_outputs, guess_positive
from napari_histcode.plugin.compare.offers import class_rows, compare_offer, count_classes, question_reason
from napari_histcode.plugin.compare.readers import ReaderController
from napari_histcode.plugin.compare.report import ReportController
from napari_histcode.plugin.compare.spots import SpotController
from napari_histcode.plugin.compare.state import Answer, CompareState, Question
from napari_histcode.plugin.compare.tasks import Request, run_comparison
from napari_histcode.plugin.compare.walk import TileWalk
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, JobState, RunningJob
from napari_histcode.plugin.session import Activity, Phase, Result, Session
from napari_histcode.plugin.wording import duration, error_text
from napari_histcode.progress import Progress
from napari_histcode.scores.scores import SlideScores


class CompareController:
    """Turns what the user asks of a comparison into jobs, and their answers into state.

    Parameters
    ----------
    session : Session
        What is open: its result and its regions.
    canvas : Canvas
        Where the agreement is painted.
    jobs : JobRunner
        Where work is done.
    """

    looked = Signal()
    """What has changed in the session was taken over."""

    def __init__(self, session: Session, canvas: Canvas, jobs: JobRunner) -> None:
        self.session = session
        self.state = CompareState()
        self._canvas = canvas
        self._jobs = jobs
        self._is_in_front = False
        self._is_looking = False
        self._of: Result | None = None
        self._is_map_own = False
        self._are_pairs_own = False
        self._quick: tuple[RunningJob, Request] | None = None
        self._full: tuple[RunningJob, Request] | None = None
        self._kept: Answer | None = None
        self._counted: tuple[tuple[Annotation, ...], dict[str, int]] = ((), {})
        self.cut = CutController(session, self.state, canvas)
        self.walk = TileWalk(session, self.state, canvas, self.cut)
        self.readers = ReaderController(session, self.state, jobs)
        self.spots = SpotController(session, self.state, jobs)
        self.report = ReportController(session, self.state, jobs, canvas)
        for signal in (
            session.events.current, session.events.result, session.events.annotations,
            session.events.tool_maps, session.events.selected_map, self.state.events.readers,
        ):  # fmt: skip
            signal.connect(self._look_soon)

    def close(self) -> None:
        """Let go of everything that listens."""
        for name in self.state.events:
            self.state.events[name].disconnect()

    def set_in_front(self, *, is_in_front: bool) -> None:
        """Work while the page is in front; paint nothing and answer no clicks while it is not."""
        self._is_in_front = is_in_front
        self._canvas.set_picking(is_on=is_in_front)
        self.cut.set_in_front(is_in_front=is_in_front)
        self.walk.set_in_front(is_in_front=is_in_front)
        if is_in_front:
            self._look()

    # What is asked

    def choose_positive(self, names: tuple[str, ...]) -> None:
        """Count regions of these classes as positive."""
        self.state.is_guess = False
        self.state.positive = names
        self._refresh_classes()
        self._ask()

    def choose_map(self, name: str) -> None:
        """Speak of this map, whichever is visible."""
        self._is_map_own = True
        self._set_map(name)
        self._ask()

    def take_every_map(self, *, is_every: bool) -> None:
        """Compare all maps in full, or the one in question."""
        self.state.is_every_map = is_every

    def set_exhaustive(self, *, is_exhaustive: bool) -> None:
        """Count unannotated tissue as negative, or not at all."""
        self.state.is_exhaustive = is_exhaustive
        self._ask()

    def choose_class(self, output: str, name: str | None) -> None:
        """Say for which class of regions an output stands; None for none."""
        self._are_pairs_own = True
        others = tuple(pair for pair in self.state.class_of_output if pair[0] != output)
        self.state.class_of_output = others if name is None else (*others, (output, name))
        self._ask()

    @property
    def is_map_own(self) -> bool:
        """Whether the user chose the map in question, so that it does not follow the list of maps."""
        return self._is_map_own

    @property
    def are_pairs_own(self) -> bool:
        """Whether the user paired outputs with classes."""
        return self._are_pairs_own

    def question(self) -> Question | None:
        """Return what is asked now; None while something is missing."""
        session, state = self.session, self.state
        if question_reason(session, state) or session.result is None or state.map is None:
            return None
        return Question(
            result=session.result,
            annotations=session.annotations,
            positive=state.positive,
            is_exhaustive=state.is_exhaustive,
            class_of_output=state.class_of_output,
            readers=state.readers,
        )

    def _look_soon(self) -> None:
        """Look at the session when it has come to rest: several of its fields change together."""
        if not self._is_looking:
            self._is_looking = True
            self._canvas.when_idle(self._looked)

    def _looked(self) -> None:
        self._is_looking = False
        self._look()

    def _look(self) -> None:
        """Take over what has changed in the session."""
        session, state = self.session, self.state
        if session.result is not self._of:
            self._forget()
            self._of = session.result
        names = {m.name for m in session.result.scores.maps} if session.result is not None else set()
        names |= {m.name for m in session.tool_maps}
        if not self._is_map_own or state.map not in names:
            self._is_map_own = False
            self._set_map(session.selected_map if session.selected_map in names else None)
        self._refresh_classes()
        self.looked.emit()
        self._ask()

    def _forget(self) -> None:
        """Forget what was chosen and found for another result."""
        state = self.state
        self._stop_all()
        self._is_map_own = self._are_pairs_own = False
        self.cut.forget()
        self.walk.clear()
        self._kept = state.answer = None
        state.is_guess, state.positive = True, ()
        state.comparing = state.saving = Activity()

    def _refresh_classes(self) -> None:
        """List the classes of the regions; guess what the user has not said."""
        session, state = self.session, self.state
        if self._counted[0] is not session.annotations:  # many thousands of them are not counted twice
            self._counted = (session.annotations, count_classes(session.annotations))
        numbers = self._counted[1]
        names = tuple(numbers)
        kept = tuple(name for name in state.positive if name in names)
        if kept != state.positive:
            state.is_guess, state.positive = state.is_guess or not kept, kept
        if state.is_guess and state.map is not None and session.result is not None:
            state.positive = guess_positive(self._scores(session.result).map(state.map), names)
        state.classes = class_rows(numbers, state.positive)
        if session.result is not None:
            pairs = (
                tuple(pair for pair in state.class_of_output if pair[1] in names)
                if self._are_pairs_own
                else guess_classes_of_outputs(session.result.scores, names)
            )
            state.class_of_output = pairs

    def _set_map(self, name: str | None) -> None:
        if name != self.state.map:
            self.state.map = name
            self._refresh_classes()

    # What is answered

    def _ask(self) -> None:
        """Bring the numbers up to date, unless they are."""
        question = self.question()
        if self._full is not None and not self._full[1].question.is_same(question):
            self._full[0].cancel()
            self._full = None
            self.state.comparing = Activity(text="The question changed meanwhile: compare again.")
        if question is None:
            self._stop_all()
            self.state.answer = None
            self.cut.restore_maps()
            return
        for known in (self._kept, self.state.answer):
            if known is not None and self._serves(known, question):
                self.state.answer = known
                return
        if self._is_in_front:
            self._start_quick(question)

    def _serves(self, answer: Answer, question: Question) -> bool:
        """Whether an answer holds for the question, the map in question included."""
        name = self.state.map
        if not answer.question.is_same(question) or name is None or answer.map(name) is None:
            return False
        return answer.scores.map(name) is self._scores(question.result).map(name)

    def _start_quick(self, question: Question) -> None:
        request = self._request(question, is_full=False)
        if request is None:
            return
        if self._quick is not None:
            running = self._quick[1]
            if running.question.is_same(question) and running.maps == request.maps:
                return
            self._quick[0].cancel()
        self.state.updating = Activity(phase=Phase.WORKING, text="Working out the numbers …")
        job = self._jobs.start(partial(run_comparison, request), on_end=partial(self._quick_ended, request))
        self._quick = (job, request)

    def _quick_ended(self, request: Request, outcome: JobOutcome[Comparison]) -> None:
        if self._quick is None or self._quick[1] is not request:
            return  # another question has been asked since
        self._quick = None
        self.state.updating = Activity()
        if outcome.error is not None:
            self.state.answer = None
            self.state.updating = Activity(text=error_text(outcome.error), is_error=True)
        elif outcome.value is not None and request.question.is_same(self.question()):
            self._take(request, outcome.value)
        else:
            self._ask()

    def compare(self) -> None:
        """Run the full protocol: intervals, the null by shifts, all baselines."""
        question = self.question()
        if question is None or not compare_offer(self.session, self.state).is_enabled:
            return
        request = self._request(question, is_full=True)
        if request is None:
            return
        self.state.comparing = Activity(phase=Phase.WORKING, text="Comparing …")
        job = self._jobs.start(
            partial(run_comparison, request),
            on_progress=self._progressed,
            on_end=partial(self._compared, request),
        )
        self._full = (job, request)

    def cancel(self) -> None:
        """Stop the full comparison; the numbers without intervals stay."""
        if self._full is not None and self.state.comparing.phase is Phase.WORKING:
            self._full[0].cancel()
            self.state.comparing = Activity(phase=Phase.STOPPING, text="Stopping …")

    def _progressed(self, progress: Progress) -> None:
        if self._full is not None and self.state.comparing.phase is Phase.WORKING:
            text = f"Comparing {progress.fraction:.0%}: maps and baselines, each on 1,000 draws"
            self.state.comparing = Activity(phase=Phase.WORKING, text=text, fraction=progress.fraction)

    def _compared(self, request: Request, outcome: JobOutcome[Comparison]) -> None:
        if self._full is None or self._full[1] is not request:
            return
        self._full = None
        if outcome.state is JobState.CANCELLED:
            self.state.comparing = Activity(text="Stopped.")
        elif outcome.error is not None:
            self.state.comparing = Activity(text=error_text(outcome.error), is_error=True)
            self._canvas.report(outcome.error)
        elif outcome.value is not None and request.question.is_same(self.question()):
            self.state.comparing = Activity(text=f"Done in {duration(outcome.seconds)}.")
            self._take(request, outcome.value)

    def _take(self, request: Request, comparison: Comparison) -> None:
        answer = Answer(
            question=request.question,
            comparison=comparison,
            scores=request.scores,
            is_full=request.is_full,
        )
        if request.is_full:
            self._kept = answer
        self.state.saving = Activity()
        if self._serves(answer, request.question):
            self.state.answer = answer
        else:
            self._ask()  # another map is in question by now

    def _request(self, question: Question, *, is_full: bool) -> Request | None:
        entry, name = self.session.current, self.state.map
        if entry is None or name is None:
            return None
        maps = () if is_full and self.state.is_every_map else (name,)
        scores = self._scores(question.result)
        return Request(question=question, scores=scores, slide=entry.slide, maps=maps, is_full=is_full)

    def _scores(self, result: Result) -> SlideScores:
        tools = self.session.tool_maps
        return result.scores.with_maps(tools) if tools else result.scores

    def _stop_all(self) -> None:
        for running in (self._quick, self._full):
            if running is not None:
                running[0].cancel()
        self._quick = self._full = None
        self.state.updating = Activity()
        if self.state.comparing.phase is not Phase.IDLE:
            self.state.comparing = Activity()
