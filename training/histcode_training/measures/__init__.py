"""What predictions are worth: statistics with intervals, nulls and corrections, on arrays."""
