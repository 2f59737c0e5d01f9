"""From the window to a session: what is open, shown and chosen now, and the files that go with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np

from napari_histcode.models.library import BUNDLED
from napari_histcode.plugin.feature_cache import cache_folder, feature_file
from napari_histcode.plugin.jobs import uninterrupted
from napari_histcode.plugin.layers import um_per_px0
from napari_histcode.plugin.saving import sidecars
from napari_histcode.plugin.saving.desk import Desk
from napari_histcode.plugin.saving.state import Missing
from napari_histcode.plugin.session import Result, SlideEntry
from napari_histcode.progress import CancelToken, ProgressCallback
from napari_histcode.saved.places import place_of, session_folder
from napari_histcode.saved.seen import pack_seen
from napari_histcode.saved.session import (
    Place,
    SavedCamera,
    SavedCompare,
    SavedImport,
    SavedLook,
    SavedMaps,
    SavedModel,
    SavedPen,
    SavedRegions,
    SavedResult,
    SavedSession,
    SavedSlide,
)

Write = Callable[[ProgressCallback, CancelToken], object]


@dataclass(frozen=True, kw_only=True, eq=False)
class Collected:
    """A session, and what has to be written before it."""

    session: SavedSession
    """The session."""
    path: Path
    """Where it goes."""
    writes: tuple[Write, ...]
    """Writers of the files beside it."""
    folders: tuple[tuple[Result, Path], ...]
    """Results and the folders that they will be in."""


def collect(
    desk: Desk,
    path: Path,
    *,
    saved: str,
    written: Mapping[Result, Path],
    missing: tuple[Missing, ...] = (),
) -> Collected:
    """Gather the window's session.

    Parameters
    ----------
    desk : Desk
        The window.
    path : Path
        Where the session goes: all places are seen from there.
    saved : str
        The time.
    written : mapping of Result to Path
        Results that are in a folder already, through an earlier session.
    missing : tuple of Missing
        Slides that are still asked for, which stay in the session.
    """
    packing = _Packing(desk=desk, path=path, written=written)
    session = desk.session
    slides = [packing.slide(entry) for entry in session.slides]
    slides += [packing.moved(one) for one in missing]
    current = session.slides.index(session.current) if session.current in session.slides else None
    document = SavedSession(
        saved=saved,
        slides=tuple(slides),
        current=current,
        page=desk.page(),
        model=_model(session.model, path),
        where=session.where,
        look=SavedLook(
            opacity=session.opacity,
            normalisation=session.normalisation,
            sequential=session.sequential,
            diverging=session.diverging,
            hides_outside=session.hides_outside,
            is_smooth=session.is_smooth,
        ),
        n_quarters=desk.view.state.n_quarters,
        shows_seen=desk.view.state.shows_seen,
        pen=_pen(desk),
        is_blind_first=desk.blind.state.is_on,
    )
    return Collected(
        session=document, path=path, writes=tuple(packing.writes), folders=tuple(packing.folders)
    )


def _pen(desk: Desk) -> SavedPen:
    state = desk.annotate.state
    return SavedPen(
        classes=state.classes,
        class_name=state.class_name,
        radius_um=state.radius_um,
        fill=state.fill,
        is_visible=state.is_visible,
    )


def _model(name: str, path: Path) -> SavedModel:
    """Tell a model of the library, which has the same name elsewhere, from one in some folder."""
    if name != BUNDLED and Path(name).is_dir():
        return SavedModel(folder=place_of(Path(name), path))
    return SavedModel(name=name)


@dataclass(kw_only=True, eq=False)
class _Packing:
    """Turns slides into what a session says of them, and notes what has to be written."""

    desk: Desk
    path: Path
    written: Mapping[Result, Path]
    writes: list[Write] = field(default_factory=list)
    folders: list[tuple[Result, Path]] = field(default_factory=list)

    def slide(self, entry: SlideEntry) -> SavedSlide:
        seen = self.desk.view.seen_of(entry.key)
        result = self.desk.controller.results.of(entry.key)
        return SavedSlide(
            path=place_of(entry.slide.path, self.path),
            digest=entry.record.digest,
            mpp=entry.record.mpp,
            camera=self._camera(entry),
            result=None if result is None else self._result(entry, result),
            maps=None if result is None else self._maps(entry, result),
            regions=self._regions(entry),
            seen=None if seen is None or not seen.any() else pack_seen(seen),
            compare=self._compare(entry),
            reading=self.desk.blind.reading_of(entry.key),
        )

    def _camera(self, entry: SlideEntry) -> SavedCamera | None:
        place = self.desk.view.place_of(entry.key)
        if place is None:
            return None
        centre, world = place
        return SavedCamera(
            centre_px0=centre, px0_per_screen_px=world / float(np.mean(um_per_px0(entry.record)))
        )

    def _result(self, entry: SlideEntry, result: Result) -> SavedResult:
        scores = result.scores
        features = feature_file(scores.grid.slide, scores.encoder)
        return SavedResult(
            folder=self._result_folder(entry, result),
            model_name=scores.model_name,
            model_version=scores.model_version,
            model_digest=scores.model_digest,
            features=features.relative_to(cache_folder()).as_posix() if features.exists() else None,
        )

    def _result_folder(self, entry: SlideEntry, result: Result) -> Place | None:
        """Say where a result is; have it written or copied where it is nowhere, or another session's."""
        folder = self.written.get(result, result.folder)
        if folder is not None and folder.is_dir():
            if folder.parent == session_folder(self.path) or not sidecars.is_beside_a_session(folder):
                return place_of(folder, self.path)
        elif entry.key in self.desk.session.veiled:
            return None  # a page of the result on the disk would tell what is hidden
        target = sidecars.new_path(self.path, entry.record.alias, "result")
        if folder is not None and folder.is_dir():
            self._copy(folder, target)
        else:
            reading = self.desk.blind.reading_of(entry.key)
            self.writes.append(partial(sidecars.write_result, result, target, entry.slide, reading))
        self.folders.append((result, target))
        return place_of(target, self.path)

    def _maps(self, entry: SlideEntry, result: Result) -> SavedMaps | None:
        scene = self.desk.controller.maps.scene_of(result)
        if scene is None:
            return None
        made: Place | None = None
        if scene.tool_maps:
            target = sidecars.new_path(self.path, entry.record.alias, "maps")
            self.writes.append(uninterrupted(sidecars.write_maps, scene.tool_maps, target))
            made = place_of(target, self.path)
        return SavedMaps(
            visible=tuple(sorted(scene.visible)),
            selected=scene.selected,
            kind=scene.kind,
            windows=dict(scene.windows),
            made=made,
        )

    def _regions(self, entry: SlideEntry) -> SavedRegions | None:
        annotate = self.desk.annotate
        regions = annotate.store.regions_of(entry.key)
        if not regions:
            return None
        target = sidecars.new_path(self.path, entry.record.alias, "regions")
        work = uninterrupted(sidecars.write_regions, regions, target, entry.slide, annotate.state.classes)
        self.writes.append(work)
        said = annotate.files.imported_of(entry.key)
        imported = (
            None
            if said is None
            else SavedImport(title=said.title, frame=said.frame, origin=said.origin, n_lost=said.n_lost)
        )
        return SavedRegions(file=place_of(target, self.path), imported=imported)

    def _compare(self, entry: SlideEntry) -> SavedCompare:
        chosen = self.desk.choices.of(entry.key)
        readers = []
        for reader in chosen.readers:
            target = sidecars.new_path(self.path, entry.record.alias, "reader")
            classes = self.desk.annotate.state.classes
            self.writes.append(
                uninterrupted(sidecars.write_regions, reader.annotations, target, entry.slide, classes)
            )
            readers.append(place_of(target, self.path))
        rule, share = chosen.rule or (None, None)
        return SavedCompare(
            map=chosen.map,
            positive=chosen.positive,
            class_of_output=chosen.class_of_output,
            is_exhaustive=chosen.is_exhaustive,
            is_every_map=chosen.is_every_map,
            threshold=chosen.threshold,
            rule=rule,
            share=share,
            readers=tuple(readers),
        )

    def moved(self, one: Missing) -> SavedSlide:
        """Keep what a session knows of a slide that is not here."""
        copies: list[tuple[Path, Path]] = []
        slide, old = one.slide, one.origin

        def move(place: Place) -> Place:
            return sidecars.moved_place(place, old, self.path, copies)

        result, maps, regions, compare = slide.result, slide.maps, slide.regions, slide.compare
        kept = replace(
            slide,
            path=move(slide.path),
            result=replace(result, folder=move(result.folder)) if result and result.folder else result,
            maps=replace(maps, made=move(maps.made)) if maps and maps.made else maps,
            regions=replace(regions, file=move(regions.file)) if regions else None,
            compare=replace(compare, readers=tuple(map(move, compare.readers))) if compare else None,
        )
        for source, target in sidecars.existing(copies):
            self._copy(source, target)
        return kept

    def _copy(self, source: Path, target: Path) -> None:
        self.writes.append(uninterrupted(sidecars.copy, source, target))
