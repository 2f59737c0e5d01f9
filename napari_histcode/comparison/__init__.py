"""Compare maps with a pathologist's regions: ranking, overlap, boundary, lesions, agreement, statistics."""
