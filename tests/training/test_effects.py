"""What each switch is worth is measured, a training is proved to repeat, and XLA never holds one up."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import pytest

from kit.errors import StepFailedError
from kit.training import effects, xla
from kit.training.config import Training
from kit.training.effects import AS_SET, Effect
from kit.training.isolated import TookTooLongError, job_of, run_isolated
from kit.training.job import Job
from kit.training.proof import NotRepeatableError, compare, digests, prove
from kit.training.resolve import resolved

if TYPE_CHECKING:
    from training.tiny import Tiny

SMALL = Training(epochs=1, batch_size=32, learning_rate=0.01, seed=5)


def sleep(_payload: bytes, _report: Callable[[str], None]) -> bytes:
    time.sleep(60)
    return b""


def fail(_payload: bytes, _report: Callable[[str], None]) -> bytes:
    raise RuntimeError("no luck")


def name_process(payload: bytes, _report: Callable[[str], None]) -> bytes:
    return json.dumps([os.getpid(), payload.decode(), os.environ.get("OF_ITS_OWN")]).encode()


def test_a_function_runs_in_a_process_of_its_own() -> None:
    answer = run_isolated(name_process, b"asked", "naming", environ={**os.environ, "OF_ITS_OWN": "yes"})
    process, *rest = json.loads(answer)
    assert process != os.getpid()
    assert rest == ["asked", "yes"]


def test_what_takes_too_long_is_ended() -> None:
    started = time.monotonic()
    with pytest.raises(
        TookTooLongError, match=r"sleeping must be done within 1 s, and was ended after [\d]+ s"
    ):
        run_isolated(sleep, b"", "sleeping", seconds=1)
    assert time.monotonic() - started < 30


def test_what_fails_says_why() -> None:
    with pytest.raises(StepFailedError, match=r"failing did not return a result: RuntimeError: no luck"):
        run_isolated(fail, b"", "failing")


@pytest.mark.slow
def test_each_switch_is_tried_and_compared(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: dict[str, dict[str, Any]] = {"steps_per_execution 10": {"steps_per_execution": 10}}
    wanted["input streamed, without cache"] = {"memory_mb": 0, "cache": False}
    wanted["learning rate of a negative kind"] = {"learning_rate": -1.0}
    monkeypatch.setattr(effects, "_switches", lambda _: wanted.items())
    table = effects.effects(tiny.session, SMALL).set_index("setting")
    assert list(table.index) == [AS_SET, *wanted]
    assert table["ratio"][AS_SET] == 1.0
    tried = table.drop("learning rate of a negative kind")
    assert (tried["steps_per_second"] > 1).all()
    assert tried["note"].str.fullmatch(r"the input alone takes \d+% of a step").all()
    failed = table.loc["learning rate of a negative kind"]
    assert set(failed[["steps_per_second", "ratio"]]) == {effects._UNKNOWN}
    assert "learning_rate" in failed["note"]


def test_each_setting_is_told_of_when_it_has_been_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def tried(_session: object, _training: object, name: str, *_: object) -> Effect:
        assert len(said) == len(order), "those before it have been told of"
        order.append(name)
        return Effect(name, None if "jit" in name else 1234.0, None, "")

    order: list[str] = []
    monkeypatch.setattr(effects, "_try", tried)
    table = effects.effects(cast("Any", None), SMALL, say=said.append)
    assert list(table["setting"]) == order
    assert "NaN" not in table.to_string(), "a dash stands for what is not known"
    of = len(order)
    assert said[0] == f"1 of {of}, as set: 1,234 steps per second"
    number = order.index("jit_compile on") + 1
    assert said[number - 1] == f"{number} of {of}, jit_compile on: could not train"
    assert len(said) == of


def test_all_switches_are_settings_of_training() -> None:
    tried = list(effects._switches(SMALL))
    assert len({name for name, _ in tried}) == len(tried) >= 8
    fields = {key for _, changes in tried for key in changes} - {"cache", "ahead"}
    assert fields < set(Training.model_fields)


@pytest.mark.slow
def test_a_training_is_proved_to_repeat(tiny: Tiny) -> None:
    proof = prove(tiny.session, SMALL, steps=12)
    assert (proof.steps, proof.seed) == (12, 5)
    assert proof.weights > 5
    other = json.dumps({"job": job_of(tiny.session, SMALL).to_json(), "steps": 13}).encode()
    found = json.loads(run_isolated(digests, other, "another"))
    assert compare(found, found, 13, 5, 1.0).digest != proof.digest, "a step more gives other weights"


def test_weights_that_differ_are_named() -> None:
    one = {"a/kernel (0)": "1", "b/bias (1)": "2"}
    with pytest.raises(
        NotRepeatableError, match=r"after 3 steps 1 of 2 differ: b/bias \(1\)\. Look in model\.py"
    ):
        compare(one, {**one, "b/bias (1)": "3"}, 3, 7, 1.0)


def job(tiny: Tiny, **changes: Any) -> Job:
    return job_of(tiny.session, SMALL.model_copy(update={"jit_compile": True, **changes}))


def test_a_step_that_xla_does_not_compile_in_time_is_trained_without(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(xla, "compile_step", sleep)
    assert not resolved(job(tiny, jit_seconds=1)).training.jit_compile
    assert "XLA is left out: compiling with XLA must be done within 1 s" in capsys.readouterr().out


def test_a_step_that_xla_cannot_compile_is_trained_without(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(xla, "compile_step", fail)
    assert not resolved(job(tiny)).training.jit_compile
    assert "no luck" in capsys.readouterr().out


@pytest.mark.slow
def test_xla_compiles_a_small_model(tiny: Tiny) -> None:
    assert resolved(job(tiny, jit_seconds=300)).training.jit_compile


def test_xla_is_for_one_device(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> None:
    assert not resolved(job(tiny, strategy="mirrored")).training.jit_compile
    assert "the strategy is mirrored" in capsys.readouterr().out


def test_replicas_that_gather_gradients_train_a_step_an_execution(tiny: Tiny) -> None:
    """TensorFlow mixes up the sizes of two steps of one execution where the last batch is smaller."""
    gathering = resolved(job(tiny, strategy="mirrored", steps_per_execution=8))
    assert gathering.training.steps_per_execution == 1
    others = resolved(job(tiny, strategy="parameter_server", steps_per_execution=8))
    assert others.training.steps_per_execution == 8
