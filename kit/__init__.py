"""The package behind the notebooks: everything that computes, from data files to a pushed and served model."""
