"""``histcode models``: which models there are, and the card of one."""

from __future__ import annotations

import argparse

from napari_histcode.models.card import ModelCard
from napari_histcode.models.card_json import card_text
from napari_histcode.models.library import list_models, read_card


def run_models(options: argparse.Namespace) -> int:
    """List all models, or print one card as JSON."""
    if options.name:
        print(card_text(read_card(options.name)))
    else:
        print("\n\n".join(describe(card) for card in list_models()))
    return 0


def describe(card: ModelCard) -> str:
    """Describe a model in a few aligned lines."""
    encoder = card.encoder
    lines = [f"{card.name} {card.version}", f"  {card.description}"]
    lines.append(
        f"  encoder  {encoder.name}: {encoder.tile_px} px at {encoder.mpp:g} um/px, "
        f"{encoder.feature_dim} features, {encoder.licence}"
    )
    for head in card.heads:
        outputs = ", ".join(output.label for output in head.outputs[:8])
        more = f" and {len(head.outputs) - 8} more" if len(head.outputs) > 8 else ""
        lines.append(f"  head     {head.name}: {outputs}{more}")
    return "\n".join(lines)
