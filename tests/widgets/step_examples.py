"""Steps at different moments, as kit tells of them."""

from __future__ import annotations

from widget_examples import HOSTILE

from kit.steps.monitor import Made, StepNow

_CHAIN = ("ExampleGen", "StatisticsGen", "SchemaGen", "ExampleValidator", "Transform", "Trainer", "Evaluator")
_LOG = "workspace/logs/recommender/Trainer.log"
_FOLDER = "workspace/artifacts/recommender/Trainer"


def chain(state: str) -> dict[str, str]:
    """The chain before and after Trainer, which is in a state."""
    place = _CHAIN.index("Trainer")
    states = {name: "done" if index < place else "to do" for index, name in enumerate(_CHAIN)}
    return {**states, "Trainer": state}


def running(seconds: float = 12.4, said: str = "epoch 3 of 20, loss 0.412") -> StepNow:
    reasons = ("custom_config.training.epochs: 5 → 20", "input transform_graph: #9 → #21")
    return StepNow("Trainer", "running", seconds, said, reasons, log=_LOG, chain=chain("running"))


def done() -> StepNow:
    made = (
        Made("model", "Model", f"{_FOLDER}/model/14"),
        Made("model_run", "ModelRun", f"{_FOLDER}/model_run/14"),
    )
    lines = tuple(f"Epoch {number}/20 - loss: 0.41{number}" for number in range(1, 6))
    return StepNow("Trainer", "done", 31.26, "", running().differences, made, _LOG, lines, chain("done"))


def cached() -> StepNow:
    return StepNow("Trainer", "cached", 0.21, made=done().made, log=_LOG, chain=chain("cached"))


def failed() -> StepNow:
    lines = ("Traceback (most recent call last):", "ValueError: no rows")
    return StepNow("Trainer", "failed", 2.0, log=_LOG, last_lines=lines, chain=chain("failed"))


def hostile() -> StepNow:
    made = tuple(Made(text, text, text) for text in HOSTILE)
    return StepNow(
        HOSTILE[0],
        "interrupted",
        1.0,
        HOSTILE[1],
        HOSTILE,
        made,
        HOSTILE[2],
        HOSTILE,
        dict.fromkeys(HOSTILE, "done"),
    )


def many() -> StepNow:
    """More of everything than anybody reads, and long texts."""
    text = "x" * 5_000
    made = tuple(Made(f"made {number}", "Model", text) for number in range(500))
    names = {f"step {number}": "to do" for number in range(50)}
    return StepNow("step 7", "done", 1.0, text, (text,) * 500, made, text, (text,) * 20, names)
