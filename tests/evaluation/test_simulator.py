"""The verdict is TFMA's: of generated evaluations for their own gates and for others, and of stored runs."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tensorflow_model_analysis as tfma
import yaml

from evaluation.generated import Generated, judge_as_evaluator
from kit.evaluation.simulator import Bound, Decisive, StoredEvaluation, bounds_of
from kit.evaluation.simulator_desk import SimulatorDesk
from kit.project import Project
from kit.project.file import Gate

if TYPE_CHECKING:
    from training.tiny import Tiny

    from kit.session import Session

SEEDS = range(80)


@pytest.fixture(scope="module")
def recommender() -> Project:
    return Project.load("recommender")


def test_the_verdict_is_that_of_tfma(
    recommender: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_as_evaluator(monkeypatch)
    verdicts: Counter[bool] = Counter()
    for seed in SEEDS:
        made = Generated(recommender, seed)
        verdict = made.write(tmp_path / f"{seed}")
        stored = StoredEvaluation(tmp_path / f"{seed}")
        assert stored.passes(stored.bounds()) is verdict, f"seed {seed}: {made.project.spec.gates}"
        own = bounds_of(made.project.spec.gates)
        assert stored.passes(own) is verdict, f"seed {seed}: {made.project.spec.gates}"
        verdicts[verdict] += 1
    assert min(verdicts[True], verdicts[False]) > len(SEEDS) / 5, verdicts


def test_so_is_the_verdict_on_other_gates(
    recommender: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_as_evaluator(monkeypatch)
    verdicts: Counter[bool] = Counter()
    for seed in SEEDS:
        made = Generated(recommender, 1_000 + seed)
        made.write(tmp_path / f"{seed}")
        stored = StoredEvaluation(tmp_path / f"{seed}")
        for gates in (made.gates() for _ in range(4)):
            verdict = made.verdict(gates)
            assert stored.passes(bounds_of(gates)) is verdict, f"seed {seed}: {gates}"
            verdicts[verdict] += 1
    assert min(verdicts[True], verdicts[False]) > len(SEEDS), verdicts


def test_what_was_not_evaluated_is_not_known(recommender: Project, tmp_path: Path) -> None:
    made = Generated(recommender, 3)
    made.metrics = {(): made.metrics[()]}
    made.write(tmp_path)
    stored = StoredEvaluation(tmp_path)
    later = Bound("ndcg_at_k", (), "at least", 0.1)
    assert stored.decisive(later) == Decisive(None, note="metric not evaluated")
    category = Bound("auc", (("category", "pets"),), "at least", 0.1)
    assert stored.decisive(category) == Decisive(None, note="slice not evaluated")
    crossed = Bound("auc", (("device", "mobile"), ("position", "1")), "at least", 0.1)
    assert stored.verdict(crossed) is None
    gone = Bound("auc", (("device", "mobile"),), "at least", 0.1)
    assert stored.decisive(gone) == Decisive(None, met=False, note="no such row")
    assert stored.passes([later]) is None
    assert stored.passes([later, gone]) is False


def test_the_worst_slice_of_a_family_decides(recommender: Project, tmp_path: Path) -> None:
    made = Generated(recommender, 5)
    made.write(tmp_path)
    family = (("region", "*"),)
    of_region = {
        key[0][1]: value
        for key, values in made.metrics.items()
        if len(key) == 1 and key[0][0] == "region" and made.slices[key] >= made.least_rows
        for metric, value in values.items()
        if metric.name == "auc" and not metric.is_diff and metric.model_name != "baseline"
    }
    stored = StoredEvaluation(tmp_path)
    least, most = (stored.decisive(Bound("auc", family, kind, 0.0)) for kind in ("at least", "at most"))
    assert least.value == min(of_region.values())
    assert most.value == max(of_region.values())
    assert {least.slice, most.slice} <= {f"region={name}" for name in of_region}


@pytest.mark.parametrize(("kind", "below", "above"), [("at least", False, True), ("at most", True, False)])
def test_a_value_right_at_its_threshold_meets_it(kind: str, below: bool, above: bool) -> None:
    bound = Bound("auc", (), kind, 0.5)  # type: ignore[arg-type]
    assert bound.is_met_by(0.5)
    assert bound.is_met_by(math.nextafter(0.5, 0)) is below
    assert bound.is_met_by(math.nextafter(0.5, 1)) is above
    assert not bound.is_met_by(math.nan)


def test_without_an_evaluation_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"has no eval_config\.json"):
        StoredEvaluation(tmp_path)


def test_every_stored_run_has_the_verdict_of_its_blessing(tiny: Tiny, rejected: Session) -> None:
    del rejected  # it and one before it are judged
    session = tiny.evaluate(tiny.train(2), Gate(metric="auc", slice={"city": "*"}, min=0.5, max=0.9999))
    judged = 0
    for _, outputs in session.history("Evaluator"):
        folder = Path(outputs["evaluation"][0].uri)
        stored, result = StoredEvaluation(folder), tfma.load_validation_result(str(folder))
        blessing = outputs["blessing"][0]
        assert stored.passes(stored.bounds()) is result.validation_ok
        assert bool(blessing.get_int_custom_property("blessed")) is result.validation_ok
        judged += 1
    assert judged >= 3


def test_the_desk_shows_the_last_runs_and_writes_gates(
    tiny: Tiny, rejected: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = SimulatorDesk(rejected)
    assert [(one.metric, one.slice_name, one.kind) for one in simulator.thresholds] == [
        ("auc", "all rows", "at least"),
        ("auc", "city=東京", "at least"),
        ("logloss", "all rows", "at most"),
        ("auc", "all rows", "change at least"),
    ]
    latest = simulator.runs[0]
    assert latest.blessed is False
    [overall, city, loss, change] = latest.found
    assert overall.value is not None
    assert city.slice == "city=東京"
    assert loss.value is not None
    assert change.value is not None, "there is a baseline"
    folders = {outputs["evaluation"][0].uri for _, outputs in rejected.history("Evaluator")}
    assert len(simulator.runs) == min(len(folders), 20), (
        "an evaluation that came from the cache again is there once"
    )
    monkeypatch.setenv("KIT_LANGUAGE", "zh")
    [translated] = SimulatorDesk(rejected, last=1).runs
    assert translated.name.startswith("模型 ")
    assert translated.found == latest.found
    passing = [0.5, 0.1, 10.0, -1.0]
    met = [
        bound.is_met_by(decisive.value)
        for bound, decisive in zip(bounds_of(_gates(simulator.gates(passing))), latest.found, strict=True)
        if decisive.value is not None
    ]
    assert met == [True] * 4
    own = [bound.threshold for bound in simulator.thresholds]
    assert _gates(simulator.gates(own)) == rejected.project.spec.gates
    assert tiny.project.spec.gates != rejected.project.spec.gates


def _gates(text: str) -> tuple[Gate, ...]:
    return tuple(Gate(**gate) for gate in yaml.safe_load(text)["gates"])
