"""A scripted tour of the real window, whose pictures the documentation shows."""
