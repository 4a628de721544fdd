"""Every error tells a scheduler its number, also when only its name or its pickle arrives."""

from __future__ import annotations

import pickle

import pytest

from kit import errors
from kit.errors import ExitCode, KitError, exit_code_of

ALL = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, KitError)]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_an_error_keeps_its_words_and_its_number_on_the_way_out_of_a_process(kind: type[KitError]) -> None:
    arrived = pickle.loads(pickle.dumps(kind("expected, found, what to do")))  # noqa: S301  our own bytes
    assert type(arrived) is kind
    assert str(arrived) == "expected, found, what to do"
    assert exit_code_of(kind.__name__) == kind.exit_code != ExitCode.DONE


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("but: No such table.. Correct it.", "but: No such table. Correct it."),
        ("Name 'a.yml'..", "Name 'a.yml'."),
        ("It is in ../x, or in .. above; wait ...", "It is in ../x, or in .. above; wait ..."),
    ],
)
def test_a_quoted_sentence_ends_with_one_full_stop(said: str, shown: str) -> None:
    assert KitError(said).in_words() == shown


def test_numbers_are_those_of_the_contract() -> None:
    numbers = {
        2: "USAGE",
        10: "DATA_ANOMALY",
        11: "DRIFT",
        12: "NOT_BLESSED",
        13: "INFRA_CHECK",
        14: "ROWS_LOST",
    }
    numbers |= {0: "DONE", 15: "OUT_OF_TIME", 20: "STEP_FAILED", 21: "INTERRUPTED"}
    assert {int(code): code.name for code in ExitCode} == numbers


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("KeyboardInterrupt", ExitCode.INTERRUPTED),
        ("ValueError", ExitCode.STEP_FAILED),
        ("AssertionError", ExitCode.STEP_FAILED),
        ("NobodysError", ExitCode.STEP_FAILED),
        ("DataAnomalyError", ExitCode.DATA_ANOMALY),
        ("ProjectError", ExitCode.USAGE),
    ],
)
def test_the_name_of_an_error_in_a_kernel_is_enough(name: str, code: ExitCode) -> None:
    assert exit_code_of(name) == code
