"""Training: the data set, the loop that Trainer runs, and the signatures that a model is saved with."""
