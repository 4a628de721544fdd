"""What a person did in one workspace, done again in another by a command: the same artifacts, byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from commands import digests, kit_command

from kit.batch.desk import ParameterDesk
from kit.batch.play import play
from kit.batch.recording import MadeDecision, Recording, Round, read_recording
from kit.batch.run import RunOptions
from kit.errors import ExitCode, UsageError

from .conftest import WriteNotebook

if TYPE_CHECKING:
    from training.tiny import Tiny

    from kit.session import Session

BAD_DAY = {"train_spans": "1-2", "eval_spans": "8"}


@pytest.mark.slow
@pytest.mark.notebook
def test_decisions_and_parameters_replayed_give_the_same_artifacts(tmp_path: Path) -> None:
    from kit.data.anomalies import AnomalyDesk  # noqa: PLC0415  with TFX, which warns at import
    from kit.data.schema_desk import SchemaDesk  # noqa: PLC0415
    from kit.data.validation import check_anomalies  # noqa: PLC0415
    from kit.project import Project  # noqa: PLC0415
    from kit.session import Session as Opened  # noqa: PLC0415
    from kit.workspace import Workspace  # noqa: PLC0415

    there = tmp_path / "ws"
    session = Opened(Workspace(there), Project.load("recommender"))
    look_at_bad_day(session)
    keys = {anomaly.feature: anomaly.key for anomaly in AnomalyDesk(session).found()}
    AnomalyDesk(session).decide(keys["device"], "ignore", "Ann", "of a verdict that is replaced below")
    AnomalyDesk(session).decide(keys["device"], "accept", "Ann", "a new till")
    SchemaDesk(session).save({"age": {"least": "", "most": ""}}, "Bo", "ages are noise here")
    look_at_bad_day(session)
    left = AnomalyDesk(session).found()
    assert left
    assert "device" not in {anomaly.feature for anomaly in left}
    for anomaly in left:
        AnomalyDesk(session).decide(anomaly.key, "ignore", "Cy", "until 国 is back")
    check_anomalies(session.path("ExampleValidator", "anomalies"), AnomalyDesk(session).decided())

    cell = f'workspace: str = "{there}"\nproject_name: str = "recommender"\ntrain_spans: str = ""\neval_spans: str = ""'
    desk = ParameterDesk({"In": [cell], "session": session, "workspace": str(there), **BAD_DAY})
    file, again = there / "recordings" / "recommender.yml", tmp_path / "ws-again"
    assert desk.command() == f"kit replay {file} --workspace {again}"
    recorded = read_recording(file)
    assert recorded.notebooks == ("01_data",)
    assert recorded.parameters == {"project_name": "recommender", **BAD_DAY}
    whats = [[decision.what for decision in one.decisions] for one in recorded.rounds]
    assert whats == [["accept", "edit schema"], ["ignore"] * len(left)]

    replayed = kit_command("replay", file, "--workspace", again)
    assert replayed.code == 0, replayed.errors
    assert f"Accepted into {again}" in replayed.output
    assert digests(again, "recommender") == digests(there, "recommender")
    assert len(digests(there, "recommender")) == 7, (
        "two splits of examples, statistics and anomalies, and a schema"
    )


def look_at_bad_day(session: Session) -> None:
    """Run the steps of 01_data by hand, as a person does in the notebook."""
    from tfx.components.example_validator.component import ExampleValidator  # noqa: PLC0415  with TFX, as above

    from kit.data.example_gen import ProjectExampleGen  # noqa: PLC0415
    from kit.data.schema import schema_gen  # noqa: PLC0415
    from kit.data.statistics import StatisticsGen  # noqa: PLC0415

    example_gen = ProjectExampleGen(session.project, BAD_DAY["train_spans"], BAD_DAY["eval_spans"])
    session.run(example_gen)
    statistics_gen = StatisticsGen(examples=example_gen.outputs["examples"])
    session.run(statistics_gen)
    statistics = statistics_gen.outputs["statistics"]
    schema = schema_gen(session.project, statistics, session.workspace)
    session.run(schema)
    session.run(ExampleValidator(statistics=statistics, schema=schema.outputs["schema"]))


@pytest.mark.slow
def test_an_override_is_recorded_after_the_notebook_of_its_verdict(tiny: Tiny) -> None:
    from kit.evaluation.override import record_override  # noqa: PLC0415  with TFX, which warns at import
    from kit.project.file import Gate  # noqa: PLC0415
    from kit.replay import recorded  # noqa: PLC0415

    missed = tiny.evaluate(tiny.train(2), Gate(metric="auc", min=0.9981))  # a verdict that no other test has
    record_override(missed, "Ann", "the campaign")
    recording = recorded(missed, {"workspace": "ws", "project_name": "tiny"})
    assert recording.notebooks == ("01_data", "02_features", "03_train", "04_evaluate")
    assert recording.parameters == {"project_name": str(missed.project.folder)}
    [one] = recording.rounds
    assert one.after == "04_evaluate"
    assert [(decision.what, decision.who) for decision in one.decisions] == [("override", "Ann")]


def test_a_recording_is_read_as_it_was_saved(tmp_path: Path) -> None:
    decisions = (MadeDecision(what="ignore", subject="eval/größe/X", who="Ann", why="so: yes # no"),)
    recording = Recording(
        notebooks=("01_data",),
        parameters={"epochs": 3, "train_spans": "1", "fast": True},
        rounds=(Round(after="01_data", decisions=decisions),),
    )
    recording.save(tmp_path / "r.yml")
    assert read_recording(tmp_path / "r.yml") == recording
    assert (tmp_path / "r.yml").read_text().startswith("# Parameters and decisions")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"notebooks": []}, "notebooks: "),
        ({"epochs": 3}, "epochs: "),
        ({"rounds": [{"after": "04_evaluate", "decisions": []}]}, "found '04_evaluate'"),
        (
            {"rounds": [{"after": "01_data", "decisions": [{"what": "x", "who": "", "why": "y"}]}]},
            r"rounds\.0\.decisions\.0\.who: ",
        ),
    ],
    ids=["no notebook", "a file of parameters", "another notebook", "nobody's decision"],
)
def test_what_is_no_recording_says_why(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    file = tmp_path / "r.yml"
    file.write_text(yaml.safe_dump({"notebooks": ["01_data"], **change}))
    with pytest.raises(UsageError, match=message):
        read_recording(file)
    ended = kit_command("replay", file, "--workspace", tmp_path / "ws")
    assert (ended.code, ended.output) == (ExitCode.USAGE, "")
    assert not (tmp_path / "ws").exists()


def test_a_replay_needs_a_workspace(tmp_path: Path) -> None:
    ended = kit_command("replay", tmp_path / "r.yml")
    assert ended.code == ExitCode.USAGE
    assert "--workspace" in ended.errors


def test_decisions_wait_for_a_notebook_that_fails_for_another_reason(
    tmp_path: Path, write_notebook: WriteNotebook
) -> None:
    first = str(write_notebook("01_a", "a: int = 1", "1 / 0"))
    one = Round(after=first, decisions=(MadeDecision(what="ignore", who="Ann", why="so"),))
    said: list[str] = []
    recording = Recording(notebooks=(first,), rounds=(one,))
    record = play(recording, tmp_path / "ws", RunOptions(kernel_name="python3"), said.append)
    assert record.exit_code == ExitCode.STEP_FAILED
    assert said[0] == f"Decisions 1 of 1, after {first}"


def test_decisions_need_a_project(tmp_path: Path, write_notebook: WriteNotebook) -> None:
    first = str(write_notebook("01_a", "a: int = 1", "a"))
    one = Round(after=first, decisions=(MadeDecision(what="ignore", who="Ann", why="so"),))
    recording = Recording(notebooks=(first,), parameters={"a": 2}, rounds=(one,))
    with pytest.raises(UsageError, match="no notebook has `project_name`"):
        play(recording, tmp_path / "ws", RunOptions(kernel_name="python3"), lambda _: None)
