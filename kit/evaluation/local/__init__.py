"""Evaluation without Beam: what TFMA's EvalConfig asks for, computed in arrays while the examples fit in memory.

`step` does one execution of Evaluator: `support` says whether it is one for this machine, `extract` reads the rows and
`scoring` scores them, `slices` and `queries` say which rows belong together, `evaluate` computes every metric on every
slice, `intervals` repeats that on samples, and `write` leaves the files that TFMA's own writers leave.

A metric is known by its formula: `formulas` is the register, `means`, `confusion` (with `buckets`), `plots`, `ranking`
and `lists` fill it. What has no formula goes through Beam, the whole evaluation with it.
"""
