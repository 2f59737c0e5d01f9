"""Write results that other programs read."""
