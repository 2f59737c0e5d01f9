"""Sessions: what the window has and shows, to a file and back."""
