"""Rehearsals, for notebooks: the pushed models in servers of their own, asked as clients would ask."""
