"""The endpoint that a drill attacks: a model in this process through its signature, or a running server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import grpc
import numpy as np
from numpy.typing import NDArray
from tensorflow_serving.apis import predict_pb2
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from kit.drill.errors import DrillError
from kit.serving.servable import Servable
from kit.serving.tensors import as_array, as_proto
from kit.training.signature_names import EXAMPLES, SCORE, TRANSFORM

_ROWS = 8_192  # at once, in this process
_SECONDS, _CONNECT_SECONDS = 60.0, 10.0
_REFUSED = {
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.PERMISSION_DENIED,
    grpc.StatusCode.UNAUTHENTICATED,
}
Values = NDArray[np.float64]


class RefusedError(DrillError):
    """The server gave no answer: a rate limit, or no valid token. Earlier answers count."""


class Endpoint(Protocol):
    """Answers requests."""

    def scores(self, records: Sequence[bytes]) -> Values:
        """Return the score of each serialized tf.Example of one request, [rows].

        Raises:
            RefusedError: when it does not answer.
        """


class InProcess:
    """A SavedModel in this process."""

    def __init__(self, servable: Servable) -> None:
        self._servable = servable

    @classmethod
    def load(cls, name: str, folder: Path) -> Self:
        """Load a version of a model.

        Raises:
            DrillError: when it has no signature that takes tf.Examples and gives one score per row.
            ServingError: when it cannot be loaded.
        """
        servable = Servable.load(name, int(folder.name) if folder.name.isdecimal() else 1, folder)
        found = servable.signatures.get(EXAMPLES)
        if found is None or SCORE not in found.outputs:
            raise DrillError(
                f"A drill needs a model whose signature {EXAMPLES} gives {SCORE}, one number per row, but {folder} "
                f"has {', '.join(servable.signatures) or 'none'}. Drill a binary or a regression model."
            )
        return cls(servable)

    def scores(self, records: Sequence[bytes]) -> Values:
        """Ask in pieces that fit in memory; a row's score does not depend on the others."""
        pieces = [records[start : start + _ROWS] for start in range(0, len(records), _ROWS)]
        answers = [
            self._servable.run(EXAMPLES, {EXAMPLES: np.array(piece, object)})[SCORE] for piece in pieces
        ]
        return np.concatenate(answers).astype(np.float64)

    def transformed(self, records: Sequence[bytes], key: str) -> Values:
        """Return a transformed feature of serialized tf.Examples, such as the label as the model was trained on it."""
        answer = self._servable.run(TRANSFORM, {EXAMPLES: np.array(records, object)}, [key])[key]
        return answer.reshape(len(records)).astype(np.float64)

    def close(self) -> None:
        self._servable.close()


class ServerEndpoint:
    """A model behind gRPC: the kit's server, the real one, or a gateway in front of either.

    Args:
        address: host and port.
        model: its name there.
        token: JSON Web Token for a gateway.

    Raises:
        DrillError: when nothing answers there.
    """

    def __init__(self, address: str, model: str, token: str = "") -> None:
        self._channel = _connected(address)
        self._stub = PredictionServiceStub(self._channel)
        self._model = model
        self._metadata = [("authorization", f"Bearer {token}")] if token else []

    def scores(self, records: Sequence[bytes]) -> Values:
        """Send one request."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = self._model, EXAMPLES
        request.inputs[EXAMPLES].CopyFrom(as_proto(np.array(records, object)))
        try:
            answer: Any = self._stub.Predict(request, _SECONDS, metadata=self._metadata)
        except grpc.RpcError as error:
            raise (RefusedError if error.code() in _REFUSED else DrillError)(
                f"The server must answer a drill's requests, but says {error.code().name}: {error.details()}. Start "
                "it, or give a token, or fewer queries."
            ) from error
        if SCORE not in answer.outputs:
            raise DrillError(
                f"The server must answer with {SCORE}, but answered with {', '.join(answer.outputs) or 'nothing'}. "
                "Drill a binary or a regression model."
            )
        return as_array(SCORE, answer.outputs[SCORE]).astype(np.float64)

    def close(self) -> None:
        self._channel.close()


def _connected(address: str) -> grpc.Channel:
    channel = grpc.insecure_channel(address)
    try:
        grpc.channel_ready_future(channel).result(_CONNECT_SECONDS)
    except grpc.FutureTimeoutError:
        channel.close()
        raise DrillError(
            f"A server must listen at {address}, but nobody did for {_CONNECT_SECONDS:g} s. Start it, or correct "
            "--server."
        ) from None
    return channel
