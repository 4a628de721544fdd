"""Experiments: a candidate beside the version that serves, on a part of the users, until a test decides between them.

    workspace/experiments/<model>/experiment.json      the running experiment, or the last one; servers follow it
    workspace/experiments/<model>/<name>/              counts/ of each server process, looks.jsonl, ended.json

Actors: `units` says what a project can be split by; `Split` says from a user's id alone which arm they are in;
`Splitter` is the interceptor that sends them there and counts the outcomes; `clicks` reads from the prediction log and
its labels what they clicked; `sequential` has the statistical tests, `judge` applies them once, and `actions` does what
follows: moves labels, withdraws a version. `watch` judges again and again, `recorded` keeps the decision with its
evidence in ML Metadata, and `shown` prepares an experiment for views.

The two arms are the version that serves (the control) and a newer one (the candidate), both by number, so that a label
that is moved meanwhile, or a push, changes no experiment. A request that names a version or a label gets it and is not
part of an experiment.

The statistics assume that users are independent of each other; requests are not. So all counts are kept by group of
users, 1,024 groups by another part of the hash, and every test takes groups as its units.
"""
