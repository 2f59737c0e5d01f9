"""Make annotations of drafts, thousands at once, and mend or report what is wrong with them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from napari_histcode.annotations.annotation import Annotation
from napari_histcode.annotations.draft import Draft
from napari_histcode.annotations.geometry import GeometryError, build_geometry, build_polygons, mend
from napari_histcode.annotations.report import ReportBuilder
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress

DRAFTS_AT_ONCE = 4096
"""Bounds the memory of what is not yet a geometry."""

MENDED = "its outline crosses or touches itself; all that it goes round was kept, without specks"


def assemble(
    drafts: Iterable[Draft],
    report: ReportBuilder,
    *,
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> list[Annotation]:
    """Build annotations, in the frame of the file.

    Parameters
    ----------
    drafts : iterable of Draft
        Objects of a file; consumed piece by piece.
    report : ReportBuilder
        Takes what could not be read and what was mended.
    progress, cancel : optional
        Called, and looked at, every 4096 objects.

    Returns
    -------
    list of Annotation
        Valid geometries in the order of the file.

    Raises
    ------
    AnalysisCancelledError
        If it was cancelled.
    """
    start = time.monotonic()
    annotations: list[Annotation] = []
    ids: set[str] = set()
    n_done = 0
    for batch in _batches(drafts):
        if cancel is not None:
            cancel.raise_if_cancelled()
        for draft, geometry, nucleus in zip(
            batch, _areas(batch, report), _nuclei(batch, report), strict=True
        ):
            if geometry is not None:
                _make_ids_differ(draft, ids, report)
                annotations.append(Annotation(geometry=geometry, nucleus=nucleus, **draft.fields))
        n_done += len(batch)
        elapsed_s = time.monotonic() - start
        progress(
            Progress(stage="reading annotations", done=n_done, total=0, unit="objects", elapsed_s=elapsed_s)
        )
    return annotations


def _batches(drafts: Iterable[Draft]) -> Iterator[list[Draft]]:
    iterator = iter(drafts)
    while batch := list(islice(iterator, DRAFTS_AT_ONCE)):
        yield batch


def _areas(batch: list[Draft], report: ReportBuilder) -> list[BaseGeometry | None]:
    shapes = [(draft.shape, draft.coordinates) for draft in batch]
    geometries, problems, repairs = build_valid(shapes)
    for position, reason in problems.items():
        report.unread(reason, batch[position].place)
    for position, reason in repairs.items():
        batch[position].fields.pop("is_ellipse", None)
        report.repaired(reason, batch[position].place)
    return geometries


def _nuclei(batch: list[Draft], report: ReportBuilder) -> list[BaseGeometry | None]:
    nuclei: list[BaseGeometry | None] = [None] * len(batch)
    having = [position for position, draft in enumerate(batch) if draft.nucleus is not None]
    geometries, problems, repairs = build_valid([batch[position].nucleus for position in having])
    for reasons in (problems, repairs):
        for position, reason in reasons.items():
            report.repaired(f"nucleus: {reason}", batch[having[position]].place)
    for position, geometry in zip(having, geometries, strict=True):
        nuclei[position] = geometry
    return nuclei


def build_valid(shapes: list[Any]) -> tuple[list[BaseGeometry | None], dict[int, str], dict[int, str]]:
    """Build geometries and mend invalid areas.

    Parameters
    ----------
    shapes : list of (str, nested list)
        Shape and coordinates of each.

    Returns
    -------
    geometries : list
        A valid geometry, or None where there is a problem.
    problems, repairs : dict
        Position to reason.
    """
    built = np.full(len(shapes), None, dtype=object)
    problems: dict[int, str] = {}
    simple = [position for position, (shape, _) in enumerate(shapes) if shape == "Polygon"]
    built[simple], wrong = build_polygons([shapes[position][1] for position in simple])
    problems.update({simple[position]: reason for position, reason in wrong.items()})
    for position, (shape, coordinates) in enumerate(shapes):
        if shape != "Polygon":
            try:
                built[position] = build_geometry(shape, coordinates)
            except GeometryError as problem:
                problems[position] = str(problem)
    repairs: dict[int, str] = {}
    is_area = np.isin(shapely.get_type_id(built), (3, 6))  # polygon, multipolygon; -1 for None
    for position in np.flatnonzero(is_area & ~shapely.is_valid(built)).tolist():
        try:
            built[position] = mend(built[position])
            repairs[position] = MENDED
        except GeometryError as problem:
            built[position] = None
            problems[position] = str(problem)
    return built.tolist(), dict(sorted(problems.items())), repairs


def _make_ids_differ(draft: Draft, ids: set[str], report: ReportBuilder) -> None:
    own = draft.fields.get("id")
    if own is None:
        return
    if own in ids:
        draft.fields["id"] = None
        report.repaired("its id is that of an earlier object; it gets a new one when written", draft.place)
    ids.add(own)
