"""Clusters of the tiles, painted on the slide."""

from __future__ import annotations

from functools import partial

import numpy as np

from napari_histcode.exploration.clusters import FEWEST_CLUSTERS, MOST_CLUSTERS, Clusters
from napari_histcode.exploration.components import Components
from napari_histcode.plugin.ask import explore_tasks
from napari_histcode.plugin.ask.explore_colours import CLUSTER_COLOURS
from napari_histcode.plugin.ask.explore_state import ExploreState
from napari_histcode.plugin.ask.explore_words import cluster_text
from napari_histcode.plugin.ask.hidden_maps import HiddenMaps
from napari_histcode.plugin.ask.latest import LatestJob
from napari_histcode.plugin.canvas import Canvas, ShownClasses
from napari_histcode.plugin.jobs import JobOutcome, JobRunner
from napari_histcode.plugin.session import Activity, Phase, Session
from napari_histcode.plugin.wording import error_text

CLUSTERS_NAME = "explore.clusters"


class ClusterController:
    """Finds as many clusters as are asked for, and paints them while they are wanted.

    Parameters
    ----------
    session : Session
        What is open.
    state : ExploreState
        What is wanted, and the clusters.
    canvas : Canvas
        Where they are painted.
    jobs : JobRunner
        Where work is done.
    """

    def __init__(self, session: Session, state: ExploreState, canvas: Canvas, jobs: JobRunner) -> None:
        self._session = session
        self._state = state
        self._canvas = canvas
        self._latest = LatestJob(jobs)
        self._maps = HiddenMaps(session, canvas)
        self._components: Components | None = None
        self._of: int | None = None
        self._is_active = False

    def set_active(self, *, is_active: bool) -> None:
        """Paint clusters, or hide them."""
        self._is_active = is_active
        self._paint()

    def show(self, *, is_shown: bool) -> None:
        """Want clusters, or not."""
        self._state.shows_clusters = is_shown
        if not is_shown:
            self._latest.forget()
            self._state.clustering = Activity()
        self._find()
        self._paint()

    def set_number(self, n_clusters: int) -> None:
        """Find so many."""
        self._state.n_clusters = max(FEWEST_CLUSTERS, min(MOST_CLUSTERS, n_clusters))
        self._find()

    def take_components(self, components: Components) -> None:
        """Find clusters on these, if they are wanted."""
        self._components = components
        self._find()

    def forget(self) -> None:
        """Forget the clusters of another result."""
        self._latest.forget()
        self._maps.forget()
        self._components = self._of = None
        self._state.clusters = None
        self._state.clustering = Activity()

    def _find(self) -> None:
        state, result = self._state, self._session.result
        if not state.shows_clusters or self._components is None or result is None or result.bag is None:
            return
        if self._of == state.n_clusters and not self._latest.is_busy:
            return
        state.clustering = Activity(phase=Phase.WORKING, text="Finding clusters …")
        work = partial(explore_tasks.cluster, result.bag, state.n_clusters, self._components)
        self._latest.ask(work, answer=partial(self._found, state.n_clusters))

    def _found(self, n_clusters: int, outcome: JobOutcome[Clusters]) -> None:
        state = self._state
        state.clustering = Activity()
        if outcome.error is not None:
            state.clustering = Activity(text=error_text(outcome.error), is_error=True)
        elif outcome.value is not None:
            self._of = n_clusters
            state.clusters = outcome.value
            self._paint()

    def _paint(self) -> None:
        session, clusters = self._session, self._state.clusters
        if session.result is None or session.current is None:
            return
        if clusters is None or not (self._is_active and self._state.shows_clusters):
            self._canvas.set_classes_visible(CLUSTERS_NAME, is_visible=False)
            self._maps.restore()
            return
        self._maps.hide()
        numbers = [cluster.number for cluster in clusters.clusters]
        self._canvas.put_classes(
            ShownClasses(
                name=CLUSTERS_NAME,
                label="clusters",
                grid=session.result.scores.grid,
                classes=clusters.labels.astype(np.int16),
                colours={number: CLUSTER_COLOURS[number - 1] for number in numbers},
                labels={one.number: f"cluster {cluster_text(one)}" for one in clusters.clusters},
                record=session.current.record,
            )
        )
