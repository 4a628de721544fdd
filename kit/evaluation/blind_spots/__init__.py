"""Search for blind spots: slices of one to three columns in which a model is worse than it has to be."""
