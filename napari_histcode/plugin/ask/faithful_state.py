"""How faithful the maps of the chosen output are: state that announces its changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.plugin.session import Activity
from napari_histcode.scores.faithfulness import MapFaithfulness, OutputFaithfulness

Output = tuple[str, str]
"""Names of a head and of one of its outputs."""


@dataclass(kw_only=True, eq=False)
class FaithfulState:
    """What is asked of the maps, and what is known."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    output: Output | None = None
    """The output whose maps are measured."""
    measured: OutputFaithfulness | None = None
    """Its maps, measured; None while that is not known."""
    measuring: Activity = field(default_factory=Activity)
    """The measuring, or how it failed."""
    integrating: Activity = field(default_factory=Activity)
    """Integrated gradients."""
    map: str | None = None
    """The map whose curves are drawn."""
    is_insertion: bool = False
    """Whether tiles are added instead of deleted."""

    @property
    def shown(self) -> MapFaithfulness | None:
        """The map whose curves are drawn."""
        if self.measured is None:
            return None
        return next((one for one in self.measured.maps if one.name == self.map), None)
