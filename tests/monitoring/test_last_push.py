"""On the sample's pushed model: traffic, live quality, the decision in ML Metadata and the chain that it starts."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from waiting import wait_until

from kit import decisions
from kit.data.statistics import load_statistics
from kit.errors import InfraCheckError, InputDataError, StepOrderError, UsageError
from kit.monitoring.log import LABEL_TIME, Labels, PredictionLog, judged_days
from kit.project import Project
from kit.release.versions import numbers
from kit.workspace import Workspace

if TYPE_CHECKING:
    from commands import Ended

    from kit.monitoring.decision import RetrainDecision
    from kit.session import Session

pytestmark = [pytest.mark.slow, pytest.mark.notebook]


@pytest.fixture
def session(sample: tuple[Path, Ended], tmp_path: Path) -> Session:
    """Return a session on a copy of the workspace in which the chain ran; nothing is logged there."""
    from kit.session import Session  # noqa: PLC0415  imports TFX

    workspace = Workspace(shutil.copytree(sample[0], tmp_path / "ws"))
    return Session(workspace, Project.load("recommender"))


@pytest.fixture
def play(session: Session) -> Callable[..., str]:
    from kit.monitoring import traffic  # noqa: PLC0415

    return lambda spans, **options: traffic.play(session, spans, **options).message


def judged(session: Session, **settings: object) -> RetrainDecision:
    """Judge what is logged, with other settings below `monitoring.retrain_when`."""
    from kit.monitoring import drift, quality, retraining, statistics  # noqa: PLC0415
    from kit.monitoring.last_push import last_push  # noqa: PLC0415

    monitoring = session.project.spec.monitoring
    rules = monitoring.retrain_when.model_copy(update=settings)
    changed = {"monitoring": monitoring.model_copy(update={"retrain_when": rules})}
    session.project.spec = session.project.spec.model_copy(update=changed)
    days = judged_days(session.workspace, session.project, 7)
    session.run(statistics.LogStatisticsGen(session, days.days))
    version = last_push(session)
    live = quality.live_quality(session, version, days.days, days.as_of)
    return retraining.judge(session, version, drift.measure(session, version), live)


def rows(session: Session) -> int:
    log = PredictionLog(session.workspace, session.project)
    return sum(batch.num_rows for day in log.table.days() for batch in log.table.batches(day))


def test_the_pushed_version_leads_back_to_what_it_was_made_of(session: Session) -> None:
    from kit.monitoring.last_push import last_push  # noqa: PLC0415

    version = last_push(session)
    assert numbers(session.workspace.serving("recommender")) == [version.version]
    assert version.spans == {"train": (1, 2, 3, 4, 5, 6), "eval": (7,)}
    assert load_statistics(version.statistics, "train").datasets[0].num_examples == 24_000
    assert any(version.evaluation.iterdir())


def test_live_quality_of_the_evaluated_span_is_what_the_evaluation_found(
    session: Session, play: Callable[..., str]
) -> None:
    from kit.monitoring import quality  # noqa: PLC0415
    from kit.monitoring.last_push import last_push  # noqa: PLC0415

    assert "answered 4,000 rows" in play("7")
    days = judged_days(session.workspace, session.project, 7)
    found = quality.live_quality(session, last_push(session), days.days, days.as_of)
    assert (found.rows, found.labels["read"], found.labels["unknown"]) == (4000, 4000, 0)
    for metric, allowed in (("logloss", 1e-6), ("accuracy", 1e-9), ("auc", 1e-4)):
        assert found.live[metric].value == pytest.approx(found.evaluated[metric].value, abs=allowed)
    assert found.change is not None
    assert found.change.lower < 0 < found.change.upper


def test_statistics_of_the_log_equal_those_of_the_examples(
    session: Session, play: Callable[..., str]
) -> None:
    from kit.monitoring import statistics  # noqa: PLC0415

    play("7")
    days = judged_days(session.workspace, session.project, 7).days
    session.run(statistics.LogStatisticsGen(session, days))
    [found] = statistics.load_days(session).values()
    logged = {feature.path.step[0]: feature for feature in found.datasets[0].features}
    examples = load_statistics(session.path("StatisticsGen", "statistics"), "eval").datasets[0].features
    for feature in examples:
        if (name := feature.path.step[0]) != session.project.label:
            assert logged[name] == feature


def test_a_span_is_logged_once_and_a_playing_that_was_killed_goes_on(
    session: Session, play: Callable[..., str]
) -> None:
    play("6-7")
    log, labels = (kind(session.workspace, session.project).table for kind in (PredictionLog, Labels))
    before = log.digest(log.days())
    assert "nothing is logged twice" in play("6-7")
    assert log.digest(log.days()) == before
    [lost, *_] = log.files(log.days()[-1])
    lost.unlink()  # as if the player had been killed before it
    labels.files(labels.days()[-1])[0].unlink()
    assert "answered 4,000 rows of spans 6-7; 4,000 more were there already" in play("6-7")
    assert rows(session) == 8000


def test_labels_arrive_after_a_delay(session: Session, play: Callable[..., str]) -> None:
    play("7", delay=dt.timedelta(days=3))
    labels = Labels(session.workspace, session.project).table
    assert labels.days() == [dt.date(2026, 1, 10)]
    [batch] = labels.batches(labels.days()[0])
    assert batch.column(LABEL_TIME).to_pylist()[0].date() == dt.date(2026, 1, 10)


@pytest.mark.parametrize(
    ("spans", "error", "said"),
    [
        ("seven", UsageError, "traffic_spans must name spans"),
        ("99", InputDataError, "99"),
    ],
)
def test_spans_that_are_none_are_refused(
    play: Callable[..., str], spans: str, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        play(spans)


def test_nothing_is_played_where_nothing_was_asked_for(play: Callable[..., str]) -> None:
    assert play("").startswith("No traffic is replayed")


def test_without_a_pushed_model_the_notebook_to_run_is_named(tmp_path: Path) -> None:
    from kit.monitoring.last_push import last_push  # noqa: PLC0415
    from kit.session import Session  # noqa: PLC0415

    with pytest.raises(StepOrderError, match="Run 05_release first"):
        last_push(Session(Workspace(tmp_path / "ws"), Project.load("recommender")))


def test_a_version_whose_folder_is_gone_is_told(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    from kit.monitoring import traffic  # noqa: PLC0415
    from kit.monitoring.last_push import PushedVersion, last_push  # noqa: PLC0415

    gone = PushedVersion(**{**vars(last_push(session)), "folder": session.workspace.path / "gone"})
    monkeypatch.setattr(traffic, "last_push", lambda _: gone)
    with pytest.raises(InfraCheckError, match=r"gone must be a SavedModel.*Run 05_release again"):
        traffic.play(session, "7")


def test_a_decision_is_recorded_once_with_its_reasons(session: Session, play: Callable[..., str]) -> None:
    before = len(decisions.made(session))
    for spans, expected in (("7", ["keep"]), ("7", ["keep"]), ("8", ["keep", "fix the data"])):
        play(spans)
        decision = judged(session)
        made = decisions.made(session)[before:]
        assert [one.what for one in made] == expected
        assert made[-1].why.startswith(" ".join(decision.message.split())[:100])
    assert "age, device, price, region on 2026-01-08" in made[-1].why


def test_the_chain_is_started_on_the_new_window_once(session: Session, play: Callable[..., str]) -> None:
    from kit.monitoring import retraining  # noqa: PLC0415

    play("7")
    decision = judged(session, new_spans=1)  # span 8 is there, and the model was made of 1 to 7
    assert decision.what == "retrain"
    told = retraining.start_chain(session, decision, start=False)
    assert "-p train_spans 2-7 -p eval_spans 8" in told.message

    started = retraining.start_chain(session, decision, start=True)
    assert isinstance(started, retraining.Started)
    again = retraining.start_chain(session, decision, start=True)
    assert isinstance(again, retraining.NotStarted)
    assert "one was started on spans 2-7 to train on and 8 to evaluate on" in again.message
    wait_until(lambda: started.batch.progress().has_ended, 120)
    progress = started.batch.progress()
    assert progress.notebooks == 5
    # Span 8 is the bad day, and the chain judges its data itself.
    assert "Stopped in 01_data" in progress.said
    assert "(exit code 10)" in progress.said
    given = (Path(progress.report).parent / "parameters.yml").read_text()
    assert {"train_spans: 2-7", "eval_spans: '8'"} < {*given.splitlines()}
