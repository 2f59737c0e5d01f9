"""``histcode export``: a finished result in another format."""

from __future__ import annotations

import argparse

from napari_histcode.export.formats import export_result


def run_export(options: argparse.Namespace) -> int:
    """Write the result and print where it is."""
    for path in export_result(options.result, options.format, path=options.out, map_name=options.map):
        print(path)
    return 0
