"""A rehearsal of a canary, for notebooks: a candidate that is made to fail, and how soon the test takes it back.

It runs in a folder of its own: the pushed model is version 1, and a copy of it that fails for some rows is version 2.
Servers, labels and experiments of the workspace are not touched. The traffic is simulated: rows of the evaluation
split, one per request.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from kit.canary.actions import folder_of, start
from kit.canary.shown import Shown, shown
from kit.canary.units import fitted
from kit.canary.watch import Ended, act, look_now
from kit.data.records import spread_records
from kit.errors import InfraCheckError, UsageError
from kit.release.versions import require_served
from kit.serving.assets import WARMUP_FILE
from kit.serving.client import Client, NoAnswerError
from kit.serving.experiments.config import ExperimentSettings
from kit.serving.experiments.experiment import Experiment
from kit.serving.process import Server
from kit.session import Session
from kit.training.signature_names import EXAMPLES
from kit.workspace import Workspace, write_atomically
from kit.workspace_server import settings_for

CONTROL_VERSION, CANDIDATE_VERSION = 1, 2
_SHARE = 0.5  # share of the users who get the candidate: both arms fill equally fast
_SAID = "This copy was made to fail for some rows."
_LOOK_SECONDS = 1.1  # servers write their counts once a second
_MOST_REQUESTS = 10_000


@dataclass(frozen=True)
class RehearsedDesk:
    """The model behind the experiment view, for a rehearsal that has ended.

    Attributes:
        shown: the experiment, with all looks at it.
        requests: how many requests were sent.
        refused: how many of them failed.
    """

    shown: Shown
    requests: int
    refused: int

    @property
    def message(self) -> str:
        return f"{self.requests:,} simulated requests, {self.refused:,} of them not answered."

    def look(self) -> Shown:
        """Return the experiment, which no longer changes."""
        return self.shown

    def decide(self, what: str, who: str, why: str) -> str:
        """Refuse: a rehearsal is decided by the test.

        Raises:
            UsageError: always.
        """
        raise UsageError(
            f"To {what}, an experiment must run, but this was a rehearsal, and it is over ({who}: {why}). Start a real "
            "one: `kit canary start`."
        )


def rehearse_canary(session: Session, failing: float) -> RehearsedDesk:
    """Send simulated traffic to the pushed model and to a copy that fails, until the sequential test decides.

    Args:
        session: the session of a project whose model was pushed.
        failing: the share of rows for which the copy fails, above 0 and at most 1.

    Raises:
        UsageError: when the share is out of that range.
        StepOrderError: when no model of the project was pushed.
        InfraCheckError: when the test has not decided after 10,000 requests.
    """
    if not 0 < failing <= 1:
        raise UsageError(
            f"The share of rows for which a candidate is made to fail must be above 0 and up to 1, but is {failing:g}. "
            "Correct it."
        )
    project, pushed = session.project, session.workspace.serving(session.project.name)
    package = pushed / str(require_served(pushed))
    records = cycle(spread_records(session.path("ExampleGen", "examples"), "eval", 2000))
    with tempfile.TemporaryDirectory(prefix="kit-canary-") as folder:
        workspace = Workspace(folder)
        base = workspace.serving(project.name)
        for version in (CONTROL_VERSION, CANDIDATE_VERSION):
            shutil.copytree(package, base / str(version))
        make_failing(base / str(CANDIDATE_VERSION), failing)
        # With warm-up requests a server finds such a fault by itself, and never lets the version take traffic.
        (base / str(CANDIDATE_VERSION) / WARMUP_FILE).unlink(missing_ok=True)
        settings = ExperimentSettings(share=_SHARE, clicks=False)
        start(workspace, project, settings=fitted(project, settings))
        with _server(workspace) as server, Client(server.addresses, project.name) as client:
            ended, requests, refused = _send_until_decided(Session(workspace, project), client, records)
        return RehearsedDesk(shown(folder_of(workspace, project), ended), requests, refused)


def _server(workspace: Workspace) -> Server:
    return Server(replace(settings_for(workspace, 0.0), port=0))


def _send_until_decided(
    session: Session, client: Client, records: Iterator[bytes]
) -> tuple[Experiment, int, int]:
    """Return the experiment as it ended, how many requests that took, and how many of them failed."""
    requests = refused = 0
    while requests < _MOST_REQUESTS:
        until = time.monotonic() + _LOOK_SECONDS
        while time.monotonic() < until:
            requests += 1
            try:
                client.predict({EXAMPLES: [next(records)]}, signature=EXAMPLES)
            except NoAnswerError:
                refused += 1
        outcome = act(session, look_now(session))
        if isinstance(outcome, Ended):
            return outcome.experiment, requests, refused
    raise InfraCheckError(
        f"The sequential test must decide within {_MOST_REQUESTS:,} requests, but has not: {outcome.message} "
        f"{refused:,} requests failed. Let the candidate fail for more rows."
    )


def make_failing(package: Path, share: float) -> None:
    """Make the signature `examples` of a SavedModel fail for a share of the rows, chosen by a hash of each row.

    Raises:
        InfraCheckError: when it has no such signature.
    """
    path = package / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    [meta_graph] = saved.meta_graphs
    if EXAMPLES not in meta_graph.signature_def:
        raise InfraCheckError(
            f"A candidate is made to fail in its signature {EXAMPLES}, but {package} has "
            f"{', '.join(sorted(meta_graph.signature_def))}. Train a model of the kit's: 03_train."
        )
    signature = meta_graph.signature_def[EXAMPLES]
    given = signature.inputs[EXAMPLES].name
    for name, output in signature.outputs.items():
        graph = _checking(output.name, given, tf.as_dtype(output.dtype), share, f"made_to_fail/{name}")
        meta_graph.graph_def.node.extend(graph)
        output.name = f"made_to_fail/{name}/answer:0"
    write_atomically(path, saved.SerializeToString(deterministic=True))


def _checking(output: str, given: str, dtype: tf.DType, share: float, scope: str) -> Iterator[object]:
    """Yield the graph nodes that pass a tensor through unchanged, unless one of the rows is to fail."""
    buckets = 1000
    with tf.Graph().as_default() as graph, tf.name_scope(scope):
        rows = tf.compat.v1.placeholder(tf.string, name="rows")
        value = tf.compat.v1.placeholder(dtype, name="value")
        bad = tf.reduce_any(tf.strings.to_hash_bucket_fast(rows, buckets) < round(share * buckets))
        check = tf.raw_ops.Assert(condition=tf.logical_not(bad), data=[tf.constant(_SAID)])
        with tf.control_dependencies([check]):
            tf.identity(value, "answer")
    taken = {f"{scope}/rows": given.removesuffix(":0"), f"{scope}/value": output.removesuffix(":0")}
    for node in graph.as_graph_def().node:
        if node.name not in taken:
            node.input[:] = [taken.get(name, name) for name in node.input]
            yield node
