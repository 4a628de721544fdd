"""A server and the stubs of its clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import (
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from kit.serving.server import ModelServer
from serving.models import settings_of


@pytest.fixture
def server(base: Path) -> Iterator[ModelServer]:
    with ModelServer(settings_of(base, max_message_bytes=100_000)) as server:
        yield server


@pytest.fixture
def channel(server: ModelServer) -> Iterator[Any]:
    address = server.start().grpc
    with grpc.insecure_channel(str(address)) as channel:
        yield channel


@pytest.fixture
def prediction(channel: Any) -> Any:
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture
def model(channel: Any) -> Any:
    return model_service_pb2_grpc.ModelServiceStub(channel)
