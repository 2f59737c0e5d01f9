"""What the window remembers of a sitting: the session file, its slides, and what was seen and said when."""
