"""Notebooks as a batch: checked parameters, one ordered chain, a record and a report of every run."""
