"""A verdict that a person overrides: with a name and a reason, for this verdict only, and seen in the push."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tfx.proto import pusher_pb2
from valid_projects import altered

from kit import decisions
from kit.decisions import DecisionError
from kit.errors import NotBlessedError
from kit.evaluation.config import latest_blessed
from kit.evaluation.gate import GateDesk
from kit.evaluation.override import OverrideError, latest_override
from kit.evaluation.results import check_blessed, metrics_table, threshold_checks
from kit.project.file import Gate
from kit.release.infra import infra_validator
from kit.release.push import Pusher, check_pushed, pusher
from widgets.gate import Gate as GateView

if TYPE_CHECKING:
    from training.tiny import Tiny

    from kit.session import Session


@pytest.fixture
def missed(tiny: Tiny, rejected: Session) -> Session:
    """A session with a rejection of its own: a decision about the shared one would meet other tests."""
    del rejected  # its model is judged again
    return tiny.evaluate(tiny.train(2), Gate(metric="auc", min=0.9876))


def versions(session: Session) -> list[str]:
    base = session.workspace.serving(session.project.name)
    return sorted(path.name for path in base.iterdir() if path.name.isdigit()) if base.exists() else []


# -- the thresholds


def test_every_threshold_is_told_with_value_baseline_and_margin(rejected: Session) -> None:
    gates = (
        Gate(metric="auc", min=0.6, max=0.7),
        Gate(metric="auc", slice={"city": "Rom"}, min_change=-0.5),
        Gate(metric="logloss", min_change=-0.5),
        Gate(metric="auc", slice={"city": "Atlantis"}, min=0.1),
    )
    [(_, now), (_, before), *_] = rejected.history("Evaluator")
    tables = [
        metrics_table(Path(made["evaluation"][0].uri), rejected.project).set_index("slice")
        for made in (now, before)
    ]
    value, baseline = ({name: dict(table[name]) for name in ("auc", "logloss")} for table in tables)
    low, high, change, loss, nowhere = threshold_checks(
        Path(now["evaluation"][0].uri), altered(rejected.project, gates=gates)
    )
    auc = value["auc"]["all rows"]
    assert (low.bound, low.threshold, low.met) == ("at least", 0.6, auc > 0.6)
    assert (low.value, low.margin) == pytest.approx((auc, auc - 0.6))
    assert low.baseline == pytest.approx(baseline["auc"]["all rows"], abs=1e-6)
    assert (high.bound, high.met) == ("at most", auc < 0.7)
    assert high.margin == pytest.approx(0.7 - auc)
    gain = value["auc"]["city=Rom"] - baseline["auc"]["city=Rom"]
    assert (change.bound, change.slice) == ("change at least", "city=Rom")
    assert change.margin == pytest.approx(gain + 0.5, abs=1e-6)
    assert loss.baseline == pytest.approx(baseline["logloss"]["all rows"], abs=1e-6)
    fall = baseline["logloss"]["all rows"] - value["logloss"]["all rows"]
    assert loss.margin == pytest.approx(fall + 0.5, abs=1e-6)
    assert (nowhere.value, nowhere.margin, nowhere.met) == (None, None, False)


def test_a_change_without_a_baseline_is_met(blessed: Session) -> None:
    *_, change = threshold_checks(blessed.path("Evaluator", "evaluation"), blessed.project)
    assert (change.bound, change.baseline, change.margin, change.met) == ("change at least", None, None, True)


def test_the_verdict_is_one_sentence_with_its_reason(
    tiny: Tiny, rejected: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = GateDesk(rejected)
    checks = {(check.metric, check.slice): check for check in desk.thresholds() if not check.met}
    assert set(checks) == {("auc", "city=東京"), ("logloss", "all rows")}
    widest = -(checks["logloss", "all rows"].margin or 0)
    assert desk.verdict() == (
        f"Not blessed: 2 of 4 thresholds are missed, the widest by {widest:.4g} (logloss on all rows, at most 0.001)."
    )
    monkeypatch.setenv("KIT_LANGUAGE", "zh")
    assert desk.summary()["verdict"] == (
        f"未获得 blessing：4 个阈值中有 2 个未达到，差得最多的为 {widest:.4g}（所有行 的 logloss，至多 0.001）。"  # noqa: RUF001
    )
    assert desk.verdict().startswith("Not blessed"), "what checks and cards say stays as it is"
    again = tiny.evaluate(tiny.train(2), Gate(metric="auc", slice={"city": "Atlantis"}, min=0.1))
    assert GateDesk(again).verdict() == (
        "Not blessed: 1 of 1 thresholds is missed; auc on city=Atlantis: no such row was evaluated."
    )


def test_a_blessing_names_the_closest_threshold(blessed: Session) -> None:
    desk = GateDesk(blessed)
    margins = {check.margin: check for check in desk.thresholds() if check.margin is not None}
    least = min(margins)
    verdict = desk.verdict()
    assert verdict.startswith(f"Blessed: all 2 thresholds are met, the closest by {least:.4g} (auc on ")
    assert verdict.endswith(". Not counted: 1 without a baseline yet.")


def test_gates_that_were_changed_since_are_noticed(rejected: Session) -> None:
    rejected.project = altered(rejected.project, gates=(Gate(metric="auc", min=0.1),))
    assert GateDesk(rejected).verdict().startswith("Not blessed: the model missed gates that are no longer")


# -- the override


def test_an_override_lets_the_model_be_pushed_and_stays_visible(tiny: Tiny, missed: Session) -> None:
    desk, before = GateDesk(missed), versions(missed)
    assert desk.overridden() == ""
    said = desk.override("Ann", "the campaign starts today")
    assert desk.overridden() == said
    assert said.startswith("Ann, ")
    assert check_blessed(missed) == (
        f"The model missed a gate and is not blessed, but may go on by decision of {said}."
    )
    assert "Not blessed" in desk.verdict(), "the verdict itself stays"

    missed.run(infra_validator(missed))
    missed.run(pusher(missed))
    [version] = set(versions(missed)) - set(before)
    pushed = missed.latest("Pusher", "pushed_model")
    assert pushed.get_string_custom_property("override_who") == "Ann"
    assert pushed.get_string_custom_property("override_why") == "the campaign starts today"
    config = json.loads(missed.properties("Pusher")["custom_config"])
    assert config["override"]["who"] == "Ann"
    assert check_pushed(missed).endswith(f"{version}, past its gates by decision of {said}.")

    shutil.rmtree(missed.workspace.serving("tiny") / version)  # the folder is shared with other tests

    judged = latest_blessed(missed, excluding=0)
    assert judged is not None
    assert judged.id == tiny.train(1).id, "what was not blessed is never a baseline"


def test_the_view_shows_the_verdict_and_overrides_it(tiny: Tiny, rejected: Session) -> None:
    del rejected  # its model is judged again
    session = tiny.evaluate(tiny.train(2), Gate(metric="auc", min=0.9765))
    desk = GateDesk(session)
    view = GateView(**desk.summary(), override=desk.override)
    assert "Not blessed: 1 of 1 thresholds is missed" in view.content
    view.who, view.why, view.asked = "Ann", "the campaign", ["override", ""]
    assert desk.overridden() == view.overridden != ""


def test_an_override_is_of_one_verdict(tiny: Tiny, missed: Session) -> None:
    GateDesk(missed).override("Ann", "today only")
    later = tiny.evaluate(tiny.train(2), Gate(metric="auc", min=0.9999))
    assert latest_override(later) is None
    before = versions(later)
    later.run(infra_validator(later))
    with pytest.raises(NotBlessedError, match="Only a blessed model may be pushed"):
        later.run(pusher(later))
    with pytest.raises(NotBlessedError, match="must meet every gate"):
        check_blessed(later)
    assert versions(later) == before


def test_an_override_of_another_verdict_pushes_nothing(tiny: Tiny, rejected: Session) -> None:
    """Also where somebody puts it together by hand."""
    inputs, _ = rejected.history("Evaluator")[0]
    base = tiny.session.workspace.path / "by_hand"
    override = {"who": "Ann", "why": "so", "when": "now", "verdict": 1}
    by_hand = Pusher(
        model=rejected.as_channel(inputs["model"]),
        model_blessing=rejected.channel("Evaluator", "blessing"),
        push_destination=pusher_pb2.PushDestination(
            filesystem=pusher_pb2.PushDestination.Filesystem(base_directory=str(base))
        ),
        custom_config={"override": override},
    )
    with pytest.raises(NotBlessedError):
        rejected.run(by_hand)
    assert not base.exists()


@pytest.mark.parametrize(("who", "why"), [("", "so"), ("Ann", "")])
def test_no_override_without_a_name_and_a_reason(rejected: Session, who: str, why: str) -> None:
    count = len(decisions.about(rejected, rejected.latest("Evaluator", "blessing")))
    with pytest.raises(DecisionError):
        GateDesk(rejected).override(who, why)
    assert len(decisions.about(rejected, rejected.latest("Evaluator", "blessing"))) == count


def test_a_blessed_model_needs_no_override(blessed: Session) -> None:
    with pytest.raises(OverrideError, match="this one is blessed"):
        GateDesk(blessed).override("Ann", "so")
    assert check_blessed(blessed) == "The model met every gate and is blessed."
