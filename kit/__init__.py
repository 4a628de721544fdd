"""The package behind the notebooks: everything that computes, from data files to a pushed and served model.

Foundations      `workspace` (where all results live, in the `workspace_folders`; `moved_workspace` follows one that was
                 moved), `project` (what is modelled; `project_section` is the base class of the sections of
                 project.yml), `spans` and `span_files` (the data's partitions and their files), `session` (runs
                 components), `steps` (one component's run), `ledger` (the rows that each step saw)
Decisions        `decisions` (recorded in ML Metadata), `reasons` (what each one needs), `replay` (takes them elsewhere)
Small things     `errors` and `os_errors`, `secret` (passwords and keys), `machine` (cores and memory), `versions` (of
                 the code at work), `child_environment`, `process_mark` (which process wrote a record), `record`
                 (notebooks' numbers), `units`, `digests` (of files), `yaml_edit` and `strict_yaml`, `texts`,
                 `html_page`, `signals` (that end a command)
The chain        `data`, `features`, `training` with `tuning`, `evaluation`, `release`
Judging it       `checks` and `alerts` (data), `monitoring` (what was served), `faults` and `drill` (tests of both)
Serving          `serving` (the server and its client), `workspace_server` (its settings for a workspace), `canary`,
                 `rehearsal` (what `06_serve` tries), `gateway`, `load`, `deploy`,
                 `containers` (what all manifests have in common)
Running it       `batch` (notebooks), `sweep`, `schedule`, `export`, `warm` (fast process starts)
Accounting       `lineage`, `audit`, `card`, `retention`
For people       `cli`, `doctor`, `new`, `tensorboard`, `translation`, `workshop`, `setup`, `bench`, and the
                 samples, `projects`

Names that recur: a room's `config.py` is its section of project.yml, and its `errors.py` has the errors that only it
raises. A *desk* is what a notebook hands to a view: plain values out, a person's decisions in. `say` is a callback for
lines of progress.
"""
