"""Signatures <-> jobs <-> maps: what happens when the user wants one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from napari_histcode.errors import HistCodeError
from napari_histcode.plugin.annotate.state import Notice
from napari_histcode.plugin.jobs import JobOutcome, JobRunner, uninterrupted
from napari_histcode.plugin.map_controller import MapController
from napari_histcode.plugin.session import Result, Session
from napari_histcode.plugin.signatures import tasks
from napari_histcode.plugin.signatures.state import Draft, DraftReading, SignatureRow, SignatureState
from napari_histcode.plugin.wording import error_text
from napari_histcode.resources.gene_sets import GeneSet, signatures
from napari_histcode.scores.gene_names import read_gene_names
from napari_histcode.scores.signature import (
    HEAD,
    GeneSpread,
    OutputKey,
    SignatureScore,
    find_members,
    gene_outputs,
    signature_identifier,
    signature_map_name,
    signature_score,
)
from napari_histcode.scores.signature_file import make_signature, own_signatures_file, read_signatures

MINE = "mine"
"""Source of signatures that were written here."""


class SignatureController:
    """Shows, makes, changes and removes signatures.

    Parameters
    ----------
    session : Session
        The current result, and what is known of its model.
    maps : MapController
        Takes the maps.
    jobs : JobRunner
        Reads, writes and computes.
    """

    def __init__(self, session: Session, maps: MapController, jobs: JobRunner) -> None:
        self.state = SignatureState()
        self.session = session
        self._maps = maps
        self._jobs = jobs
        self._take_back: Callable[[], None] | None = None
        self._is_damaged = False
        session.events.result.connect(self._refresh_rows)
        session.events.evidence.connect(self._evidence_changed)
        self.state.events.own.connect(self._refresh_rows)

    def start(self) -> None:
        """Read what the user kept."""

        def ended(outcome: JobOutcome[tasks.Kept]) -> None:
            if outcome.value is not None:
                self.state.fold_changes = outcome.value.fold_changes
                self.state.own = outcome.value.own
            elif outcome.error is not None:
                self._is_damaged = True  # what is in it must not be written over
                self._say(error_text(outcome.error), is_error=True)

        self._jobs.start(uninterrupted(tasks.read_kept), on_end=ended)

    # Maps

    def show(self, name: str) -> None:
        """Draw the map of a signature, alone."""
        result, row = self.session.result, self._row(name)
        if result is None or row is None:
            return
        map_name = signature_map_name(row.signature)
        if map_name in (*result.scores.map_names, *(made.name for made in self.session.tool_maps)):
            self._maps.show_alone(map_name)
            return
        self._compute(result, row.signature, self._maps.show_alone)

    def _compute(self, result: Result, signature: GeneSet, then: Callable[[str], object] | None) -> None:
        spreads = self._spreads()

        def ended(outcome: JobOutcome[SignatureScore]) -> None:
            if self.session.result is not result:
                return
            if outcome.error is not None:
                self._say(error_text(outcome.error), is_error=True)
            elif outcome.value is not None:
                self._maps.put(outcome.value.tile_map)
                if then is not None:
                    then(outcome.value.tile_map.name)

        work = uninterrupted(lambda: signature_score(signature, result.scores, spreads=spreads))
        self._jobs.start(work, on_end=ended)

    def _spreads(self) -> Mapping[OutputKey, GeneSpread]:
        known = self.session.evidence
        return {key: evidence.spread for key, evidence in known.items() if evidence.spread is not None}

    def _evidence_changed(self) -> None:
        """Compute the maps anew that are there, where the card has means and deviations for them."""
        result = self.session.result
        if result is None or not self._spreads():
            return
        made = {tile_map.name for tile_map in self.session.tool_maps if tile_map.head == HEAD}
        for row in self.state.rows:
            if signature_map_name(row.signature) in made:
                self._compute(result, row.signature, None)

    def _refresh_rows(self) -> None:
        result = self.session.result
        outputs = gene_outputs(result.scores) if result is not None else ()
        if not outputs:
            self.state.rows = ()
            return
        own = self.state.own
        rows = [SignatureRow(signature=s, members=find_members(s, outputs), is_own=True) for s in own]
        published = [
            SignatureRow(signature=one, members=find_members(one, outputs), is_own=False)
            for one in signatures()
        ]
        published.sort(key=lambda row: not row.members.is_enough)
        self.state.rows = (*rows, *published)

    def _row(self, name: str) -> SignatureRow | None:
        return next((row for row in self.state.rows if row.signature.name == name), None)

    # The user's own

    def begin(self, name: str | None = None) -> None:
        """Begin to write a signature, or to change one."""
        row = self._row(name) if name is not None else None
        self.state.notice = Notice()
        if row is None:
            self.state.draft = Draft()
            return
        genes = "\n".join(row.signature.genes)
        replaced = row.signature.name if row.is_own else None
        label = row.signature.label if row.is_own else f"{row.signature.label} (mine)"
        self.state.draft = Draft(label=label, text=genes, replaces=replaced)

    def write(self, *, label: str | None = None, text: str | None = None) -> None:
        """Take what has been typed so far."""
        draft = self.state.draft
        if draft is not None:
            self.state.draft = replace(
                draft,
                label=draft.label if label is None else label,
                text=draft.text if text is None else text,
            )

    def give_up(self) -> None:
        """Forget the draft."""
        self.state.draft = None

    def read_draft(self) -> DraftReading | None:
        """Tell what the draft is understood as; None if there is none."""
        draft, result = self.state.draft, self.session.result
        if draft is None:
            return None
        outputs = gene_outputs(result.scores) if result is not None else ()
        named = read_gene_names(draft.text, known=[output for _, output in outputs])
        probe = GeneSet(name="draft", label="draft", genes=named.genes, source="")
        return DraftReading(
            named=named, members=find_members(probe, outputs), obstacle=self._obstacle(draft, named.genes)
        )

    def _obstacle(self, draft: Draft, genes: Sequence[str]) -> str:
        if not genes:
            return "Paste the symbols of its genes."
        if not draft.label.strip():
            return "Give it a name."
        others = [one for one in self.state.own if one.name != draft.replaces]
        is_taken = signature_identifier(draft.label).casefold() in _names((*others, *signatures()))
        return "There is a signature of that name already." if is_taken else ""

    def save(self) -> None:
        """Keep the draft, and draw its map if the model has the genes."""
        draft, reading = self.state.draft, self.read_draft()
        if draft is None or reading is None or reading.obstacle:
            return
        made = make_signature(draft.label, reading.named.genes, source=MINE)
        before = self.state.own
        kept = [one for one in before if one.name != draft.replaces]
        place = next((k for k, one in enumerate(before) if one.name == draft.replaces), len(kept))
        after = (*kept[:place], made, *kept[place:])
        self.state.draft = None
        self._take_maps({draft.replaces, made.name})
        self._keep(after, f"Saved {made.label}.", lambda: self._set_own(before))
        if reading.members.is_enough:
            self.show(made.name)

    def remove(self, name: str) -> None:
        """Remove one of the user's signatures, which can be undone."""
        before = self.state.own
        gone = next((one for one in before if one.name == name), None)
        if gone is None:
            return
        self._take_maps({name})
        after = tuple(one for one in before if one is not gone)
        self._keep(after, f"Removed {gone.label}.", lambda: self._set_own(before))

    def import_file(self, path: Path) -> None:
        """Add the signatures of a GMT file."""

        def ended(outcome: JobOutcome[tuple[GeneSet, ...]]) -> None:
            if outcome.value is None:
                if outcome.error is not None:
                    self._say(error_text(outcome.error), is_error=True)
                return
            before = self.state.own
            taken = _names((*before, *signatures()))
            new = tuple(one for one in outcome.value if one.name.casefold() not in taken)
            said = f"Added {len(new)} signature{'' if len(new) == 1 else 's'}."
            if len(new) < len(outcome.value):
                said += f" {len(outcome.value) - len(new)} of names that exist were left out."
            if new:
                self._keep((*before, *new), said, lambda: self._set_own(before))
            else:
                self._say(said)

        self._jobs.start(uninterrupted(read_signatures, path), on_end=ended)

    def add_fold_changes(self, path: Path) -> None:
        """Keep a table of fold changes, to be shown with every gene it knows."""

        def ended(outcome: JobOutcome[tasks.FoldChanges]) -> None:
            if outcome.value is not None:
                self.state.fold_changes = outcome.value
                self._say(f"Fold changes of {path.stem.replace('_', ' ')} are shown with their genes.")
            elif outcome.error is not None:
                self._say(error_text(outcome.error), is_error=True)

        self._jobs.start(uninterrupted(tasks.add_fold_changes, path), on_end=ended)

    def act_on_notice(self) -> None:
        """Undo what the line speaks of."""
        undo, self._take_back = self._take_back, None
        self.state.notice = Notice()
        if undo is not None:
            undo()

    def _set_own(self, own: tuple[GeneSet, ...]) -> None:
        self._take_maps({one.name for one in self.state.own if one not in own})
        self._keep(own, "Undone.", None)

    def _keep(self, own: tuple[GeneSet, ...], said: str, undo: Callable[[], None] | None) -> None:
        """Write the signatures: a few lines, at once, so that nothing is said that is not so."""
        if self._is_damaged:
            self._say(
                f"Nothing was saved: {own_signatures_file()} cannot be read. Mend or move it.", is_error=True
            )
            return
        try:
            tasks.keep(own)
        except HistCodeError as error:
            self._say(error_text(error), is_error=True)
            return
        self.state.own = own
        self._take_back = undo
        self.state.notice = Notice(text=said, action="Undo" if undo is not None else "")

    def _take_maps(self, names: set[str | None]) -> None:
        for name in names:
            if name is not None:
                self._maps.take(f"{HEAD}.{name}.signature")

    def _say(self, text: str, *, is_error: bool = False) -> None:
        self._take_back = None
        self.state.notice = Notice(text=text, is_error=is_error)


def _names(known: Sequence[GeneSet]) -> set[str]:
    """Collect what would be taken for the name of one of them, in lower case."""
    return {name.casefold() for one in known for name in (one.name, signature_identifier(one.label))}
