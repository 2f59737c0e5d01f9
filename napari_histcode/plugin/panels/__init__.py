"""One section of the dock a file."""
