"""What tests of several folders share: TFX's warnings, and a small project that is trained once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from training.tiny import Tiny


def pytest_configure(config: pytest.Config) -> None:
    # TFX's warnings about names of its own, given when it is imported.
    config.addinivalue_line("filterwarnings", "ignore:::tfx.utils.deprecation_utils")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    """Return a project that `kit new` wrote, with its steps up to a trained model done."""
    from training import tiny as chain  # noqa: PLC0415  imports TFX, which most tests do without

    return chain.make(tmp_path_factory.mktemp("tiny"))
