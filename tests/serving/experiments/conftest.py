"""What tests of experiments in a server share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.serving.experiments import splitter
from serving.models import config_text, save_linear

from .trial import CANDIDATE_VERSION, Trial


@pytest.fixture
def trial(tmp_path: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trial]:
    monkeypatch.setattr(splitter, "_LOOK_SECONDS", 0.0)
    save_linear(base, CANDIDATE_VERSION, 3.0)
    base.with_name("models.config").write_text(config_text(base, "model_version_policy { all {} }"))
    trial = Trial(tmp_path / "experiments", base)
    with trial.server:
        trial.server.start()
        yield trial
