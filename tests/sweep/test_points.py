from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from kit.sweep.errors import SweepError
from kit.sweep.points import declared_by, make_points
from kit.sweep.space_file import SpaceFile

from .conftest import WriteNotebook

CELL = 'rate: float = 0.1  # 0 to 1\nsize: int = 1  # 1 to 90\nkind: str = "a"  # one of: a, b\nfast: bool = False'


@pytest.fixture
def chain(write_notebook: WriteNotebook) -> list[Path]:
    return [write_notebook("fit", CELL)]


def points(chain: list[Path], **content: Any) -> list[dict[str, Any]]:
    return make_points(SpaceFile.model_validate(content), chain, "x.yml")


def test_a_grid_has_every_combination_in_the_types_of_the_parameters(chain: list[Path]) -> None:
    found = points(chain, parameters={"rate": [0, 1], "kind": ["a", "b"], "fast": ["yes"]})
    assert found == [{"rate": rate, "kind": kind, "fast": True} for rate in (0.0, 1.0) for kind in ("a", "b")]
    assert all(isinstance(point["rate"], float) for point in found)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("rate", {"min": 0.1, "max": 0.5, "step": 0.2}, [0.1, 0.3, 0.5]),
        ("rate", {"min": 0, "max": 1, "count": 3}, [0.0, 0.5, 1.0]),
        ("rate", {"min": 0.001, "max": 0.1, "count": 3, "log": True}, [0.001, 0.01, 0.1]),
        ("size", {"min": 2, "max": 5}, [2, 3, 4, 5]),
        ("size", {"min": 1, "max": 64, "count": 4, "log": True}, [1, 4, 16, 64]),
        ("size", {"min": 1, "max": 2, "count": 9}, [1, 2]),
        ("size", {"min": 2.0, "max": "1e1", "step": 4}, [2, 6, 10]),
    ],
)
def test_a_range_of_a_grid(chain: list[Path], name: str, values: dict[str, Any], expected: list[Any]) -> None:
    assert [point[name] for point in points(chain, parameters={name: values})] == expected


def test_chance_follows_from_the_seed_and_repeats_nothing(chain: list[Path]) -> None:
    space = {
        "rate": {"min": 0.001, "max": 1, "log": True},
        "size": {"min": 1, "max": 3},
        "kind": ["a", "b"],
    }
    found = points(chain, way="random", count=300, seed=5, parameters=space)
    assert found == points(chain, way="random", count=300, seed=5, parameters=space)
    assert found != points(chain, way="random", count=300, seed=6, parameters=space)
    assert len({tuple(point.values()) for point in found}) == 300
    rates = [math.log10(point["rate"]) for point in found]
    assert all(-3 <= rate <= 0 for rate in rates)
    assert 0.25 < sum(rate < -2 for rate in rates) / 300 < 0.42  # a third of the factors
    for size in (1, 2, 3):
        assert 70 < sum(point["size"] == size for point in found) < 130


def test_chance_reaches_both_ends_of_whole_numbers_and_steps(chain: list[Path]) -> None:
    space: dict[str, Any] = {"size": {"min": 1, "max": 4, "log": True}}
    assert {point["size"] for point in points(chain, way="random", count=4, parameters=space)} == {1, 2, 3, 4}
    space = {"rate": {"min": 0, "max": 1, "step": 0.5}}
    assert {point["rate"] for point in points(chain, way="random", count=3, parameters=space)} == {
        0.0,
        0.5,
        1.0,
    }


def test_a_list_is_taken_as_it_is_but_for_repetitions(chain: list[Path]) -> None:
    listed = ({"rate": 0.1}, {"rate": 0.2, "kind": "b"}, {"rate": 0.1})
    assert points(chain, way="list", points=listed) == [{"rate": 0.1}, {"rate": 0.2, "kind": "b"}]
    turned = ({"rate": 1, "size": 2}, {"size": "2", "rate": 1.0})
    assert points(chain, way="list", points=turned) == [{"rate": 1.0, "size": 2}]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"parameters": {"speed": [1]}}, "but speed is not. They declare fast, kind, rate, size"),
        (
            {"parameters": {"rate": [0.5, 7]}},
            "x.yml, point 2 (rate: 7): The parameter rate must be 0 to 1, but is 7",
        ),
        ({"parameters": {"rate": [1]}, "fixed": {"nope": 1}}, "There is no parameter 'nope'"),
        (
            {"parameters": {"rate": {"min": 0, "max": 1}}},
            "must say how many values it has, but rate does not",
        ),
        (
            {"parameters": {"size": {"min": 1, "max": 10**12}}},
            "may have 10,000 points, but size alone has 1,000,000,000,000 values",
        ),
        (
            {"parameters": {"kind": {"min": 0, "max": 1, "count": 2}}},
            "a range is of numbers, but kind is str",
        ),
        (
            {"parameters": {"rate": {"min": 0, "max": 1, "count": 5000}, "size": [1, 2, 3]}},
            "5000 rate x 3 size are 15,000",
        ),
        (
            {"way": "random", "count": 5, "parameters": {"size": {"min": 1, "max": 3}}},
            "5 different points are asked for, of at most 10,000, but only 3 were found",
        ),
        (
            {"way": "random", "count": 3, "parameters": {"size": [2, "2", "02", 3]}},
            "3 different points are asked for, of at most 10,000, but only 2 were found",
        ),
    ],
)
def test_what_cannot_be_swept_is_told(chain: list[Path], content: dict[str, Any], expected: str) -> None:
    with pytest.raises(SweepError) as error:
        points(chain, **content)
    assert expected in str(error.value)


@pytest.mark.parametrize("way", [{"way": "grid"}, {"way": "random", "count": 2}])
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"min": 2.2, "max": 2.8}, "but min is 2.2 and max is 2.8. Give whole ones"),
        ({"min": 2.4, "max": 5, "count": 3}, "but min is 2.4. Give"),
        ({"min": 2, "max": 10, "step": 3.5}, "but step is 3.5. Give"),
    ],
)
def test_a_range_of_an_int_has_whole_ends_and_steps(
    chain: list[Path], way: dict[str, Any], values: dict[str, Any], expected: str
) -> None:
    with pytest.raises(SweepError) as error:
        points(chain, **way, parameters={"size": values})
    assert "x.yml: min, max and step of size must be whole numbers" in str(error.value)
    assert expected in str(error.value)


def test_a_notebook_gets_only_what_it_declares(chain: list[Path]) -> None:
    assert declared_by(chain, {"rate": 0.5, "project_name": "x"}) == {"rate": 0.5}
