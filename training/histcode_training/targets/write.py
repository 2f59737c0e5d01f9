"""Write targets as a table that a cohort's recipe reads, with the record of how they were made."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from histcode_training.targets.fold_change import QUANTITIES, GeneTargets
from napari_histcode.files import staging

TABLE, RECORD = "targets.csv", "targets.json"


def write_targets(targets: GeneTargets, folder: Path) -> None:
    """Write ``targets.csv`` (a row a sample, a column a gene, empty where nobody knows) and ``targets.json``.

    Raises
    ------
    OutputError
        If they cannot be written.
    """
    record = {
        "quantity": QUANTITIES[targets.scale],
        "scale": targets.scale,
        "pseudocount": targets.pseudocount,
        "n_samples": len(targets.samples),
        "n_genes": len(targets.genes),
        "normal": dict(zip(targets.samples, targets.normal, strict=True)),
        "genes_absent": list(targets.absent),
    }
    with staging(folder, last=RECORD) as stage:
        with (stage / TABLE).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["patient", *targets.genes])
            for name, row in zip(targets.samples, targets.values, strict=True):
                writer.writerow([name, *(repr(float(v)) if np.isfinite(v) else "" for v in row)])
        (stage / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8", newline="\n")
