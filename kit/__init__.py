"""The kit behind the notebooks: what computes, from data to a pushed model."""
