"""Profiles for views: the same in tests, in notebooks that tests open, and in golden files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from widget_examples import HOSTILE

from widgets.profile import Profiles

JIT, PLAIN = "13, jit_compile True", "12, lr 0.003"


class Operation(NamedTuple):
    """As `kit.training.boards.profile` gives it."""

    name: str
    type: str
    times: float
    microseconds: float
    fused: Sequence[str] = ()


class Profile(NamedTuple):
    """As `kit.training.boards.profile` gives it."""

    steps: int
    microseconds: float
    waiting: float
    producing: float
    operations: Sequence[Operation]

    @property
    def input_share(self) -> float:
        return self.waiting / self.microseconds

    @property
    def kernels(self) -> Sequence[Operation]:
        return [one for one in self.operations if one.type.startswith("XLA")]


def plain() -> Profile:
    return Profile(
        18, 11_900.0, 3_570.0, 1_249.0,
        [
            Operation("model/dense/MatMul", "MatMul", 1.0, 400.0),
            Operation("model/dense/Relu", "Relu", 1.0, 90.5),
            Operation("Adam/add", "AddV2", 2.0, 40.0),
        ],
    )  # fmt: skip


def compiled() -> Profile:
    return Profile(
        18, 6_900.0, 69.0, 771.0,
        [
            Operation("dot.3", "XLA kernel", 1.0, 300.0, ["model/dense/MatMul"]),
            Operation("add_fusion", "XLA fusion", 1.0, 20.25, ["Adam/add", "Adam/sqrt", "model/dense/Relu"]),
            Operation("GatherV2_7", "GatherV2", 1.0, 10.0),
            Operation("copy.1", "XLA kernel", 0.5, 1.0),
        ],
    )  # fmt: skip


def compared(**state: object) -> Profiles:
    return Profiles({JIT: compiled(), PLAIN: plain()}, **state)


def alone(**state: object) -> Profiles:
    return Profiles({PLAIN: plain()}, **state)


def empty() -> Profiles:
    return Profiles({})


def many(amount: int = 800, **state: object) -> Profiles:
    nodes = [f"model/layer_{number % 50}/node_{number}" for number in range(amount)]
    operations = [
        Operation(f"fusion.{number}", "XLA fusion", 1.0, float(amount - number), nodes[number : number + 100])
        for number in range(amount)
    ]
    before = [Operation(node, "Mul", 1.0, 2.0) for node in nodes]
    return Profiles(
        {"jit": Profile(20, 1e5, 1e3, 1e3, operations), "plain": Profile(20, 2e5, 1e3, 1e3, before)}, **state
    )


def hostile(**state: object) -> Profiles:
    operations = [Operation(name, name, 1.0, 1.0, HOSTILE) for name in HOSTILE]
    return Profiles({name: Profile(1, 1.0, 0.0, 0.0, operations) for name in HOSTILE}, **state)
