"""An evaluation without Beam: what TFMA's EvalConfig asks for, in arrays, while the examples fit this machine.

`support` says whether a configuration can be evaluated here, `extract` reads and scores the rows, `slices` says which
rows each slice has, `formulas` and its neighbours know TFMA's metrics, `intervals` repeats them on samples, `evaluate`
puts these together, and `write` writes what TFMA's own writers write.
"""
