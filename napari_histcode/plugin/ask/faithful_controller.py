"""How faithful are the maps? Measured for the output that is looked at, as soon as a result is there."""

from __future__ import annotations

from functools import partial

from napari_histcode.plugin.ask import tasks
from napari_histcode.plugin.ask.explained import Explained, ExplainerState
from napari_histcode.plugin.ask.faithful_state import FaithfulState, Output
from napari_histcode.plugin.ask.faithful_words import completeness
from napari_histcode.plugin.canvas import Canvas
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, JobState, RunningJob
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.map_list import OUTPUT_KINDS, first_choice
from napari_histcode.plugin.session import Activity, Phase, Session
from napari_histcode.plugin.wording import error_text
from napari_histcode.progress import Progress
from napari_histcode.scores.faithfulness import OutputFaithfulness
from napari_histcode.scores.faithfulness_ranking import most_faithful
from napari_histcode.scores.integrated_gradients import IntegratedGradients
from napari_histcode.scores.scores import TileMap


class FaithfulController:
    """Measures maps and shows the most faithful one.

    Parameters
    ----------
    session : Session
        What is open and selected.
    explainer : ExplainerState
        The current result, taken apart.
    canvas : Canvas
        Hears of errors.
    jobs : JobRunner
        Where work is done.
    maps : MapController
        The maps.
    """

    def __init__(
        self,
        session: Session,
        explainer: ExplainerState,
        canvas: Canvas,
        jobs: JobRunner,
        maps: MapController,
    ) -> None:
        self.session = session
        self.explainer = explainer
        self.state = FaithfulState()
        self._canvas = canvas
        self._jobs = jobs
        self._maps = maps
        self._known: dict[Output, OutputFaithfulness] = {}
        self._gradients: dict[Output, TileMap] = {}
        self._measuring: RunningJob | None = None
        self._integrating: RunningJob | None = None
        self._is_first = True
        explainer.events.explained.connect(self._explained_changed)
        session.events.selected_map.connect(self._follow)

    # What is asked

    def choose_output(self, output: Output) -> None:
        """Measure the maps of this output."""
        if output == self.state.output:
            return
        self.state.output = output
        self._measure()

    def choose_map(self, name: str) -> None:
        """Draw the curves of this map."""
        self.state.map = name

    def set_insertion(self, *, is_insertion: bool) -> None:
        """Draw tiles being added, or deleted."""
        self.state.is_insertion = is_insertion

    def show_best(self) -> None:
        """Show the most faithful map on the slide; among tied ones the one to look at."""
        if self.state.measured is not None:
            self._show(most_faithful(self.state.measured).recommended)

    def _show(self, name: str) -> None:
        kind = self._maps.map(name).kind
        if kind in OUTPUT_KINDS:
            self._maps.set_kind(kind)
        self._maps.show_alone(name)

    # Measuring

    def _explained_changed(self) -> None:
        """Begin anew with another result: with the output of the map that is shown."""
        for job in (self._measuring, self._integrating):
            if job is not None:
                job.cancel()
        self._measuring = self._integrating = None
        self._known, self._gradients, self._is_first = {}, {}, True
        state = self.state
        state.measuring = state.integrating = Activity()
        state.output = state.measured = state.map = None
        self._follow()

    def _follow(self) -> None:
        """Speak of the output of the map that is selected."""
        explained = self.explainer.explained
        output = self._selected_output(explained) if explained is not None else None
        if output is not None:
            self.choose_output(output)

    def _selected_output(self, explained: Explained) -> Output | None:
        session, heads = self.session, {head.name: head for head in explained.explanation.heads}
        selected = self._maps.map(session.selected_map) if session.selected_map is not None else None
        if selected is not None and selected.head in heads:
            names = [output.name for output in heads[selected.head].record.outputs]
            if selected.output in names:
                return selected.head, selected.output
            if self.state.output is None or self.state.output[0] != selected.head:
                return _top_output(explained, selected.head)
        if self.state.output is None and heads:
            return _top_output(explained, next(iter(heads)))
        return None  # a tool's map says nothing of an output: stay with the one there is

    def _measure(self, *, before: OutputFaithfulness | None = None) -> None:
        """Measure, unless that is known; meanwhile show what was known before."""
        explained, output = self.explainer.explained, self.state.output
        if self._measuring is not None:
            self._measuring.cancel()
            self._measuring = None
        if explained is None or output is None:
            return
        known = self._known.get(output)
        self.state.measured = known or before
        if known is not None:
            self.state.measuring = Activity()
            self._keep_map(known)
            return
        self.state.measuring = Activity(phase=Phase.WORKING, text="Deleting tiles in each map's order …")
        further = tuple(one for key, one in self._gradients.items() if key == output)
        work = partial(tasks.measure, explained, output, further)
        self._measuring = self._jobs.start(work, on_end=partial(self._measured, explained, output))

    def _measured(
        self, explained: Explained, output: Output, outcome: JobOutcome[OutputFaithfulness]
    ) -> None:
        if explained is not self.explainer.explained or outcome.state is JobState.CANCELLED:
            return  # another result has come, or another output is asked for
        if outcome.value is not None:
            self._known[output] = outcome.value
        if output != self.state.output:
            return
        self._measuring = None
        self.state.measuring = Activity()
        if outcome.error is not None:
            self.state.measuring = Activity(text=error_text(outcome.error), is_error=True)
        elif outcome.value is not None:
            self.state.measured = outcome.value
            self._keep_map(outcome.value)
            self._show_first(explained, outcome.value)

    def _keep_map(self, measured: OutputFaithfulness) -> None:
        """Draw the curves of the same kind of map as before, or else of the most faithful one."""
        names = {one.name for one in measured.maps}
        if self.state.map not in names:
            self.state.map = most_faithful(measured).recommended

    def _show_first(self, explained: Explained, measured: OutputFaithfulness) -> None:
        """Show the most faithful map of the top output first, unless the user has chosen a map meanwhile."""
        if not self._is_first:
            return
        self._is_first = False
        session, first = self.session, first_choice(explained.result.scores)[:1]
        is_untouched = session.visible_maps == set(first) and (session.selected_map,) == first
        is_untouched &= not session.is_arranged
        ranking = most_faithful(measured)
        if is_untouched and ranking.is_above_chance and (ranking.recommended,) != first:
            self._show(ranking.recommended)

    # Integrated gradients

    @property
    def has_gradients(self) -> bool:
        """Whether the output in question has integrated gradients."""
        return self.state.output in self._gradients

    def integrate(self) -> None:
        """Compute integrated gradients of the output in question, in the background."""
        explained, output = self.explainer.explained, self.state.output
        if explained is None or output is None or self.state.integrating.phase is not Phase.IDLE:
            return
        self.state.integrating = Activity(phase=Phase.WORKING, text="Integrating gradients …")
        self._integrating = self._jobs.start(
            partial(tasks.integrate, explained, output),
            on_progress=self._progressed,
            on_end=partial(self._integrated, explained, output),
        )

    def cancel(self) -> None:
        """Stop integrating."""
        if self._integrating is not None and self.state.integrating.phase is Phase.WORKING:
            self._integrating.cancel()
            self.state.integrating = Activity(phase=Phase.STOPPING, text="Stopping …")

    def _progressed(self, progress: Progress) -> None:
        if self._integrating is not None and self.state.integrating.phase is Phase.WORKING:
            text = f"Integrating gradients {progress.fraction:.0%}"
            self.state.integrating = Activity(phase=Phase.WORKING, text=text, fraction=progress.fraction)

    def _integrated(
        self, explained: Explained, output: Output, outcome: JobOutcome[IntegratedGradients]
    ) -> None:
        if explained is not self.explainer.explained:
            return
        self._integrating = None
        if outcome.state is JobState.CANCELLED:
            self.state.integrating = Activity(text="Stopped.")
        elif outcome.error is not None:
            self.state.integrating = Activity(text=error_text(outcome.error), is_error=True)
            self._canvas.report(outcome.error)
        elif outcome.value is not None:
            found = outcome.value
            self._gradients[output] = found.maps[0]
            self._known.pop(output, None)
            self.state.integrating = Activity(text=completeness(found, outcome.seconds))
            self._maps.put(found.maps[0])
            if self.state.output == output:
                self._measure(before=self.state.measured)
                self.state.map = found.maps[0].name


def _top_output(explained: Explained, head: str) -> Output | None:
    """Return the output of a head of which the model says most."""
    of_head = [p for p in explained.result.scores.predictions if p.head == head]
    return (head, max(of_head, key=lambda p: p.value).output) if of_head else None
