"""What tests of serving share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit.serving.loading import make_loader
from kit.serving.manager import Manager
from kit.serving.servable import Servable
from kit.serving.settings import Settings
from serving.models import NAME, save_linear


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Return a model's folder with version 1, which doubles the numbers that it is asked about."""
    save_linear(tmp_path / NAME, 1, 2.0)
    return tmp_path / NAME


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servable]:
    """Return version 3 of a model, loaded, which doubles the numbers that it is asked about."""
    servable = Servable.load(NAME, 3, save_linear(tmp_path_factory.mktemp("linear"), 3, 2.0))
    yield servable
    servable.close()


@pytest.fixture
def start() -> Iterator[Callable[[Settings], Manager]]:
    """Return what starts a manager with settings; all are stopped at the end."""
    managers: list[Manager] = []

    def start(settings: Settings) -> Manager:
        managers.append(Manager(settings, make_loader(settings)))
        managers[-1].start()
        return managers[-1]

    yield start
    for manager in managers:
        manager.stop()
