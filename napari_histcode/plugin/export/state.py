"""What the user wants to take home."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from psygnal import SignalGroupDescriptor

from napari_histcode.plugin.blind.words import HIDDEN
from napari_histcode.plugin.export.kinds import EVERYTHING
from napari_histcode.plugin.session import Activity, Offer, Phase, Session

WhichMaps = Literal["visible", "all"]
Part = Literal["slide", "view"]


@dataclass(kw_only=True, eq=False)
class ExportState:
    """Choices of the export page, and what became of the last export."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    kind: str = EVERYTHING
    """Name of a `Kind`."""
    which_maps: WhichMaps = "visible"
    """Maps that are on, or all."""
    part: Part = "slide"
    """The whole slide, or what is in view."""
    has_slide_beside: bool = False
    """Whether a figure shows the plain slide beside the maps."""
    has_reference_beside: bool = False
    """Whether a figure shows the regions beside the maps."""
    exporting: Activity = field(default_factory=Activity)
    """The export going on, or how the last one ended."""


def export_offer(session: Session, state: ExportState) -> Offer:
    """Decide whether the chosen kind can be exported now."""
    if session.is_veiled:
        return Offer(is_enabled=False, reason=HIDDEN)
    if session.result is None:
        return Offer(is_enabled=False, reason="Analyse the slide first: there is nothing to take home yet.")
    if state.exporting.phase is not Phase.IDLE:
        return Offer(is_enabled=False, reason="Results are being written.")
    if state.kind == EVERYTHING:
        if session.result.analysis is None:
            return Offer(
                is_enabled=False,
                reason="This result was read from a folder and is there already. Choose one of the formats.",
            )
    elif state.which_maps == "visible" and not session.visible_maps:
        return Offer(is_enabled=False, reason="No map is on. Switch one on, or take all maps.")
    return Offer(is_enabled=True)
