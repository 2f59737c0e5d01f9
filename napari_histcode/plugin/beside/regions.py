"""The regions of the slide that is shown beside: the very picture of the current slide, or one of its own."""

from __future__ import annotations

from psygnal import Signal

from napari_histcode.plugin.annotate.controller import AnnotateController
from napari_histcode.plugin.annotate.history import Regions
from napari_histcode.plugin.annotate.paint import Pen
from napari_histcode.plugin.annotate.picture import RegionPicture
from napari_histcode.plugin.annotate.scene import Scene
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.session import SlideEntry


class RegionsBeside:
    """Finds the picture of a slide's regions.

    Parameters
    ----------
    annotate : AnnotateController
        Has the regions of all open slides, and the picture of the current one's.
    jobs : JobRunner
        Sorts the regions of other slides: there may be 100,000.
    """

    changed = Signal()
    """What `of` returned is out of date."""

    def __init__(self, annotate: AnnotateController, jobs: JobRunner) -> None:
        self._annotate, self._jobs = annotate, jobs
        self._made: tuple[str, Regions, RegionPicture] | None = None
        self._wanted: tuple[str, Regions] | None = None
        annotate.view.painted.connect(self.changed.emit)

    @property
    def is_visible(self) -> bool:
        """Whether regions are to be seen at all."""
        return self._annotate.state.is_visible

    def of(self, entry: SlideEntry) -> RegionPicture | None:
        """Return the picture of a slide's regions; None where it has none, or where it is still to come.

        That of the current slide is shared with the viewer's own canvas: what is painted for the one need
        not be painted for the other.
        """
        store = self._annotate.store
        if store.entry is not None and store.entry.key == entry.key:
            self.forget()
            return self._annotate.view.picture
        regions = store.regions_of(entry.key)
        if not regions:
            return None
        if self._made is not None and self._made[0] == entry.key and self._made[1] is regions:
            return self._made[2]
        self._make(entry, regions)
        return None

    def forget(self) -> None:
        """Let go of the picture of another slide."""
        self._made = self._wanted = None

    def _make(self, entry: SlideEntry, regions: Regions) -> None:
        if self._wanted is not None and self._wanted[0] == entry.key and self._wanted[1] is regions:
            return
        wanted = self._wanted = (entry.key, regions)
        colour_of = self._annotate.view.colour_of

        def made(outcome: JobOutcome[RegionPicture]) -> None:
            if outcome.value is not None and self._wanted is wanted:
                self._made = (*wanted, outcome.value)
                self._wanted = None
                self.changed.emit()

        def make() -> RegionPicture:
            return RegionPicture(entry.record.dimensions, Scene(regions, colour_of), Pen(fill=0.0))

        self._jobs.start(uninterrupted(make), on_end=made)
