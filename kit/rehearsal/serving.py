"""A rehearsal of serving, for notebooks: the pushed models in a server of their own, called as clients call them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from kit.data.records import first_records, spread_records
from kit.errors import InfraCheckError, StepOrderError
from kit.release.package_samples import read_samples
from kit.release.sample_request import PredictSample, TypedSample, difference
from kit.release.versions import require_served, served_version
from kit.serving.client import Client, Prediction
from kit.serving.client.typed import CLASSIFY
from kit.serving.process import Server
from kit.serving.transport import Transport
from kit.session import Session
from kit.training.signature_names import EXAMPLES
from kit.workspace_server import monitoring_config, server_log, settings_for


def server(session: Session, log_share: float) -> Server:
    """Return a server of the workspace's pushed models on free ports of this machine, not yet started.

    It follows pushes, labels and experiments, and logs into the workspace.

    Args:
        session: the session of a project whose model was pushed.
        log_share: the share of requests that it logs, 0 to 1.

    Raises:
        StepOrderError: when no model of the project was pushed.
        ServerError: when the share is not between 0 and 1.
    """
    workspace = session.workspace
    require_served(workspace.serving(session.project.name))
    settings = replace(
        settings_for(workspace, log_share),
        port=0,
        rest_api_port=0,
        monitoring_config_file=str(monitoring_config(workspace)),
    )
    return Server(settings, log_path=server_log(workspace))


def ask_samples(client: Client, session: Session) -> pd.DataFrame:
    """Send the sample requests of the pushed package through both APIs; return one row per signature and API.

    Raises:
        StepOrderError: when no model of the project was pushed, or the served version has no sample requests, like a
            model that was pushed by other means.
        InfraCheckError: when an answer differs from the one in the package.
    """
    base = session.workspace.serving(session.project.name)
    version = require_served(base)
    samples = read_samples(base / str(version))
    if not samples:
        raise StepOrderError(
            f"The served version must have the requests that 05_release writes into a package, but {base} has none. "
            "Run 05_release, with the same workspace and project."
        )
    return pd.DataFrame(
        [_asked(client, sample, version, transport) for sample in samples for transport in Transport]
    )


def _asked(
    client: Client, sample: PredictSample | TypedSample, version: int, transport: Transport
) -> dict[str, object]:
    answer = _ask(client, sample, version, transport)
    arrays = {name: _like(values, sample.answer.get(name)) for name, values in answer.outputs.items()}
    if said := difference(sample.answer, arrays):
        raise InfraCheckError(
            f"{sample.signature} by {transport} must answer as the package says, but {said}. Push it again: 05_release."
        )
    return {
        "signature": sample.signature,
        "way": transport.value,
        "version": answer.version,
        "ms": round(answer.milliseconds, 2),
        "outputs": ", ".join(f"{name} {list(array.shape)}" for name, array in list(arrays.items())[:3]),
    }


def _ask(
    client: Client, sample: PredictSample | TypedSample, version: int, transport: Transport
) -> Prediction:
    if isinstance(sample, PredictSample):
        return client.predict(sample.inputs, signature=sample.signature, version=version, transport=transport)
    ask = client.classify if sample.method == CLASSIFY else client.regress
    return ask(sample.records, signature=sample.signature, version=version, transport=transport)


def _like(values: Any, expected: Any) -> np.ndarray[Any, Any]:
    """Return an output as an array like the expected one; strings become bytes, as in the package."""
    array = np.asarray(values)
    if expected is not None and expected.dtype == object:
        texts = [value.encode() if isinstance(value, str) else value for value in array.ravel()]
        return np.array(texts, dtype=object).reshape(array.shape)
    return array


@dataclass(frozen=True)
class Sent:
    """The answers to rows that were sent one by one.

    Attributes:
        versions: the versions that answered, with the number of rows of each.
        milliseconds: the time of each request, [rows].
    """

    versions: dict[int, int]
    milliseconds: np.ndarray[Any, Any]

    @property
    def message(self) -> str:
        by = ", ".join(f"version {version} answered {rows:,}" for version, rows in self.versions.items())
        middle, late = np.percentile(self.milliseconds, (50, 99))
        return f"{by} requests; half of them within {middle:.1f} ms, 99 of 100 within {late:.1f} ms."


def send_rows(client: Client, session: Session, rows: int) -> Sent:
    """Send rows spread over the evaluation split, one per request, without naming a version.

    Raises:
        NoAnswerError: when the server refuses one.
    """
    records = spread_records(session.path("ExampleGen", "examples"), "eval", rows)
    answers = [client.predict({EXAMPLES: [record]}, signature=EXAMPLES) for record in records]
    versions: dict[int, int] = {}
    for answer in answers:
        versions[answer.version] = versions.get(answer.version, 0) + 1
    return Sent(versions, np.array([answer.milliseconds for answer in answers]))


def a_request(session: Session) -> dict[str, list[bytes]]:
    """Return the inputs of a request to the signature `EXAMPLES`: the first row of the evaluation split."""
    return {EXAMPLES: first_records(session.path("ExampleGen", "examples"), "eval", 1)}


def check_served(session: Session, sent: Sent) -> str:
    """Return a sentence if the version that was pushed last has answered.

    Raises:
        InfraCheckError: when it has not.
    """
    version = served_version(session.workspace.serving(session.project.name))
    if version not in sent.versions:
        raise InfraCheckError(
            f"Version {version} must answer, but {', '.join(map(str, sent.versions)) or 'nobody'} did. Read "
            f"{server_log(session.workspace)}, which says what happened to it."
        )
    return f"Version {version} answers, by gRPC and by REST, as it did before it was pushed."
