"""Gateways that run: one that all tests of a module share, and one with settings of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from gateway.standin import Lab, open_lab
from kit.gateway.config import GatewaySettings


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with ExitStack() as stack:
        yield open_lab(stack, tmp_path_factory.mktemp("gateway"))


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Callable[..., Lab]]:
    """Start a gateway with the sections of settings that are given."""
    with ExitStack() as stack:

        def start(certificate: tuple[Path, Path] | None = None, **sections: Any) -> Lab:
            return open_lab(stack, tmp_path / "gw", GatewaySettings(**sections), certificate)

        yield start
