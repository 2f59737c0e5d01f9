"""The words that every exported file carries."""

RESEARCH_USE = "Research use only. Not for diagnosis."
"""Stands in every export, readable by people in pictures and pages, by programs elsewhere."""
