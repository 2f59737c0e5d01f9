"""Drawing, editing, measuring and exchanging regions on the slide."""
