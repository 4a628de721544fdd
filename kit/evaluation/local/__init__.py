"""Evaluation without Beam: what TFMA's EvalConfig asks for, computed in arrays while the examples fit in memory.

`step` does one execution of Evaluator: `support` says whether it is one for this machine, `extract` reads the rows and
`scoring` scores them, `slices` and `queries` say which rows belong together, `evaluate` computes every metric on every
slice, `intervals` repeats that on samples, and `write` leaves the files that TFMA's own writers leave.

A metric is computed by its formula: `formulas` is the registry, which `means`, `confusion` (with `buckets`), `plots`,
`ranking` and `lists` fill. If any metric has no formula, the whole evaluation goes through Beam.

These modules read private names of TFMA (defaults, thresholds, kinds of combiners), which it offers no other way to
learn. Tests compare all results with TFMA's own, so that a release with other internals fails there.
"""
