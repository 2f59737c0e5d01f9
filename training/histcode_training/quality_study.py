"""Measure quality control: real pen marks, real tissue without artefacts, and planted folds and blur."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from histcode_training.splits import Split
from histcode_training.trust_sources import HER2ST_MPP, TCGA_MPP, blurred
from napari_histcode.errors import NoTissueError
from napari_histcode.slide import open_slide
from napari_histcode.tissue.find import find_tissue
from napari_histcode.tissue.mask import TissueMask
from napari_histcode.tissue.quality import ARTEFACTS, Artefact, QualityMask
from napari_histcode.tissue.quality_find import find_artefacts

Rgb = NDArray[np.uint8]
Mask = NDArray[np.bool_]

PEN_MPP = 16.0
"""Assumed for the pictures of pen marks, which do not say."""
COLOURS = ("black", "green", "red")
FOLD_WIDTHS_UM = (100.0, 200.0)
FOLD_STRENGTHS = (0.5, 1.0, 1.5)
"""Optical density of the second layer, as a multiple of the tissue's own."""
BLURS_UM = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0)


@dataclass(frozen=True, kw_only=True)
class PenResult:
    """Ink that was found against the reference of one picture."""

    colour: str
    dice: float
    iou: float
    sensitivity: float
    specificity: float


@dataclass(frozen=True, kw_only=True)
class CleanResult:
    """What was found on tissue where nobody marked an artefact."""

    name: str
    tissue_mm2: float
    shares: dict[Artefact, float]
    """Share of the tissue under each artefact."""


@dataclass(frozen=True, kw_only=True)
class PlantedResult:
    """What was found of a planted artefact."""

    name: str
    n_fields: int
    found: float
    """Mean share of what was planted that was found, over fields."""
    n_touched: int
    """Fields where any of it was found."""


@dataclass(frozen=True, kw_only=True)
class QualityStudy:
    """All results."""

    pens: tuple[PenResult, ...]
    clean: tuple[CleanResult, ...]
    folds: tuple[PlantedResult, ...]
    blurs: tuple[PlantedResult, ...]


def run_quality_study(data: Path, split: Split, *, mpp: float, seed: int = 0) -> QualityStudy:
    """Measure everything; nothing is fitted on it.

    Parameters
    ----------
    data : Path
        The data folder.
    split : Split
        Fields of osteosarcoma, both parts.
    mpp : float
        Their resolution.
    seed : int
        Decides where folds are planted.
    """
    fields = [field.path for field in (*split.training.fields, *split.held_out.fields)]
    return QualityStudy(
        pens=tuple(_pen(data / "qc", colour) for colour in COLOURS),
        clean=tuple(_clean(data, fields, mpp)),
        folds=tuple(
            _folds(fields, mpp, width_um=width, strength=strength, seed=seed)
            for width in FOLD_WIDTHS_UM
            for strength in FOLD_STRENGTHS
        ),
        blurs=tuple(_blurs(fields, mpp, sigma) for sigma in BLURS_UM),
    )


def plant_fold(
    rgb: Rgb, *, width_px: float, strength: float, random: np.random.Generator
) -> tuple[Rgb, Mask]:
    """Lay a bent band of a second layer over tissue: the same tissue, shifted.

    Parameters
    ----------
    rgb : ndarray of uint8, (height, width, 3)
        Tissue.
    width_px : float
        Width of the band.
    strength : float
        Optical density of the second layer, as a multiple of the tissue's own.
    random : Generator
        Decides where, and in which direction.

    Returns
    -------
    folded : ndarray of uint8, (height, width, 3)
        The picture with the fold.
    band : ndarray of bool, (height, width)
        Where it lies.
    """
    height, width = rgb.shape[:2]
    angle, bend = random.uniform(0, np.pi), random.uniform(-0.1, 0.1)
    y, x = np.mgrid[:height, :width] - np.array([height / 2, width / 2])[:, None, None]
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    band = np.abs(across + bend * along**2 / max(height, width)) < width_px / 2
    second = np.roll(rgb, (height // 3, width // 3), axis=(0, 1))[:, ::-1] / 245.0
    folded = rgb * np.where(band[..., None], np.minimum(second, 1) ** strength, 1)
    return np.asarray(np.rint(folded), np.uint8), np.asarray(band)


def _check(path: Path, mpp: float | None) -> tuple[TissueMask, QualityMask]:
    with open_slide(path, mpp=mpp) as slide:
        tissue = find_tissue(slide)
        return tissue, find_artefacts(slide, tissue)


def _check_rgb(rgb: Rgb, mpp: float) -> tuple[TissueMask, QualityMask]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "planted.png"
        Image.fromarray(rgb).save(file)
        return _check(file, mpp)


def _pen(folder: Path, colour: str) -> PenResult:
    _, mask = _check(folder / f"pen_{colour}.png", PEN_MPP)
    with Image.open(folder / f"pen_{colour}_mask.png") as picture:
        reference = np.asarray(picture.convert("L")) > 0
    rows = (np.arange(reference.shape[0]) * mask.classes.shape[0]) // reference.shape[0]
    columns = (np.arange(reference.shape[1]) * mask.classes.shape[1]) // reference.shape[1]
    found = mask.is_of(Artefact.PEN)[np.ix_(rows, columns)]
    both = int((found & reference).sum())
    return PenResult(
        colour=colour,
        dice=2 * both / int(found.sum() + reference.sum()),
        iou=both / int((found | reference).sum()),
        sensitivity=both / int(reference.sum()),
        specificity=float((~found & ~reference).sum() / (~reference).sum()),
    )


def _clean(data: Path, fields: Sequence[Path], mpp: float) -> Iterator[CleanResult]:
    yield _pooled(f"osteosarcoma, {len(fields)} fields", fields, mpp)
    sections = [data / "her2st" / name / "section.jpg" for name in ("C2", "C3", "C4", "C5")]
    yield _pooled("breast (her2st), 4 sections", sections, HER2ST_MPP)
    yield _pooled("skin (CMU-1)", [data / "slides" / "CMU-1-Small-Region.svs"], None)
    tcga = data / "slides" / "TCGA-CR-7395-01A-01-TS1.svs"
    yield _pooled("head and neck, frozen (TCGA-CR)", [tcga], TCGA_MPP)


def _pooled(name: str, paths: Sequence[Path], mpp: float | None) -> CleanResult:
    total, areas = 0.0, dict.fromkeys(ARTEFACTS, 0.0)
    for path in paths:
        try:
            tissue, mask = _check(path, mpp)
        except NoTissueError:
            continue  # a field of glass has nothing to be wrong about
        total += tissue.area_mm2
        for artefact in ARTEFACTS:
            areas[artefact] += mask.tissue_share[artefact] * tissue.area_mm2
    return CleanResult(name=name, tissue_mm2=total, shares={a: areas[a] / total for a in ARTEFACTS})


def _full_fields(paths: Sequence[Path], mpp: float) -> Iterator[Rgb]:
    """Give the fields that are nearly all tissue."""
    for path in paths:
        with open_slide(path, mpp=mpp) as slide:
            try:
                tissue = find_tissue(slide)
            except NoTissueError:
                continue
            if tissue.mask.mean() > 0.9:
                yield slide.read_level(0, (0, 0), slide.dimensions)


def _folds(
    paths: Sequence[Path], mpp: float, *, width_um: float, strength: float, seed: int
) -> PlantedResult:
    random, shares = np.random.default_rng(seed), []
    for rgb in _full_fields(paths, mpp):
        folded, band = plant_fold(rgb, width_px=width_um / mpp, strength=strength, random=random)
        tissue, mask = _check_rgb(folded, mpp)
        size = mask.classes.shape
        planted = ndimage.zoom(band.astype(np.float32), np.divide(size, band.shape), order=1) > 0.5
        planted &= tissue.mask
        shares.append(float(mask.is_of(Artefact.FOLD)[planted].mean()))
    name = f"{width_um:g} um wide, second layer of {strength:g} times the density"
    return _planted(name, shares)


def _blurs(paths: Sequence[Path], mpp: float, sigma_um: float) -> PlantedResult:
    shares = []
    for rgb in _full_fields(paths, mpp):
        _, mask = _check_rgb(blurred(rgb, sigma_um / mpp) if sigma_um else rgb, mpp)
        shares.append(mask.tissue_share[Artefact.BLUR])
    return _planted(f"Gaussian of {sigma_um:g} um" if sigma_um else "none", shares)


def _planted(name: str, shares: Sequence[float]) -> PlantedResult:
    return PlantedResult(
        name=name,
        n_fields=len(shares),
        found=float(np.mean(shares)),
        n_touched=sum(share > 0 for share in shares),
    )


def quality_text(study: QualityStudy, *, command: str) -> str:
    """Write the study as a page of Markdown."""
    pens = _table(
        ("ink", "Dice", "IoU", "sensitivity", "specificity"),
        [
            (p.colour, f"{p.dice:.3f}", f"{p.iou:.3f}", f"{p.sensitivity:.3f}", f"{p.specificity:.4f}")
            for p in study.pens
        ],
    )
    clean = _table(
        ("tissue", "mm²", *(artefact.label for artefact in ARTEFACTS)),
        [
            (c.name, f"{c.tissue_mm2:.1f}", *(f"{c.shares[artefact]:.2%}" for artefact in ARTEFACTS))
            for c in study.clean
        ],
    )
    columns = ("planted", "fields", "found of it", "fields where it was found")
    folds, blurs = (
        _table(columns, [(r.name, f"{r.n_fields}", f"{r.found:.1%}", f"{r.n_touched}") for r in results])
        for results in (study.folds, study.blurs)
    )
    return _PAGE.format(command=command, pens=pens, clean=clean, folds=folds, blurs=blurs, mpp=f"{PEN_MPP:g}")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


_PAGE = """# Quality control: what it finds, and what it takes for an artefact

Made by

    {command}

## Pen marks

{pens}

Three pictures with masks from HistoQC (Clear BSD); their resolution is not known and taken as {mpp} um/px.
The rules were made from the absorption of haematoxylin and eosin, with the pictures in sight; the limits for
red ink were then raised until bone, blood and eosin of the osteosarcoma fields were no ink. These are not
numbers of unseen data. Red ink over tissue and its pale strokes are missed. Three dots of
dark and blue ink that the references leave out count as false here.

## Tissue where nobody marked an artefact

{clean}

Not all of that is wrong: one osteosarcoma field has a real flap of bone over cartilage. Pools of blood, thick
mineralised bone and dense skin epithelium beside loose stroma are wrongly taken for folds.

## Planted folds

{folds}

A second layer of the same field, shifted and mirrored, over fields of osteosarcoma that are nearly all
tissue. Where the second layer happens to be pale there is little to see, so that the whole of a band is never
found. Folds of pale tissue are missed: two layers of it take away too little red to count, and a lower limit
took more dense tissue for folds.

## Planted blur

{blurs}

A Gaussian over whole fields of osteosarcoma that are nearly all tissue. From about 3 um on a square counts as
out of focus: nuclei are then hard to tell. What is missed is bone and cartilage without any detail.

Real folds and real tissue out of focus with labels were not at hand: planted ones show that the measures
work, not how often they are right on your slides. Look at the figure of `histcode quality` before you leave
tiles out.
"""
