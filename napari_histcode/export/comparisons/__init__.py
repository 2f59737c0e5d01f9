"""The comparison with a pathologist as page, figures and tables."""
