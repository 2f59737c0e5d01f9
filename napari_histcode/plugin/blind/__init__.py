"""Blind first: what the model says of a slide stays hidden until its reader has placed an opinion."""
