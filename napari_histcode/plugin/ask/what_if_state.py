"""What is left out, and what the model says of the rest: state that announces its changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.plugin.ask.tasks import Artefacts
from napari_histcode.plugin.session import Activity
from napari_histcode.scores.what_if import WhatIf


@dataclass(frozen=True, kw_only=True)
class Choosable:
    """Something that can be left out, as one line with a tick."""

    key: str
    """"regions:Tumor", "selected", "artefact:1", "clicked"."""
    label: str
    """What it is."""
    amount: str
    """How much of it there is."""
    is_on: bool
    """Whether it is ticked."""


@dataclass(kw_only=True, eq=False)
class WhatIfState:
    """The tool's choices and its answer."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    ticked: frozenset[str] = frozenset()
    """Keys of what is left out."""
    choosable: tuple[Choosable, ...] = ()
    """What can be left out now."""
    is_only_inside: bool = False
    """Whether only tissue inside the ticked regions is kept."""
    clicked: frozenset[int] = frozenset()
    """Tiles that were clicked."""
    is_picking: bool = False
    """Whether clicks on the slide choose tiles."""
    artefacts: Artefacts | None = None
    """Artefacts of the slide; None before they were looked for."""
    shows_artefacts: bool = True
    """Whether they are painted."""
    finding: Activity = field(default_factory=Activity)
    """Looking for them."""
    map: str | None = None
    """The map that is drawn without what is left out."""
    answer: WhatIf | None = None
    """What the model says of the rest; None while nothing is left out."""
    is_before: bool = False
    """Whether the map of all tiles is shown for comparison."""
    updating: Activity = field(default_factory=Activity)
    """How the last answer failed; empty if it did not."""
