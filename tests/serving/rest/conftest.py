"""One server with both ports for all tests of REST."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kit.serving.server import ModelServer
from kit.serving.settings import Addresses
from serving.models import NAME, save_linear, settings_of

LIMIT = 100_000  # bytes of a body


@pytest.fixture(scope="session")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    base = tmp_path_factory.mktemp("rest") / NAME
    save_linear(base, 1, 2.0)
    settings = settings_of(base, rest_api_port=0, max_message_bytes=LIMIT, rest_api_enable_cors_support=True)
    with ModelServer(settings) as server:
        yield server.start()


@pytest.fixture(scope="session")
def rest(addresses: Addresses) -> str:
    return str(addresses.rest)
