"""Set up the environment, with the standard library only: this runs before anything is installed."""
