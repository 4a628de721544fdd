"""Search for the slices in which a model is worse than it has to be: of one to three columns, numbers in buckets."""
