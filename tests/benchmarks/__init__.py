"""Benchmarks: ratios measured in one run; each ends with one line of JSON."""
