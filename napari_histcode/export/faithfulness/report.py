"""Files of a faithfulness measurement: JSON with everything, CSV of every number, and a page to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from napari_histcode.comparison.document import plain
from napari_histcode.export.faithfulness.page import cohort_page, slide_page
from napari_histcode.export.faithfulness.tables import (
    cohort_maps_table,
    faithfulness_table,
    faithfulness_to_json,
)
from napari_histcode.export.report_files import opening, write_report_files
from napari_histcode.scores.faithfulness import Faithfulness
from napari_histcode.scores.faithfulness_cohort import FaithfulnessCohort

JSON_FILE = "faithfulness.json"
"""Everything, curves included; written last."""
CSV_FILE = "faithfulness.csv"
"""Every number, one a row; means over patients where there are many slides."""
SLIDES_FILE = "faithfulness_slides.csv"
"""Every number of every slide of a cohort."""
PAGE_FILE = "faithfulness.html"
"""The page to read."""

FORMAT_NAME = "histcode-faithfulness"
"""What the JSON file says it is."""
SCHEMA_VERSION = 1
"""Version of its layout."""


def export_faithfulness(folder: str | Path, found: Faithfulness, *, notes: Sequence[str] = ()) -> Path:
    """Write the faithfulness of one slide's maps into a folder.

    Parameters
    ----------
    folder : str or Path
        Made if missing; gets `JSON_FILE`, `CSV_FILE` and `PAGE_FILE` together, and the table's audit record.
    found : Faithfulness
        Of the slide.
    notes : sequence of str
        What to know of its maps, one sentence each.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    audit = {
        **opening(FORMAT_NAME, SCHEMA_VERSION),
        "slide": found.slide.alias,
        "config": plain(found.config),
        "notes": list(notes),
    }
    document = {**audit, "slides": [faithfulness_to_json(found)]}
    text = slide_page(found, notes=notes, created=audit["created"])
    return write_report_files(
        Path(folder),
        json_file=JSON_FILE,
        document=document,
        tables={CSV_FILE: faithfulness_table([found])},
        page_file=PAGE_FILE,
        page=text,
        audit=audit,
    )


def export_faithfulness_cohort(
    folder: str | Path,
    cohort: FaithfulnessCohort,
    *,
    notes: Mapping[str, Sequence[str]] | None = None,
    failures: Sequence[tuple[str, str]] = (),
) -> Path:
    """Write the faithfulness of many slides' maps into a folder.

    Patients are numbered, so that no identifier leaves the cohort.

    Parameters
    ----------
    folder : str or Path
        Made if missing; gets `JSON_FILE`, `CSV_FILE`, `SLIDES_FILE` and `PAGE_FILE` together.
    cohort : FaithfulnessCohort
        The slides.
    notes : mapping, optional
        Alias of a slide to what is to know of its maps.
    failures : sequence of (str, str)
        Results that could not be measured, by number, and why.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    slides = [member.faithfulness for member in cohort.members]
    patients = list(dict.fromkeys(member.patient for member in cohort.members))
    audit = {
        **opening(FORMAT_NAME, SCHEMA_VERSION),
        "n_slides": len(slides),
        "n_patients": cohort.n_patients,
        "n_resamples": cohort.n_resamples,
        "seed": cohort.seed,
        "config": plain(slides[0].config),
        "notes": {alias: list(said) for alias, said in (notes or {}).items()},
        "failures": [{"result": name, "reason": reason} for name, reason in failures],
    }
    document = {
        **audit,
        "maps": plain(cohort.maps),
        "slides": [
            {"patient": patients.index(member.patient) + 1, **faithfulness_to_json(member.faithfulness)}
            for member in cohort.members
        ],
    }
    text = cohort_page(cohort, notes=notes or {}, failures=failures, created=audit["created"])
    tables = {CSV_FILE: cohort_maps_table(cohort.maps), SLIDES_FILE: faithfulness_table(slides)}
    return write_report_files(
        Path(folder),
        json_file=JSON_FILE,
        document=document,
        tables=tables,
        page_file=PAGE_FILE,
        page=text,
        audit=audit,
    )
