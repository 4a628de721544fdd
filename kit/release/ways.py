"""The ways from a raw row to a score: training's graph, a SavedModel's signatures, a server, and LiteRT files.

Each gives the scores of the rows, and the transformed features if it computes them.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import grpc
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_serving.apis import predict_pb2

from kit.data.records import first_records
from kit.errors import InfraCheckError
from kit.release.few_requests import for_few_requests
from kit.release.fresh_server import FreshServer
from kit.release.litert.interpreter import LiteRTModel
from kit.release.litert.model_part import Array, Features, ModelPart
from kit.release.sample_request import from_rest
from kit.serving.client import typed
from kit.serving.errors import ServingError
from kit.serving.servable import Servable
from kit.training.signature_names import EXAMPLES, TRANSFORM

TRAINING, SAVED_MODEL, GRPC, REST = "training graph", "SavedModel", "gRPC", "REST"
TYPED = {typed.CLASSIFY: "Classify", typed.REGRESS: "Regress"}
_AT_ONCE = 200  # rows of a request
_TIMEOUT_SECONDS = 60.0

Ask: TypeAlias = Callable[[str, Sequence[bytes]], dict[str, Array]]
"""Takes the name of a signature and serialized tf.Examples; gives its outputs, [rows, …] each."""


@dataclass(frozen=True)
class Computed:
    """The results of one way for the rows.

    Attributes:
        way: its name.
        features: the transformed features; none if it does not compute them.
        scores: [rows], or [rows, classes].
    """

    way: str
    features: Features
    scores: Array


def by_training(part: ModelPart, transformed: Path, graph: Path, rows: int) -> Computed:
    """Take the features that Transform wrote for training, and score them with the Keras model.

    Args:
        part: the part of the model.
        transformed: folder of the transformed Examples, which are in the order of the raw ones.
        graph: folder of the TransformGraph artifact.
        rows: how many rows of the eval split, from the first.
    """
    spec = tft.TFTransformOutput(str(graph)).transformed_feature_spec()
    dense = {name: one for name, one in spec.items() if isinstance(one, tf.io.FixedLenFeature)}
    parsed = tf.io.parse_example(first_records(transformed, "eval", rows), dense)
    features = {name: value.numpy() for name, value in sorted(parsed.items())}
    return Computed(TRAINING, features, part.score(features))


def by_saved_model(package: Path, part: ModelPart, records: Sequence[bytes]) -> Computed:
    """Ask the signatures of a SavedModel in this process.

    Raises:
        InfraCheckError: when it cannot be loaded, or does not answer.
    """
    try:
        servable = Servable.load("model", 1, package, config=for_few_requests())
    except ServingError as error:
        raise InfraCheckError(
            f"{package} must be a SavedModel, but it cannot be loaded: {error}. Run InfraValidator again."
        ) from error
    try:
        return _computed(SAVED_MODEL, part, records, lambda name, some: _run(servable, name, some))
    finally:
        servable.close()


def _run(servable: Servable, signature: str, records: Sequence[bytes]) -> dict[str, Array]:
    try:
        return servable.run(signature, {EXAMPLES: np.array(records, object)})
    except ServingError as error:
        raise _no_answer(SAVED_MODEL, signature, str(error)) from error


def by_grpc(server: FreshServer, part: ModelPart, records: Sequence[bytes]) -> Computed:
    """Ask a server by gRPC.

    Raises:
        InfraCheckError: when it does not answer.
    """

    def ask(signature: str, some: Sequence[bytes]) -> dict[str, Array]:
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = server.model, signature
        request.inputs[EXAMPLES].CopyFrom(tf.make_tensor_proto(list(some), tf.string))
        try:
            response = server.predictions.Predict(request, timeout=_TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            raise _no_answer(GRPC, signature, f"{error.code().name}: {error.details()}") from None
        return {name: tf.make_ndarray(tensor) for name, tensor in response.outputs.items()}

    return _computed(GRPC, part, records, ask)


def by_rest(server: FreshServer, part: ModelPart, records: Sequence[bytes], like: Computed) -> Computed:
    """Ask a server by REST.

    Args:
        server: the server that has REST.
        part: the part of the model.
        records: serialized tf.Examples.
        like: gives the dtypes, which JSON does not have.

    Raises:
        InfraCheckError: when it does not answer.
    """
    expected = {TRANSFORM: like.features, EXAMPLES: {part.output: like.scores}}

    def ask(signature: str, some: Sequence[bytes]) -> dict[str, Array]:
        encoded = [{"b64": base64.b64encode(record).decode()} for record in some]
        body = json.dumps({"signature_name": signature, "inputs": {EXAMPLES: encoded}})
        try:
            return dict(from_rest(server.post("predict", body, _TIMEOUT_SECONDS), expected[signature]))
        except (OSError, ValueError) as error:
            raise _no_answer(REST, signature, str(error)) from None

    return _computed(REST, part, records, ask)


def by_typed(server: FreshServer, method: str, records: Sequence[bytes], like: Computed) -> Computed:
    """Ask Classify or Regress of a server by gRPC, through the signature of that name; gives scores only.

    Args:
        server: the server that serves such a signature.
        method: `classify` or `regress`.
        records: serialized tf.Examples.
        like: says whether a row has one score or one per class.

    Raises:
        InfraCheckError: when it does not answer.
    """

    def ask(signature: str, some: Sequence[bytes]) -> dict[str, Array]:
        request = typed.request_of(method, some)
        request.model_spec.name, request.model_spec.signature_name = server.model, signature
        try:
            response = getattr(server.predictions, TYPED[method])(request, timeout=_TIMEOUT_SECONDS)
        except grpc.RpcError as error:
            raise _no_answer(TYPED[method], signature, f"{error.code().name}: {error.details()}") from None
        outputs = typed.outputs_of(response)
        scores = np.array(outputs[typed.SCORES if method == typed.CLASSIFY else typed.OUTPUTS], np.float32)
        # Of two classes the training graph gives the probability of the second.
        return {EXAMPLES: scores[:, 1] if scores.ndim > like.scores.ndim else scores}

    return Computed(TYPED[method], {}, _in_parts(method, records, ask)[EXAMPLES])


def by_litert(variant: str, content: bytes, features: Features) -> Computed:
    """Score features with a LiteRT file, which takes them as Transform made them."""
    return Computed(f"LiteRT {variant}", {}, LiteRTModel(content).score(features))


def _computed(way: str, part: ModelPart, records: Sequence[bytes], ask: Ask) -> Computed:
    features = _in_parts(TRANSFORM, records, ask)
    scores = _in_parts(EXAMPLES, records, ask)
    if part.output not in scores:
        raise _no_answer(way, EXAMPLES, f"{', '.join(sorted(scores)) or 'nothing'} instead of {part.output}")
    return Computed(way, features, scores[part.output])


def _in_parts(signature: str, records: Sequence[bytes], ask: Ask) -> dict[str, Array]:
    parts = [ask(signature, records[at : at + _AT_ONCE]) for at in range(0, len(records), _AT_ONCE)]
    return {name: np.concatenate([part[name] for part in parts]) for name in sorted(parts[0])}


def _no_answer(way: str, signature: str, why: str) -> InfraCheckError:
    return InfraCheckError(
        f"Signature {signature} must answer rows of the evaluation split by {way}, but said {why}. Correct it in "
        "model.py, or train again."
    )
