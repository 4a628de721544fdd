"""Checks of the examples that no schema can express: of labels by slice, of repeated rows, of keys in both splits."""
