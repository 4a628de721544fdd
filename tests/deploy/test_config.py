from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kit.deploy.config import Batching, Container, DeploySettings


@pytest.mark.parametrize(
    ("image", "fixed"),
    [
        ("tensorflow/serving:2.20.0", True),
        ("registry.example.org:5000/serving@sha256:" + "0a1b" * 16, True),
        ("tensorflow/serving", False),
        ("tensorflow/serving:latest", False),
        ("registry.example.org:5000/serving", False),
    ],
)
def test_an_image_has_a_version(image: str, *, fixed: bool) -> None:
    if fixed:
        assert Container(image=image).image == image
    else:
        with pytest.raises(ValidationError, match="other than latest"):
            Container(image=image)


@pytest.mark.parametrize(
    ("cpu", "cores"), [("2", 2), ("500m", 1), ("1500m", 2), ("0.5", 1), ("2.5", 3), ("16", 16)]
)
def test_cores_are_threads_that_can_be_kept_busy(cpu: str, cores: int) -> None:
    assert Container(image="one:1", cpu=cpu).cores == cores


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"serving": {"image": "one:1", "cpu": "0"}}, "more than 0 cores"),
        ({"serving": {"image": "one:1", "cpu": "two"}}, "such as 2, 0.5 or 500m, but found 'two'"),
        ({"serving": {"image": "Our Server:1"}}, "shop/kit:1, but found 'Our Server:1'"),
        ({"serving": {"image": "one:1", "memory": "2 GB"}}, "512Mi or 2Gi, but found '2 GB'"),
        ({"scaling": {"min_replicas": 3, "max_replicas": 2}}, "below min_replicas"),
        ({"clients": {"labels": {"app": "not one"}}}, "label of Kubernetes"),
        ({"clients": {"labels": {"-app": "one"}}}, "label of Kubernetes"),
        ({"name": "Shop"}, "lowercase letters"),
        ({"name": "s" * 41}, "lowercase letters"),
        ({"claim_folder": "../secrets"}, "such as serving/shop"),
        ({"claim_folder": "/serving"}, "such as serving/shop"),
        ({"namespace": "ML"}, "at most 63 lowercase letters, digits and -"),
        ({"replicas": 2}, "Extra inputs"),
    ],
    ids=str,
)
def test_what_kubernetes_would_refuse_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DeploySettings.model_validate(given)


@pytest.mark.parametrize("sizes", [(8, 4, 32), (8, 16), (8, 8, 32)])
def test_allowed_sizes_end_with_the_largest(sizes: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError, match="end with max_batch_size 32"):
        Batching(allowed_batch_sizes=sizes)
    assert Batching(allowed_batch_sizes=(8, 16, 32)).max_batch_size == 32
