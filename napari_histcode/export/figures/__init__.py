"""Pictures for print and for pages: maps over tissue, with legend, scale bar and outlines."""
