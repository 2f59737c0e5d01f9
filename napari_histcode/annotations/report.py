"""What reading or writing a file could not do, or did otherwise than the file says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["not read", "repaired", "note", "not written"]
"""How bad it is: lost in reading, mended, to be known, or lost in writing."""

PLACES_KEPT = 10_000
"""Places listed of one finding; the rest are counted."""

REASONS_KEPT = 500
"""Different reasons listed; a file can be as wrong as it likes without filling the memory."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One reason, and all the places where it applies."""

    kind: Kind
    """What happened."""
    reason: str
    """Why, in words for a person."""
    count: int
    """How often."""
    places: tuple[str, ...] = ()
    """Where: "feature 12", counted from 1; the first 10,000. Empty if it concerns the whole file."""

    def describe(self, *, max_places: int = 5) -> str:
        """Return one line: what happened, how often, why, and the first places."""
        line = f"{self.kind}: {self.reason}"
        if not self.places:
            return line
        shown = "; ".join(self.places[:max_places])
        n_more = self.count - min(len(self.places), max_places)
        more = f" and {n_more:,} more" if n_more else ""
        return f"{self.count:,} {line} ({shown}{more})"


@dataclass(frozen=True, kw_only=True)
class Report:
    """All findings of one file; nothing is dropped without an entry here."""

    findings: tuple[Finding, ...] = ()
    """In order of first occurrence."""

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def of(self, kind: Kind) -> tuple[Finding, ...]:
        """Return the findings of one kind."""
        return tuple(finding for finding in self.findings if finding.kind == kind)

    def count(self, kind: Kind) -> int:
        """Count the places of all findings of one kind."""
        return sum(finding.count for finding in self.of(kind))

    @property
    def n_unread(self) -> int:
        """Objects of the file that could not be read."""
        return self.count("not read")

    @property
    def n_repaired(self) -> int:
        """Objects that were mended."""
        return self.count("repaired")


@dataclass(kw_only=True)
class _Entry:
    count: int = 0
    places: list[str] = field(default_factory=list)


class ReportBuilder:
    """Collects findings while a file is read or written."""

    def __init__(self) -> None:
        self._entries: dict[tuple[Kind, str], _Entry] = {}

    def add(self, kind: Kind, reason: str, place: str = "") -> None:
        """Add one finding; equal reasons are gathered."""
        if len(self._entries) >= REASONS_KEPT and (kind, reason) not in self._entries:
            reason = "further reasons"
        entry = self._entries.setdefault((kind, reason), _Entry())
        entry.count += 1
        if place and len(entry.places) < PLACES_KEPT:
            entry.places.append(place)

    def unread(self, reason: str, place: str) -> None:
        """Add an object that is lost."""
        self.add("not read", reason, place)

    def repaired(self, reason: str, place: str) -> None:
        """Add an object that was mended."""
        self.add("repaired", reason, place)

    def note(self, reason: str, place: str = "") -> None:
        """Add what the user should know."""
        self.add("note", reason, place)

    def unwritten(self, reason: str, place: str = "") -> None:
        """Add what the written file cannot hold."""
        self.add("not written", reason, place)

    def build(self) -> Report:
        """Return what was collected."""
        return Report(
            findings=tuple(
                Finding(kind=kind, reason=reason, count=entry.count, places=tuple(entry.places))
                for (kind, reason), entry in self._entries.items()
            )
        )
