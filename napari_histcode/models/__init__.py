"""Encoders, attention heads and the model file. Torch only: no slide, no GUI."""
