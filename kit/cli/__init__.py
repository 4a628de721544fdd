"""The command line: one thin function per command; the packages behind it do the work.

Imports stand inside the commands, so that `kit --help` and a wrong parameter answer at once.
"""

from __future__ import annotations

import typer

from kit.cli import (
    alerts,
    audit,
    batch,
    canary,
    deploy,
    drift,
    drill,
    export,
    faults,
    gateway,
    gc,
    lineage,
    litert,
    load,
    machine,
    projects,
    release,
    schedule,
    schema,
    serve,
    sweep,
    train_cluster,
    trainings,
    translate,
    workshop,
)

__all__ = ["app"]

app = typer.Typer(
    help="MLOps in notebooks on TensorFlow Extended: run notebooks as a batch, and make projects from your own data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (
    batch,
    schedule,
    export,
    projects,
    schema,
    drift,
    faults,
    alerts,
    train_cluster,
    trainings,
    gateway,
    release,
    litert,
    lineage,
    audit,
    gc,
    serve,
    canary,
    load,
    deploy,
    drill,
    sweep,
    translate,
    workshop,
    machine,
):
    app.add_typer(group.app)  # without a name: its commands join the others
