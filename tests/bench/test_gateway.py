"""The benchmark of malformed requests: what it throws is wrong for certain, and what gets through is counted."""

from __future__ import annotations

import json
from itertools import islice, repeat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.bench import gateway as bench
from kit.bench import malformed
from kit.errors import StepFailedError
from kit.gateway import filters
from kit.gateway.config import Limits

TOKEN = "aGVhZGVy.cGF5bG9hZA.c2lnbmF0dXJl"  # noqa: S105


@pytest.mark.parametrize("draw", [malformed.bad_json, malformed.bad_protos])
def test_a_seed_gives_the_same_again(draw: type) -> None:
    one, again, other = (list(islice(draw(seed), 200)) for seed in (1, 1, 2))
    assert one == again
    assert one != other
    assert len(set(one)) > 100


@given(st.integers(0, 1 << 32))
@settings(max_examples=50, deadline=None)
def test_no_token_that_is_drawn_is_the_valid_one(seed: int) -> None:
    for request in islice(malformed.without_token(seed, TOKEN, "x.y.z"), 50):
        head = request.partition(b"\r\n\r\n")[0]
        assert f"\r\nauthorization: Bearer {TOKEN}\r\n".encode() not in head + b"\r\n"


def test_a_body_is_wrong_for_certain() -> None:
    for body in islice(malformed.bad_json(3), 2000):
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            continue
        right = isinstance(found, dict) and set(found) == {"instances"} and found["instances"]
        numbers = right and isinstance(right, list) and all(isinstance(one, float) for one in right)
        assert not numbers, body


def test_who_has_no_token_reaches_nothing(tmp_path: Path) -> None:
    found = bench._without_token(tmp_path, 300)
    assert found.counts == {"refused": 300}
    assert found.reached == 0


def test_a_gateway_that_lets_strangers_through_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = filters.jwt_filter

    def lenient(plan: object) -> dict[str, object]:
        found = real(plan)  # type: ignore[arg-type]
        missing = {"requires_any": {"requirements": [{"provider_name": "tokens"}, {"allow_missing": {}}]}}
        found["typed_config"]["rules"] = [{"match": {"prefix": "/"}, "requires": missing}]
        return found

    monkeypatch.setattr(filters, "jwt_filter", lenient)
    monkeypatch.setattr(filters, "_named", lambda: filters.size_limit(Limits()))
    assert bench._without_token(tmp_path, 300).reached > 0


def test_a_gateway_that_lets_nobody_through_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "_good", lambda _token: malformed.http("/", b""))
    with pytest.raises(StepFailedError, match="the count proves nothing"):
        bench._without_token(tmp_path, 10)


def test_no_malformed_request_gets_through_gateway_or_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = 400
    assert bench._with_token(tmp_path / "all", requests) == {"refused": int(requests * 0.6)}
    monkeypatch.setattr(malformed, "bad_json", lambda _seed: repeat(b'{"instances": [1.0]}'))
    assert bench._with_token(tmp_path / "right", requests) == {
        "refused": int(requests * 0.35),
        "accepted": int(requests * 0.25),
    }
