"""Whether slides are read blind, and how far each reading has come: state that announces its changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.saved.reading import Reading


@dataclass(kw_only=True, eq=False)
class BlindState:
    """Blind-first reading."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    is_on: bool = False
    """Whether slides that are opened begin hidden."""
    readings: Mapping[str, Reading] = field(default_factory=dict)
    """Key of a slide that is or was read blind to the course of its reading."""
    outputs: tuple[str, ...] = ()
    """Classes that the chosen model tells apart, as they are shown."""
