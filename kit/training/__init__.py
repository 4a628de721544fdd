"""Training: the data set, Trainer's loop, and the signatures that a model is saved with."""
