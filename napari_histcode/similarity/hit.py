"""A tile that was found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Hit:
    """One line of a ranked list."""

    rank: int
    """1 for the most similar."""
    similarity: float
    """Cosine similarity, -1 to 1."""
    alias: str
    """Alias of its slide."""
    slide_digest: str
    """Digest of its slide, to find the file by."""
    place: tuple[int, int]
    """Column and row on the slide's lattice of tiles."""
    xy_px0: tuple[float, float]
    """Top-left corner in level-0 pixels, x then y."""
    size_px0: tuple[float, float]
    """Width and height in level-0 pixels."""
