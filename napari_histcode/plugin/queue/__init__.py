"""Slides analysed one after another: the one way in which the window runs an analysis."""
