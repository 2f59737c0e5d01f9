"""How the documentation is built."""

project = "napari-histcode"
author = "the napari-histcode developers"
copyright = "2026, the napari-histcode developers"  # noqa: A001 - sphinx's name
extensions = ["myst_parser", "sphinx.ext.mathjax"]
html_theme = "furo"
html_title = "napari-histcode"
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
