"""Plain values for the view of signatures, and callables that stand for the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from widget_examples import HOSTILE

from widgets.signatures import Signatures
from widgets.values.signatures import Answered, Field, Signature, Tensor

ROWS = {"eval": 3_000, "train": 12_000}
SCORE = Tensor("score", "float32", "[any]")
ROW = {"age": "30", "city": "東京", "items": "i1, i2"}


def few_signatures() -> list[Signature]:
    """One that takes columns, and one that takes serialized examples of them."""
    inputs = [
        Tensor("age", "int64", "[any]"),
        Tensor("city", "string", "[any]"),
        Tensor("items", "string", "[any, 3]"),
    ]
    fields = [
        Field("age", "int64"),
        Field("city", "string"),
        Field("items", "string", "up to 3 values, with commas between them"),
    ]
    serialized = [Tensor("examples", "string", "[any]")]
    return [
        Signature("serving_default", inputs, [SCORE], fields),
        Signature(
            "examples",
            serialized,
            [SCORE, Tensor("words", "string", "[any, any]")],
            [*fields, Field("note", "string")],
        ),
    ]


@dataclass
class Model:
    """Stands for kit: takes an age that is a number, and does not answer about those above 99."""

    row: Mapping[str, str] = field(default_factory=lambda: ROW)
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def take(self, name: str, split: str, row: int) -> dict[str, str]:
        filled = {**self.row, "age": str(30 + row % 50)} if split else dict.fromkeys(self.row, "")
        return {**filled, "note": ""} if name == "examples" else filled

    def send(self, name: str, texts: Mapping[str, str]) -> Answered:
        self.calls.append((name, dict(texts)))
        age = texts["age"]
        if not age.isdigit():
            return {"age": f"this is a whole number, not {age!r}"}, [], 0.0
        if int(age) > 99:
            return {"": "the model does not answer: too old"}, [], 0.0
        outputs = [("score", "[1]", f"0.{age}")]
        return {}, [*outputs, ("words", "[1, 2]", "東京, Rom")] if name == "examples" else outputs, 1.234


def form(model: Model | None = None, **state: Any) -> Signatures:
    model = model or Model()
    return Signatures(few_signatures(), ROWS, model.take, model.send, **state)


def take_nothing(_name: str, _split: str, _row: int) -> dict[str, str]:
    return {}


def answer_nothing(_name: str, _texts: Mapping[str, str]) -> Answered:
    return {}, [], 0.0


def one_row() -> Signatures:
    return Signatures(few_signatures()[:1], {"eval": 1}, Model().take, Model().send, asked=["send"])


def all_missing() -> Signatures:
    """A signature of no inputs and no outputs, and no rows to take."""
    return Signatures([Signature("empty", (), (), ())], {"eval": 0}, take_nothing, answer_nothing)


def many_fields(amount: int = 500) -> Signatures:
    names = [f"column_{number:03}" for number in range(amount)]
    tensors = [Tensor(name, "string", "[any]") for name in names]
    one = Signature("serving_default", tensors, tensors, [Field(name, "string") for name in names])

    def send(_name: str, texts: Mapping[str, str]) -> Answered:
        return {}, [(name, "[1]", text) for name, text in texts.items()], 2.0

    return Signatures([one], ROWS, lambda _name, split, row: dict.fromkeys(names, f"{split} {row}"), send)


def many_signatures(amount: int = 500) -> Signatures:
    fields = few_signatures()[0].fields
    several = [Signature(f"signature_{number:03}", [SCORE], [SCORE], fields) for number in range(amount)]
    model = Model()
    return Signatures(several, ROWS, model.take, model.send)


def hostile_signatures() -> Signatures:
    """Signatures whose every text would do harm if it were taken for markup."""
    several = [
        Signature(
            text,
            [Tensor(text, text, text)],
            [Tensor(text, text, text)],
            [Field(name, name, name) for name in HOSTILE],
        )
        for text in HOSTILE
    ]

    def send(name: str, _texts: Mapping[str, str]) -> Answered:
        if name == HOSTILE[3]:
            return {HOSTILE[0]: HOSTILE[1]}, [], 0.0
        if name == HOSTILE[4]:
            return {"": HOSTILE[2]}, [], 0.0
        return {}, [(text, text, text) for text in HOSTILE], 1.0

    return Signatures(
        several,
        {HOSTILE[0]: 10},
        lambda _name, _split, _row: {text: text for text in HOSTILE},
        send,
        asked=["send"],
    )
