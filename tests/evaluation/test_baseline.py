"""A pipeline's baseline is the model that was blessed last, and never the one that is judged."""

from __future__ import annotations

import pytest
from tfx.types import standard_artifacts

from kit.evaluation.baseline import LatestBlessedOther


def model(number: int) -> standard_artifacts.Model:
    made = standard_artifacts.Model()
    made.id = number
    return made


def verdict(number: int, judged: int, blessed: int) -> standard_artifacts.ModelBlessing:
    made = standard_artifacts.ModelBlessing()
    made.id = number
    made.set_int_custom_property("current_model_id", judged)
    made.set_int_custom_property("blessed", blessed)
    return made


@pytest.mark.parametrize(
    ("candidate", "verdicts", "expected"),
    [
        pytest.param(9, [(20, 1, 1), (21, 2, 1), (22, 3, 0)], [2], id="the latest that was blessed"),
        pytest.param(2, [(20, 1, 1), (21, 2, 1)], [1], id="from the cache: not against itself"),
        pytest.param(9, [(21, 1, 1), (20, 2, 1)], [1], id="by the verdict, not by the model"),
        pytest.param(9, [(20, 8, 1)], [], id="a model that is gone"),
        pytest.param(1, [(20, 1, 1)], [], id="the first model has none"),
        pytest.param(9, [], [], id="nothing was judged yet"),
    ],
)
def test_the_baseline_is_another_blessed_model(
    candidate: int, verdicts: list[tuple[int, int, int]], expected: list[int]
) -> None:
    given = {
        "candidate": [model(candidate)],
        "model": [model(number) for number in (1, 2, 3, candidate)],
        "model_blessing": [verdict(*one) for one in verdicts],
    }
    found = LatestBlessedOther().resolve_artifacts(None, given)
    assert [one.id for one in found["model"]] == expected
    judged = [one.get_int_custom_property("current_model_id") for one in found["model_blessing"]]
    assert judged == expected
