"""COMPARE in the window: maps beside the regions on the slide, without Qt."""
