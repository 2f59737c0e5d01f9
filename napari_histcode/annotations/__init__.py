"""Pathologists' regions."""
