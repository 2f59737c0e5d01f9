"""Training targets from expression: how much more a tumour expresses a gene than normal tissue."""
