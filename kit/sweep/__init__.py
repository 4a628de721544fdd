"""Sweeps: one chain of notebooks at many parameter points, on this machine or on a Dask cluster.

workspace/sweeps/<name>/
    sweep.json, sweep.yml    what was asked for, checked; and the file as it was given
    base/                    a branch of the workspace, in which the notebooks run that no swept parameter touches
    points/<n>/point.json    one point: its values, how it ended, its metrics
    points/<n>/ws/           the workspace of the point, a branch of `base`; a whole one, to open or to serve from
    points/<n>/log.txt       what its process said
    results.csv, results.parquet, report.html
    cluster/                 logs of a cluster that the sweep has started

No module here that a worker imports imports TensorFlow: each attempt at a point is a process of its own.
"""
