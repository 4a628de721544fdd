"""What breaks a client of a version, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kit.errors import InfraCheckError
from kit.release.contract import (
    Change,
    SignatureShape,
    TensorShape,
    changes,
    check_compatible,
    check_promised,
)

IDS, FIXED = TensorShape("string", (None, 100)), TensorShape("string", (None, 10))
SCORE = TensorShape("float32", (None, 100))
ANY = TensorShape("string", None)
OLD = SignatureShape({"user_id": TensorShape("string", (None,)), "item_ids": IDS}, {"score": SCORE})


def taking(**inputs: TensorShape) -> SignatureShape:
    return replace(OLD, inputs={**OLD.inputs, **inputs})


def giving(**outputs: TensorShape) -> SignatureShape:
    return replace(OLD, outputs=outputs)


@pytest.mark.parametrize(
    ("old", "new", "what", "breaks"),
    [
        (OLD, replace(OLD, inputs={"user_id": OLD.inputs["user_id"]}), "input item_ids is gone", True),
        (OLD, taking(age=TensorShape("int64", (None,))), "input age (int64 [any]) is new", True),
        (
            OLD,
            taking(item_ids=replace(IDS, dtype="int64")),
            "is int64 [any, 100], was string [any, 100]",
            True,
        ),
        (OLD, taking(item_ids=FIXED), "input item_ids is string [any, 10], was string [any, 100]", True),
        (OLD, taking(item_ids=TensorShape("string", (None,))), "input item_ids is string [any], was", True),
        (OLD, taking(item_ids=TensorShape("string", (None, None))), "is string [any, any], was", False),
        (OLD, taking(item_ids=ANY), "input item_ids is string of any shape, was", False),
        (taking(item_ids=ANY), OLD, "was string of any shape", True),
        (OLD, giving(), "output score is gone", True),
        (OLD, giving(click=SCORE), "output score is gone", True),
        (
            OLD,
            giving(score=SCORE, why=SCORE),
            "output why (float32 [any, 100]) is new, so REST answers",
            True,
        ),
        (
            giving(a=SCORE, b=SCORE),
            giving(a=SCORE, b=SCORE, c=SCORE),
            "output c (float32 [any, 100]) is",
            False,
        ),
        (OLD, giving(score=replace(SCORE, dtype="float64")), "output score is float64 [any, 100], was", True),
        (OLD, giving(score=TensorShape("float32", (None, None))), "output score is float32 [any, any]", True),
        (OLD, giving(score=TensorShape("float32", (1, 100))), "output score is float32 [1, 100], was", False),
        (OLD, replace(OLD, method="classify"), "it is for classify, was for predict", True),
    ],
    ids=[
        *("input gone", "input new", "input of another type", "input narrower", "input of another rank"),
        *("input wider", "input of any shape", "input not of any shape any more"),
        *("output gone", "output renamed", "second output", "third output", "output of another type"),
        *("output wider", "output narrower", "another method"),
    ],
)
def test_a_difference_breaks_clients_or_not(
    old: SignatureShape, new: SignatureShape, what: str, breaks: bool
) -> None:
    found = changes({"serving_default": old}, {"serving_default": new})
    assert what in str(found[0])
    assert found[0].breaks is breaks


def test_signatures_come_and_go() -> None:
    assert changes({"a": OLD, "b": OLD}, {"b": OLD, "c": OLD}) == [
        Change("a", "the signature is gone", breaks=True),
        Change("c", "a new signature", breaks=False),
    ]


def test_models_that_are_alike_have_no_difference() -> None:
    assert changes({"a": OLD}, {"a": taking()}) == []


GONE = Change("a", "input x is gone", breaks=True)
MORE = Change("a", "output y is new", breaks=False)


@pytest.mark.parametrize(
    ("found", "declared", "said"),
    [
        ([], None, "Clients of version 7 can use this model as it is."),
        ([MORE], None, "as it is; a: output y is new."),
        ([GONE, MORE], (7, "new app"), "must change, as declared (new app): a: input x is gone."),
    ],
    ids=["nothing", "nothing that breaks", "declared"],
)
def test_a_model_may_go_on(found: list[Change], declared: tuple[int, str] | None, said: str) -> None:
    assert said in check_compatible(found, 7, declared)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        (None, r"but a: input x is gone\. .*release: \{breaking: \{version: 7, why"),
        ((6, "new app"), r"input x is gone \(declared is a break with version 6\)"),
    ],
    ids=["not declared", "declared for an earlier version"],
)
def test_a_break_is_refused(declared: tuple[int, str] | None, message: str) -> None:
    with pytest.raises(InfraCheckError, match=message):
        check_compatible([MORE, GONE], 7, declared)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"a": OLD}, "of 1 signature in project.yml."),
        (
            {"a": OLD, "transform": OLD, "dump": OLD},
            "in project.yml, and has 2 that it does not promise: dump, transform.",
        ),
    ],
    ids=["as promised", "more than promised"],
)
def test_signatures_that_nobody_promised_are_named(found: dict[str, SignatureShape], said: str) -> None:
    assert check_promised({"a": OLD}, found).endswith(said)
