"""Data checks beyond a schema: label rates by slice, repeated rows, shared keys, drift, leakage and more."""
