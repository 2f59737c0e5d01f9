"""Which signatures there are, which of them this result has genes for, and the one being written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from psygnal import SignalGroupDescriptor

from napari_histcode.plugin.annotate.state import Notice
from napari_histcode.resources.gene_sets import GeneSet
from napari_histcode.scores.fold_changes import FoldChange
from napari_histcode.scores.gene_names import NamedGenes
from napari_histcode.scores.signature import Members


@dataclass(frozen=True, kw_only=True)
class SignatureRow:
    """One line of the list of signatures."""

    signature: GeneSet
    """The signature."""
    members: Members
    """Its genes in the model of the current result."""
    is_own: bool
    """Whether it is the user's, who can change it."""

    @property
    def n_genes(self) -> int:
        """Genes of the signature."""
        return len(self.members.present) + len(self.members.missing)

    @property
    def count(self) -> str:
        """How many of its genes the model predicts: "3 of 4 genes"."""
        return f"{len(self.members.present)} of {self.n_genes} genes"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A signature being written."""

    label: str = ""
    """Its name so far."""
    text: str = ""
    """The pasted genes."""
    replaces: str | None = None
    """Identifier of the signature that is being changed; None for a new one."""


@dataclass(frozen=True, kw_only=True)
class DraftReading:
    """What a draft was understood as."""

    named: NamedGenes
    """Its genes."""
    members: Members
    """Those that the model predicts."""
    obstacle: str = ""
    """Why it cannot be saved yet; empty if it can."""


@dataclass(kw_only=True, eq=False)
class SignatureState:
    """The section of signatures."""

    events: ClassVar[SignalGroupDescriptor] = SignalGroupDescriptor()

    own: tuple[GeneSet, ...] = ()
    """The user's signatures."""
    rows: tuple[SignatureRow, ...] = ()
    """Signatures beside the current result; empty where it predicts no genes."""
    draft: Draft | None = None
    """The signature being written."""
    notice: Notice = field(default_factory=Notice)
    """What has just happened."""
    fold_changes: Mapping[str, tuple[FoldChange, ...]] = field(default_factory=dict)
    """Gene to what the user's tables say of it."""
