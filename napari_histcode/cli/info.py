"""``histcode info``: what a slide is."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict

from napari_histcode.slide import Slide, open_slide
from napari_histcode.slide.record import FLUORESCENCE


def run_info(options: argparse.Namespace) -> int:
    """Print the record of each slide."""
    for position, path in enumerate(options.slides):
        with open_slide(path, mpp=options.mpp) as slide:
            if options.json:
                print(json.dumps({"slide": str(path), **asdict(slide.record)}))
            else:
                print(("\n" if position else "") + f"{path}\n{describe(slide)}")
    return 0


def describe(slide: Slide) -> str:
    """Describe a slide in a few aligned lines."""
    record = slide.record
    width, height = record.dimensions
    lines = [("alias", record.alias), ("size", f"{width} x {height} px")]
    if record.mpp is None:
        lines.append(("resolution", "not in the file: give it with --mpp"))
    else:
        mpp = record.mpp
        size_mm = f"{width * mpp.x / 1000:.2f} x {height * mpp.y / 1000:.2f} mm"
        lines[-1] = ("size", f"{width} x {height} px, {size_mm}")
        lines.append(("resolution", f"{mpp.x:.4g} x {mpp.y:.4g} um/px ({mpp.source})"))
    if record.modality == FLUORESCENCE:
        names = ", ".join(f"{channel.name} ({channel.colour})" for channel in slide.channels)
        lines.append(("light", f"fluorescence, by {record.modality_source}: {names}"))
    if record.objective:
        lines.append(("objective", f"{record.objective:g}x (nominal)"))
    for level, ((w, h), (downsample, _)) in enumerate(
        zip(record.level_dimensions, record.level_downsamples, strict=True)
    ):
        lines.append((f"level {level}", f"{w} x {h} px, 1/{downsample:.6g}"))
    lines += [("vendor", record.vendor or "unknown"), ("reader", record.reader), ("digest", record.digest)]
    return "\n".join(f"  {name:<11}{value}" for name, value in lines)
