"""Notebooks as a batch: checked parameters, one chain in order, a record and a report of every run."""
