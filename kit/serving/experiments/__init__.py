"""Experiments in a server: two versions of a model side by side, each user always with the same one.

`Splitter` is the interceptor that follows the file of a model's experiment (see `kit.canary`), sends users to their arm
and counts the outcomes; `Split` says from a user's id alone which arm they are in.

The two arms are the version that serves (the control) and a newer one (the candidate), both by number, so that a label
that is moved meanwhile, or a push, changes no experiment. A request that names a version or a label gets it and is not
part of an experiment.

All counts are kept by group of users, 1,024 groups by another part of the hash: users are independent of each other,
requests are not.
"""
