"""Experiments: a candidate beside the version that serves, on a part of the users, until a test decides between them.

    workspace/experiments/<model>/experiment.json      the one that runs, or the last one; what servers follow
    workspace/experiments/<model>/<name>/              counts/ of each server process, looks.jsonl, ended.json

Actors: `units` says what a project can be split by; `Split` says from a user's id alone which arm they are in;
`Splitter` is the interceptor that sends them there and counts what came of it; `clicks` reads from the prediction log
and its labels what they clicked; `sequential` has the tests, `judge` one look at all of it, and `actions` what follows:
labels, a withdrawal. `watch` looks again and again, `recorded` keeps the decision with its evidence in ML Metadata, and
`shown` is for whoever looks on.

The two arms are the version that serves (the control) and a newer one (the candidate), both by number, so that a label
that is moved meanwhile, or a push, changes no experiment. What asks for a version or a label by name gets it and is no
part of an experiment.

What it rests on: users are independent of each other, not requests. So all counts are kept by group of users, 1,024 of
them by another part of the hash, and every test takes groups as its units.
"""
