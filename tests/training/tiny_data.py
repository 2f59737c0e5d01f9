"""A tiny data folder in the layout of the real one, and recipes for it: fields, groups of tiles, sections."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
from PIL import Image

from histcode_training.recipe import RECIPES

TILE_PX, MPP = 32, 2.0
GENES = ("ERBB2", "TP53", "CD3D", "CD3E", "CD6", "FILLER")
CELLS = ("T-cells", "Epithelial")
SECTIONS = ("S1", "S2", "S3")
COLOURS = {"viable_tumor": (150, 60, 150), "necrosis": (220, 120, 160), "non_tumor": (120, 130, 200)}
GROUPS = {"benign": (230, 150, 180), "luad": (160, 80, 160), "lusc": (110, 70, 140)}

PROBES = f"""
name = "tiny_probes"
n_resamples = 40
notes = ["Painted."]
[tiles]
tile_px = {TILE_PX}
mpp = {MPP}
[fields]
name = "osteosarcoma"
table = "osteosarcoma/fields.csv"
labels = ["viable_tumor", "necrosis", "non_tumor"]
shown = ["viable tumour", "necrosis", "non-tumour"]
mpp = 1.0
split = "fields_split.toml"
folds = 2
[groups]
name = "lung"
shown = ["benign", "LUAD", "LUSC"]
split = "groups_split.toml"
[groups.tiles]
table = "lc25000_lung/tiles.csv"
classes = ["benign", "luad", "lusc"]
[spots]
name = "cell types"
folder = "her2st"
sections = ["S1", "S2", "S3"]
held_out = "S1"
mpp = 1.0
block_um = 100.0
[linear]
penalties = [1, 100]
ridge_penalties = [1, 100]
inner_folds = 2
"""

ENCODER = f"""
name = "tiny_encoder"
[tiles]
tile_px = {TILE_PX}
mpp = {MPP}
read_px = {TILE_PX}
[[source]]
name = "osteosarcoma"
kind = "fields"
table = "osteosarcoma/fields.csv"
mpp = 1.0
split = "fields_split.toml"
licence = "Painted fields."
[[source]]
name = "lung"
kind = "tiles"
table = "lc25000_lung/tiles.csv"
group = "group"
split = "groups_split.toml"
licence = "Painted tiles."
[network]
architecture = "resnet18_layer3"  # small: 256 features
start = "random"
hidden_dim = 64
projection_dim = 16
[training]
epochs = 1
batch_size = 8
[encoder]
name = "tiny-resnet"
version = "1"
description = "Colours."
licence = "CC0"
limits = "Not for diagnosis."
"""
WHOLE = """
name = "tiny_model"
encoder = "encoder.toml"
probes = "probes.toml"
tissue = "tissue.toml"
diagnosis = "lung_diagnosis.toml"
genes = "genes.toml"
[model]
name = "tiny"
version = "3"
description = "Colours of three kinds."
licence = "CC0"
intended_use = "Tests."
limits = "Not for diagnosis."
"""


def write_tiny_data(folder: Path) -> Path:
    """Write ``osteosarcoma/``, ``lc25000_lung/`` and ``her2st/``."""
    _write_fields(folder / "osteosarcoma")
    _write_groups(folder / "lc25000_lung")
    for number, name in enumerate(SECTIONS):
        _write_section(folder / "her2st" / name, seed=number)
    return folder


def write_probe_recipe(folder: Path, text: str = PROBES) -> Path:
    """Write the recipe of the probes with its splits beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "fields_split.toml").write_text('held_out = ["slide-0", "slide-3"]\n')
    (folder / "groups_split.toml").write_text('held_out = ["benign-3", "luad-3", "lusc-3"]\n')
    path = folder / "probes.toml"
    path.write_text(text)
    return path


def write_whole_recipe(folder: Path, text: str = WHOLE) -> Path:
    """Write the recipe of a whole model and those that it names: the real ones, cut down to painted data."""
    write_probe_recipe(folder)
    (folder / "encoder.toml").write_text(ENCODER)
    tiles = f"tile_px = {TILE_PX}\nmpp = {MPP}\n"
    tissue = _recipe("osteosarcoma.toml", "osteosarcoma_split.toml", "fields_split.toml")
    start, end = tissue.index("[[sample.companions]]"), tissue.index("[views]")
    (folder / "tissue.toml").write_text(f"{tissue[:start]}[tiles]\n{tiles}\n{tissue[end:]}")
    diagnosis = _recipe("lung_diagnosis.toml", "n_folds = 4", "n_folds = 3")
    (folder / "lung_diagnosis.toml").write_text(diagnosis.replace('compared = ["max"]', ""))
    genes = _recipe("her2st_genes.toml", '["C2", "C3", "C4", "C5"]', '["S1", "S2", "S3"]')
    for old, new in (
        ('held_out = "C2"', 'held_out = "S1"'),
        ("mpp = 0.69", "mpp = 1.0"),
        ("tile_px = 128\nmpp = 1.0\n", tiles),
        ("min_spots = 8\nmax_spots = 32", "min_spots = 3\nmax_spots = 6"),
        ('"b_cells", "cytotoxic", "cd3", "plasma_cells"', ""),
    ):
        assert old in genes
        genes = genes.replace(old, new)
    (folder / "genes.toml").write_text(genes)
    path = folder / "whole.toml"
    path.write_text(text)
    return path


def _recipe(name: str, old: str, new: str) -> str:
    text = (RECIPES / name).read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new)


def _write_fields(folder: Path, *, n_slides: int = 6, size_px: int = 160) -> None:
    folder.mkdir(parents=True)
    random, lines = np.random.default_rng(0), ["file,label,slide,case"]
    for s in range(n_slides):
        for label, colour in COLOURS.items():
            name = f"{label}-{s}.png"
            _paint(folder / name, colour, size_px, random)
            lines.append(f"{name},{label},slide-{s},case-{s % 3}")
    (folder / "fields.csv").write_text("\n".join(lines) + "\n")


def _write_groups(folder: Path, *, n_groups: int = 4, n_tiles: int = 2) -> None:
    folder.mkdir(parents=True)
    random, lines = np.random.default_rng(1), ["file,label,group"]
    for label, colour in GROUPS.items():
        for g in range(n_groups):
            for t in range(n_tiles):
                name = f"{label}-{g}-{t}.png"
                _paint(folder / name, colour, 48, random)
                lines.append(f"{name},{label},{label}-{g}")
    (folder / "tiles.csv").write_text("\n".join(lines) + "\n")


def _write_section(folder: Path, *, seed: int, side: int = 6, pitch_px: int = 60) -> None:
    """Paint a section whose red falls from left to right, and with it genes and cells."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    size = (side + 1) * pitch_px
    ramp = np.linspace(220, 110, size)[None, :, None] * np.array([1.0, 0.7, 0.9])
    pixels = np.clip(ramp + random.normal(0, 6, (size, size, 3)), 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "section.jpg", quality=90)
    spots, counts, cells = ["spot,pixel_x,pixel_y"], ["\t".join(["", *GENES])], ["\t".join(["", *CELLS])]
    for row in range(side):
        for column in range(side):
            share = (column + 0.5) / side
            spot, wave = f"{column}x{row}", np.exp(2 * share)
            rates = [20 * wave, 20, 8 / wave * 6, 6 / wave * 6, 5 / wave * 6, 500]
            spots.append(f"{spot},{(column + 1) * pitch_px},{(row + 1) * pitch_px}")
            counts.append("\t".join([spot, *(str(v) for v in random.poisson(rates))]))
            t_cells = np.clip(share + random.normal(0, 0.05), 0, 1)
            cells.append(f"{spot}\t{t_cells:.4f}\t{1 - t_cells:.4f}")
    (folder / "spots.csv").write_text("\n".join(spots) + "\n")
    (folder / "celltypes.tsv").write_text("\n".join(cells) + "\n")
    with gzip.open(folder / "counts.tsv.gz", "wt") as file:
        file.write("\n".join(counts) + "\n")


def _paint(path: Path, colour: tuple[int, int, int], size_px: int, random: np.random.Generator) -> None:
    grain = random.normal(0, 12, (size_px, size_px, 3)) + random.normal(0, 6, 3)
    Image.fromarray(np.clip(np.array(colour) + grain, 0, 255).astype(np.uint8)).save(path)
