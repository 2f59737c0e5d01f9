"""All that reading a file gave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from napari_histcode.annotations.annotation import Annotation
from napari_histcode.annotations.formats import SourceFormat
from napari_histcode.annotations.frame import Frame
from napari_histcode.annotations.report import Report


@dataclass(frozen=True, kw_only=True)
class AnnotationSet:
    """Annotations of one file, with what was assumed and what was lost."""

    annotations: tuple[Annotation, ...]
    """Objects in the order of the file, in level-0 pixels."""
    source_format: SourceFormat
    """What the file was."""
    frame: Frame
    """How its coordinates became level-0 pixels."""
    report: Report
    """What could not be read, what was mended, and what else the user should know."""

    def __len__(self) -> int:
        return len(self.annotations)

    def __iter__(self) -> Iterator[Annotation]:
        return iter(self.annotations)

    def counts(self) -> dict[str | None, int]:
        """Count the objects of each class, the most frequent first; None for unclassified ones."""
        return dict(Counter(annotation.class_name for annotation in self.annotations).most_common())

    @property
    def areas(self) -> tuple[Annotation, ...]:
        """Those that have an area."""
        return tuple(annotation for annotation in self.annotations if annotation.has_area)
