"""Small cohorts, images and features with known content."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from histcode_training.cohort import Cohort, Field
from histcode_training.field_features import FieldFeatures
from histcode_training.recipe import (
    HeadConfig,
    ModelText,
    Recipe,
    SampleConfig,
    Source,
    TileGeometry,
    TissueClass,
    ViewConfig,
)

LABELS = ("red", "green", "blue")
COLOURS = {"red": (200, 60, 90), "green": (90, 190, 100), "blue": (80, 60, 180)}

QUICK_HEAD = HeadConfig(
    hidden_dim=16,
    attention_dim=8,
    dropout=0.0,
    feature_dropout=0.0,
    learning_rate=1e-2,
    epochs=12,
    bags_per_epoch=24,
    bags_per_step=6,
    max_fields=2,
    max_tiles=16,
    folds=2,
    seeds=1,
)


def make_field(label: str, slide: str, patient: str = "p1", path: Path = Path("field.png")) -> Field:
    return Field(path=path, label=label, slide=slide, patient=patient)


def make_cohort(n_slides: int = 4, labels: Sequence[str] = LABELS) -> Cohort:
    """Make a cohort of slides that each have one field of every class."""
    fields = [
        make_field(label, f"slide-{s}", f"patient-{s % 2}", Path(f"{label}-{s}.png"))
        for s in range(n_slides)
        for label in labels
    ]
    return Cohort(fields=tuple(fields), labels=tuple(labels))


def planted_features(
    cohort: Cohort, *, n_tiles: int = 24, n_planted: int = 8, feature_dim: int = 12, seed: int = 0
) -> tuple[FieldFeatures, ...]:
    """Give every field noise, and its first ``n_planted`` tiles a signal in the dimension of its class."""
    random = np.random.default_rng(seed)
    made = []
    for field in cohort.fields:
        features = random.normal(0, 0.3, (n_tiles, feature_dim)).astype(np.float32)
        features[:n_planted, cohort.labels.index(field.label)] += 4
        made.append(FieldFeatures(field=field, features=features))
    return tuple(made)


def make_recipe(*, head: HeadConfig = QUICK_HEAD, sample: SampleConfig | None = None) -> Recipe:
    return Recipe(
        name="planted",
        table="fields/fields.csv",
        split="split.toml",
        mpp=1.0,
        classes=tuple(
            TissueClass(
                label=label,
                name=f"{label}_tissue",
                shown=f"{label} tissue",
                region=label.title(),
                colour=COLOURS[label],
            )
            for label in LABELS
        ),
        source=Source(
            title="Planted colours",
            authors="N. N.",
            publisher="Nowhere, 2026",
            doi="10.0/planted",
            licence="CC0",
            licence_url="https://creativecommons.org/publicdomain/zero/1.0/",
        ),
        tiles=TileGeometry(tile_px=32, mpp=4.0),
        model=ModelText(
            name="planted",
            version="1",
            description="Colours.",
            head="tissue",
            head_label="colours",
            domain="painted squares",
            licence="CC0",
            intended_use="Research use only: tests.",
            limits="Not for diagnosis.",
        ),
        views=ViewConfig(overlap=0.5, turns=2),
        head=head,
        sample=sample or SampleConfig(columns=2, gap_px=24, levels=3, jpeg_quality=90),
    )


def write_fields(folder: Path, cohort: Cohort, *, size_px: int = 512) -> Cohort:
    """Paint every field in the colour of its class, with some grain, and write the table beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    written, lines = [], ["file,label,slide,case"]
    for number, field in enumerate(cohort.fields):
        grain = random.normal(0, 4, (size_px, size_px, 3))
        pixels = np.clip(np.asarray(COLOURS[field.label]) + grain, 0, 255).astype(np.uint8)
        path = folder / f"Patient-Name-{number}.png"
        Image.fromarray(pixels).save(path)
        written.append(make_field(field.label, field.slide, field.patient, path))
        lines.append(f"{path.name},{field.label},{field.slide},{field.patient}")
    (folder / "fields.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Cohort(fields=tuple(written), labels=cohort.labels)
