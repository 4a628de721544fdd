"""What tests of batching share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kit.serving.batching import BatchedServable
from serving.batching.models import load, save_batches


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_batches(tmp_path_factory.mktemp("batches") / "1")


@pytest.fixture
def loaded(folder: Path) -> Iterator[Callable[..., BatchedServable]]:
    """Return what loads the model with batching parameters; all are closed at the end."""
    servables: list[BatchedServable] = []

    def loaded(**batching: Any) -> BatchedServable:
        servables.append(load(folder, **batching))
        return servables[-1]

    yield loaded
    for servable in servables:
        servable.close()
