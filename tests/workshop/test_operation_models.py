"""The packages of the exercise with a slow operation: they answer the same, so that only time tells them apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kit.release.package_samples import read_samples
from kit.serving.servable import DEFAULT_SIGNATURE, Servable
from kit.workshop.operation_models import CATALOGUE, MODEL, PACKAGES, VERSION, request_of, save_package


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {name: save_package(name, tmp_path_factory.mktemp("packages"), 3) for name in PACKAGES}


def test_all_answer_the_same(packages: dict[str, Path]) -> None:
    answers = {}
    for name, package in packages.items():
        servable = Servable.load(MODEL, VERSION, package)
        answers[name] = servable.run(DEFAULT_SIGNATURE, request_of(3))["score"]
        servable.close()
    assert np.ptp(answers["served"]) > 0.1, "else it is easy to answer the same"
    for name in ("candidate", "next candidate"):
        np.testing.assert_allclose(answers[name], answers["served"], rtol=1e-6)


def test_each_has_a_request_of_its_own(packages: dict[str, Path]) -> None:
    assert {name: len(read_samples(package)) for name, package in packages.items()} == dict.fromkeys(
        PACKAGES, 1
    )


def test_the_request_follows_from_the_seed() -> None:
    asked = {seed: request_of(seed)["item_ids"] for seed in range(20)}
    assert len({one.shape for one in asked.values()}) > 5
    assert all(one.min() >= 0 and one.max() < CATALOGUE for one in asked.values())
    assert (request_of(4)["item_ids"] == asked[4]).all()
