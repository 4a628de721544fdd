"""The canary: a newer version on a part of the users of a workspace's servers, until a test decides.

    workspace/experiments/<model>/experiment.json      the running experiment, or the last one; servers follow it
    workspace/experiments/<model>/<name>/              counts/ of each server process, looks.jsonl, ended.json

Actors: `units` says what a project can be split by; `actions` starts and ends an experiment: moves labels, withdraws a
version. The servers split the users and count the outcomes (see `kit.serving.experiments`); `clicks` reads from the
prediction log and its labels what they clicked. `sequential` has the statistical tests, `judge` applies them once, and
`watch` judges again and again. `recorded` keeps the decision with its evidence in ML Metadata, and `shown` prepares an
experiment for views.

The statistics assume that users are independent of each other; requests are not. So every test takes groups of users
as its units.
"""
