"""A model that misses a gate is told so, number by number; the latest blessed one is what it is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import tensorflow as tf
from valid_projects import altered

from kit.data.records import count_records, read_records
from kit.errors import ExitCode, NotBlessedError
from kit.evaluation.config import latest_blessed
from kit.evaluation.results import check_blessed, example_count, gates_table, metrics_table
from kit.project.file import Gate
from kit.release.signatures import load_signatures

if TYPE_CHECKING:
    from training.tiny import Tiny

    from kit.session import Session


def metric(session: Session, name: str, on: str = "all rows") -> float:
    table = metrics_table(session.path("Evaluator", "evaluation"), session.project).set_index("slice")
    return float(table[name][on])


def test_a_model_that_meets_its_gates_is_blessed(blessed: Session) -> None:
    assert check_blessed(blessed) == "The model met every gate and is blessed."
    table = gates_table(blessed.path("Evaluator", "evaluation"), blessed.project)
    assert table[["metric", "slice", "bound"]].to_numpy().tolist() == [
        ["auc", "all rows", "at least 0.6"],
        ["auc", "city=Rom", "at least 0.5"],
        ["auc", "all rows", "change at least 0.9"],  # met as long as there is no baseline
    ]
    assert table["met"].all()


def test_a_missed_gate_is_named_with_metric_slice_bound_and_value(rejected: Session) -> None:
    with pytest.raises(NotBlessedError) as caught:
        check_blessed(rejected)
    [_, auc, logloss, advice] = str(caught.value).splitlines()  # and none of the gates that were met
    value = metric(rejected, "auc", "city=東京")
    assert auc.startswith(f"  auc on city=東京: at least 0.999, found {value:.4f}")
    value = metric(rejected, "logloss")
    assert logloss.startswith(f"  logloss on all rows: at most 0.001, found {value:.4f}")
    assert "not pushed" in advice
    assert caught.value.exit_code == ExitCode.NOT_BLESSED


def test_the_baseline_is_the_latest_blessed_model(tiny: Tiny, rejected: Session) -> None:
    first, second = tiny.train(1), tiny.train(2)
    inputs, _ = rejected.history("Evaluator")[0]
    assert [inputs["model"][0].id, inputs["baseline_model"][0].id] == [second.id, first.id]
    baseline = latest_blessed(rejected, excluding=second.id)
    assert baseline is not None
    assert baseline.id == first.id
    assert latest_blessed(rejected, excluding=first.id) is None, "the rejected model is never a baseline"


def test_without_a_blessed_model_there_is_no_baseline(blessed: Session) -> None:
    inputs, _ = blessed.history("Evaluator")[0]
    assert "baseline_model" not in inputs


def test_a_change_is_the_difference_to_the_baseline_and_better_is_positive(rejected: Session) -> None:
    gates = [Gate(metric=name, min_change=-0.5) for name in ("auc", "logloss")]
    [(_, now), (_, before), *_] = rejected.history("Evaluator")
    latest, baseline = (
        gates_table(Path(outputs["evaluation"][0].uri), altered(rejected.project, gates=gates)).set_index(
            "metric"
        )
        for outputs in (now, before)
    )
    gain = latest["value"] - baseline["value"]
    assert latest["change"]["auc"] == pytest.approx(gain["auc"], abs=1e-6)
    assert latest["change"]["logloss"] == pytest.approx(-gain["logloss"], abs=1e-6)


def test_a_gate_on_rows_that_are_not_there_is_missed(blessed: Session) -> None:
    project = altered(blessed.project, gates=(Gate(metric="auc", slice={"city": "Atlantis"}, min=0.1),))
    [gate] = gates_table(blessed.path("Evaluator", "evaluation"), project).to_dict("records")
    assert not gate["met"]


def test_every_row_is_evaluated_in_its_slice(tiny: Tiny, blessed: Session) -> None:
    evaluation, examples = blessed.path("Evaluator", "evaluation"), tiny.path("ExampleGen", "examples")
    assert example_count(evaluation) == count_records(examples, "eval")
    table = metrics_table(evaluation, blessed.project)
    assert table["slice"][0] == "all rows"
    counts = dict(zip(table["slice"], table["example_count"], strict=True))
    cities = [
        tf.train.Example.FromString(record).features.feature["city"].bytes_list.value
        for record in read_records(examples, "eval")
    ]
    for name in ("Rom", "東京", "Oslo"):
        assert counts[f"city={name}"] == cities.count([name.encode()])


def test_metrics_are_those_of_the_served_scores(tiny: Tiny, blessed: Session) -> None:
    records = tf.constant(list(read_records(tiny.path("ExampleGen", "examples"), "eval")))
    inputs, _ = blessed.history("Evaluator")[0]
    signatures = load_signatures(Path(inputs["model"][0].uri))
    scores = signatures["examples"](examples=records)["score"].numpy()
    labels = signatures["transform_features"](examples=records)["bought_xf"].numpy()
    assert metric(blessed, "accuracy") == pytest.approx(((scores > 0.5) == labels).mean(), abs=1e-6)
    pairs = scores[labels == 1][:, None] - scores[labels == 0][None, :]
    assert metric(blessed, "auc") == pytest.approx(((pairs > 0) + (pairs == 0) / 2).mean(), abs=0.005)
