"""Lay tiles of a fixed physical size over the tissue and read them."""
