"""How faithful the maps are, as page, figures and tables."""
