"""Whether the current result can be trusted: state that announces its changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.plugin.session import Activity
from napari_histcode.trust.trust import Trust


@dataclass(kw_only=True, eq=False)
class TrustState:
    """The judgement, and what the user has said."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    trust: Trust | None = None
    """The judgement; None while that is not known."""
    organs: tuple[str, ...] = ()
    """Organs that the model's heads learned from."""
    organ: str | None = None
    """What the user says the slide is of."""
    judging: Activity = field(default_factory=Activity)
    """The judging, or why there is no judgement."""
