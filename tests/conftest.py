"""What tests of several folders share: TFX's warnings, and a small project that is trained once."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from commands import Ended, kit_run
from hypothesis import HealthCheck, configuration, settings
from turns import in_order, locked, turn

from kit.project.file import Gate

if TYPE_CHECKING:
    from collections.abc import Generator

    from training.tiny import Tiny

    from kit.session import Session


def pytest_configure(config: pytest.Config) -> None:
    # TFX's warnings about names of its own, given when it is imported.
    config.addinivalue_line("filterwarnings", "ignore:::tfx.utils.deprecation_utils")
    # What hypothesis remembers is not for the checkout.
    folder = tempfile.TemporaryDirectory()
    configuration.set_hypothesis_home_dir(folder.name)
    config.add_cleanup(folder.cleanup)
    # How long an example takes says what else the machine does.
    settings.register_profile(
        "no clock", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("no clock")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = in_order(items)
    for item in items:
        if item.get_closest_marker("alone"):
            # Alone among these tests, but not on the machine: a second turn, which the summary tells.
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with turn(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.fixture(scope="session")
def made_sample(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """Return the workspace in which the whole chain has run on the sample, and how that batch ended.

    The processes of a run of tests share it, because it takes minutes; each module looks at a copy.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # then each process has a folder of its own in that of the run
        folder = folder.parent
    workspace, told = folder / "sample" / "ws", folder / "sample" / "ended.json"
    told.parent.mkdir(exist_ok=True)
    with locked(told.parent, fcntl.LOCK_EX):
        if not told.exists():
            told.write_text(json.dumps(asdict(kit_run(workspace=workspace))))
    return workspace, Ended(**json.loads(told.read_text()))


@pytest.fixture(scope="module")
def sample(made_sample: tuple[Path, Ended], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """A workspace in which the whole chain has run on the sample, and how that batch ended; for one module."""
    workspace, ended = made_sample
    return shutil.copytree(workspace, tmp_path_factory.mktemp("sample") / "ws"), ended


@pytest.fixture(scope="session")
def made_tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Return the small project as it was made, with a copy of its folder beside it."""
    from training import tiny as chain  # noqa: PLC0415  imports TFX, which most tests do without

    made = chain.make(tmp_path_factory.mktemp("tiny"))
    shutil.copytree(made.folder, _copy_of(made.folder))
    return made


@pytest.fixture(scope="module")
def tiny(made_tiny: Tiny) -> Tiny:
    """Return a project that `kit new` wrote, with its steps up to a trained model done.

    What the tests of a module do to it (a baseline, a push, a rollback) is gone in the next, so that no test minds
    which others ran before it.
    """
    shutil.rmtree(made_tiny.folder)
    shutil.copytree(_copy_of(made_tiny.folder), made_tiny.folder)
    return made_tiny.opened_again()


def _copy_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}_as_made")


@pytest.fixture
def blessed(tiny: Tiny) -> Session:
    """Return a session whose latest evaluation blessed the first model, which had no baseline."""
    return tiny.evaluate(
        tiny.train(1),
        Gate(metric="auc", min=0.6),
        Gate(metric="auc", slice={"city": "Rom"}, min=0.5),
        Gate(metric="auc", min_change=0.9),
    )


@pytest.fixture
def rejected(tiny: Tiny, blessed: Session) -> Session:
    """Return a session whose latest evaluation found the second model worse than its gates allow."""
    del blessed  # its model is the baseline
    return tiny.evaluate(
        tiny.train(2),
        Gate(metric="auc", min=0.6),
        Gate(metric="auc", slice={"city": "東京"}, min=0.999),
        Gate(metric="logloss", max=0.001),
        Gate(metric="auc", min_change=-0.5),
    )
