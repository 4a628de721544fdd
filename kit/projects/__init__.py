"""The projects that come with the kit; a project elsewhere on disk is made importable beside them when it is loaded."""

SAMPLE = "recommender"  # the project of a command or a notebook that is given none
