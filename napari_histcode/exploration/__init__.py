"""Arrange the tiles of a slide by their looks, without a model's opinion."""
