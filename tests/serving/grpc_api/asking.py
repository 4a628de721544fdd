"""Requests of gRPC, and what they are refused with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from serving.models import NAME


def refused(call: Callable[[], Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value.code(), str(raised.value.details())


def examples_for(request: Any, *numbers: float, signature: str = "") -> Any:
    request.model_spec.name, request.model_spec.signature_name = NAME, signature
    for number in numbers:
        added = request.input.example_list.examples.add()
        added.features.feature["x"].float_list.value.append(number)
    return request


def add_task(request: Any, signature: str, method: str, model: str = NAME) -> None:
    task = request.tasks.add(method_name=method)
    task.model_spec.name, task.model_spec.signature_name = model, signature
