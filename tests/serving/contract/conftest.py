"""The server that the contract is tested on, and both ways to ask it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from kit.serving.settings import Addresses
from serving.contract.target import target


@pytest.fixture(scope="session")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with target(tmp_path_factory.mktemp("contract")) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def rest(addresses: Addresses) -> str:
    return str(addresses.rest)


@pytest.fixture(scope="session")
def channel(addresses: Addresses) -> Iterator[Any]:
    with grpc.insecure_channel(str(addresses.grpc)) as channel:
        yield channel


@pytest.fixture(scope="session")
def prediction(channel: Any) -> Any:
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="session")
def model(channel: Any) -> Any:
    return model_service_pb2_grpc.ModelServiceStub(channel)
