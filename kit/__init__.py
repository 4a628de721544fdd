"""The package behind the notebooks: everything that computes, from data files to a pushed and served model.

Foundations      `workspace` (where all results live), `project` (what is modelled; `project_file` is the schema of
                 project.yml, `project_folder` finds it), `session` (runs TFX components), `errors`, `decisions`,
                 `steps` (one component's run)
The chain        `data`, `features`, `training` with `tuning`, `evaluation`, `release`
Judging it       `checks` and `alerts` (data), `monitoring` (what was served), `faults` and `drill` (tests of both)
Serving          `serving`, `gateway`, `load`, `deploy`
Running it       `batch` (notebooks), `sweep`, `schedule`, `export`, `warm` (fast process starts)
Accounting       `lineage`, `audit`, `card`, `retention`
For people       `cli`, `new`, `tensorboard`, `translation`, `workshop`, `setup`, `bench`, and `projects`, the samples

Names that recur: a room's `config.py` is its section of project.yml, and its `errors.py` has the errors that only it
raises. A *desk* is what a notebook hands to a view: plain values out, a person's decisions in. `say` is a callback for
lines of progress.
"""
