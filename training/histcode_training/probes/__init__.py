"""Judge encoders by what linear probes find in their features, on parts that nothing learned from."""
