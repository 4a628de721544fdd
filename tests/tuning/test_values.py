from __future__ import annotations

from pathlib import Path

import pytest

from kit.errors import SearchSpaceError
from kit.training.config import Training
from kit.tuning.records import Value
from kit.tuning.values import apply, present

FILE = Path("shop/model.py")


def test_fields_of_training_and_those_of_the_model_go_where_they_are_read() -> None:
    base = Training(epochs=3, model={"units": 8, "activation": "relu"})
    made = apply(base, {"learning_rate": 0.5, "units": 16, "dropout": 0.25}, FILE)
    assert (made.epochs, made.learning_rate) == (3, 0.5)
    assert made.model == {"units": 16, "activation": "relu", "dropout": 0.25}
    assert base.model == {"units": 8, "activation": "relu"}


def test_zero_is_a_value() -> None:
    assert apply(Training(early_stopping=3), {"early_stopping": 0}, FILE).early_stopping == 0


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning_rate": -1.0}, "shop/model.py: search_space gives learning_rate the value -1.0"),
        ({"batch_size": 0}, "shop/model.py: search_space gives batch_size the value 0"),
        ({"seed": 3}, "shop/model.py: .* but 'seed' is the same for all trials"),
        ({"strategy": "mirrored"}, "'strategy' is the same for all trials"),
    ],
)
def test_what_training_cannot_have_names_file_and_field(values: dict[str, Value], message: str) -> None:
    with pytest.raises(SearchSpaceError, match=message):
        apply(Training(), values, FILE)


def test_what_a_training_says_of_a_search_space() -> None:
    mine = present(Training(learning_rate=0.25, model={"units": 8}))
    assert (mine["learning_rate"], mine["units"]) == (0.25, 8)
    assert not {"seed", "strategy", "model"} & set(mine)
