"""Files of a report that belong together: JSON with everything, tables with audit records, a page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from napari_histcode.export.comparisons.tables import write_csv
from napari_histcode.export.notice import RESEARCH_USE
from napari_histcode.export.provenance import software_versions, timestamp, to_json
from napari_histcode.export.tables import provenance_beside
from napari_histcode.files import replacing, staging


def opening(format_name: str, schema_version: int) -> dict[str, Any]:
    """Begin an audit record: what the file is, when and with what it was made."""
    return {
        "format": format_name,
        "schema_version": schema_version,
        "notice": RESEARCH_USE,
        "created": timestamp(),
        "software": software_versions(),
    }


def write_report_files(
    folder: Path,
    *,
    json_file: str,
    document: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    page_file: str,
    page: str,
    audit: Mapping[str, Any],
) -> Path:
    """Write all files or none.

    Parameters
    ----------
    folder : Path
        Made if missing.
    json_file : str
        Name of the file for ``document``; written last, so that whoever finds it finds all others.
    document : mapping
        Everything.
    tables : mapping
        Name of a CSV file to its table; beside each one its audit record is written.
    page_file : str
        Name of the file for ``page``.
    page : str
        The page to read, as HTML.
    audit : mapping
        The audit record.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    with staging(folder, last=json_file) as stage:
        for name, table in tables.items():
            write_csv(table, stage / name)
            with replacing(provenance_beside(stage / name)) as temporary:
                temporary.write_text(to_json(audit, indent=2) + "\n", encoding="utf-8")
        with replacing(stage / page_file) as temporary:
            temporary.write_text(page, encoding="utf-8")
        with replacing(stage / json_file) as temporary:
            temporary.write_text(to_json(document, indent=1) + "\n", encoding="utf-8")
    return folder / page_file
