"""Guess which class of regions an output of a head stands for, by its name; the user can say otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence

from napari_histcode.annotations import is_ignored
from napari_histcode.comparison.classes_of import UNCLASSIFIED
from napari_histcode.comparison.compare import is_quantity
from napari_histcode.scores.scores import SlideScores, TileMap

_ONE_WORD = {
    "tumour": "tumor", "tumours": "tumor", "tumors": "tumor", "tumoral": "tumor", "cancer": "tumor",
    "carcinoma": "tumor", "neoplasm": "tumor", "neoplastic": "tumor", "malignant": "tumor",
    "necrotic": "necrosis", "stromal": "stroma", "lymphocyte": "immune", "lymphocytes": "immune",
    "lymphoid": "immune", "til": "immune", "tils": "immune", "inflammation": "immune",
    "inflammatory": "immune", "leukocytes": "immune", "healthy": "normal", "benign": "normal",
}  # fmt: skip
"""Words that mean the same, spelling apart."""

_SAYS_NOTHING = {"cells", "cell", "tissue", "area", "region", "viable", "high", "low", "t", "b", "signature"}
_NEGATIONS = {"non", "not", "no", "without"}
_REST = ("normal", "negative", "other", "stroma")
"""What "non-tumour" may be called, the likeliest first."""

USUAL = ("tumor", "immune", "necrosis")
"""Classes that a map without a class of its own is first held against."""


def guess_class(output: str, names: Sequence[str]) -> str | None:
    """Guess the class of an output.

    Parameters
    ----------
    output : str
        Name of the output, "viable_tumour".
    names : sequence of str
        Classes of the regions there are, "Tumor".

    Returns
    -------
    str or None
        The class whose words the output shares most; None if it shares none.
    """
    wanted, is_negated = _words(output)
    if is_negated:
        return next((name for rest in _REST for name in names if rest in _words(name)[0]), None)
    shared = {name: len(wanted & _words(name)[0]) for name in names if not _words(name)[1]}
    best = max(shared, key=lambda name: (shared[name], -len(name)), default=None)
    return best if best is not None and shared[best] else None


def guess_positive(tile_map: TileMap, names: Sequence[str]) -> tuple[str, ...]:
    """Guess the classes that a map should find.

    That of its output, where names agree; the immune cells for a gene; else tumour, or the first class that
    is not ignored. Empty where there is none.
    """
    named = [name for name in names if name != UNCLASSIFIED and not is_ignored(name)]
    found = guess_class(tile_map.output, named) if tile_map.output is not None else None
    if found is None:
        order = ("immune", *USUAL) if is_quantity(tile_map) else USUAL
        usual = (name for word in order for name in named if word in _words(name)[0])
        found = next(usual, named[0] if named else None)
    return (found,) if found is not None else ()


def guess_classes_of_outputs(scores: SlideScores, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Pair the outputs that are classes with the classes of the regions; outputs without one are left out."""
    named = [name for name in names if name != UNCLASSIFIED and not is_ignored(name)]
    pairs = ((output, guess_class(output, named)) for output in class_outputs(scores))
    return tuple((output, name) for output, name in pairs if name is not None)


def class_outputs(scores: SlideScores) -> tuple[str, ...]:
    """List the outputs with a single-tile map of a class, not of an amount, in the order of the maps."""
    maps = (m for m in scores.maps if m.kind == "single_tile" and m.output is not None and not is_quantity(m))
    return tuple(dict.fromkeys(m.output for m in maps if m.output is not None))


def _words(name: str) -> tuple[set[str], bool]:
    """Words of a name in one spelling, and whether it says what something is not."""
    parts = [part for part in re.split(r"[^a-z0-9]+", name.casefold()) if part]
    is_negated = bool(_NEGATIONS & set(parts))
    words = {_ONE_WORD.get(part, part) for part in parts} - _NEGATIONS - _SAYS_NOTHING
    return words, is_negated
