"""What tests of serving share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.serving.servable import Servable
from serving.models import NAME, save_linear


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a model's folder with version 1, whose answers are twice the numbers asked."""
    save_linear(tmp_path / NAME, 1, 2.0)
    return tmp_path / NAME


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servable]:
    """Return version 3 of a model, loaded, whose answers are twice the numbers asked."""
    servable = Servable.load(NAME, 3, save_linear(tmp_path_factory.mktemp("linear"), 3, 2.0))
    yield servable
    servable.close()
