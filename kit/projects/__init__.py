"""The projects that come with the kit; a project elsewhere on disk is made importable beside them when it is loaded."""
