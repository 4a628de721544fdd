"""The section `beam` of project.yml: what is passed on, what is refused, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from valid_projects import SMALL

from kit.errors import ProjectError
from kit.project.read import read_project_file
from kit.steps.beam_settings import LOCAL_RUNNER, Beam

FLINK = {"runner": "flink", "options": {"flink_master": "flink:8081", "parallelism": 8, "streaming": False}}
DATAFLOW = {"project": "shop", "region": "europe-west1", "temp_location": "gs://bucket/tmp"}


def read(folder: Path, beam: object) -> Beam:
    file = folder / "project.yml"
    file.write_text(SMALL + yaml.safe_dump({"beam": beam}, sort_keys=False))
    return read_project_file(file).beam


def test_without_the_section_beam_runs_in_the_steps_own_process() -> None:
    assert Beam().is_local
    assert Beam().arguments() == [LOCAL_RUNNER]


def test_options_reach_beam_as_its_command_line_has_them(tmp_path: Path) -> None:
    beam = read(tmp_path, FLINK)
    assert not beam.is_local
    assert beam.arguments() == ["--runner=FlinkRunner", "--flink_master=flink:8081", "--parallelism=8"]
    options = {**DATAFLOW, "experiments": ["use_runner_v2", "upload_graph"], "save_main_session": True}
    assert read(tmp_path, {"runner": "dataflow", "options": options}).arguments() == [
        "--runner=DataflowRunner",
        "--project=shop",
        "--region=europe-west1",
        "--temp_location=gs://bucket/tmp",
        "--experiments=use_runner_v2",
        "--experiments=upload_graph",
        "--save_main_session",
    ]


def test_beam_itself_reads_what_is_passed_on() -> None:
    from apache_beam.options import pipeline_options  # noqa: PLC0415  seconds

    options = pipeline_options.PipelineOptions(
        Beam.model_validate({"runner": "dataflow", "options": DATAFLOW}).arguments()
    )
    cloud = options.view_as(pipeline_options.GoogleCloudOptions)
    assert (cloud.project, cloud.region, cloud.temp_location) == tuple(DATAFLOW.values())
    assert options.view_as(pipeline_options.StandardOptions).runner == "DataflowRunner"


@pytest.mark.parametrize(
    "off", [("use_public_ips",), ("pipeline_type_check", "save_main_session"), ("streaming",)]
)
def test_what_is_false_is_false_for_beam_too(off: tuple[str, ...]) -> None:
    from apache_beam.options.pipeline_options import PipelineOptions  # noqa: PLC0415  seconds

    words = Beam.model_validate({"options": dict.fromkeys(off, False)}).arguments()
    read = PipelineOptions(words).get_all_options()
    assert [read[name] for name in off] == [False] * len(off)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"enable_streaming_engine": False},
            "enable_streaming_engine, one of .* Beam has no --no_enable_streaming",
        ),
        ({"temp_location": False}, r"Beam has no --no_temp_location\. Leave it out"),
        ({"use_publik_ips": False}, r"Beam has no --no_use_publik_ips\. Did you mean use_public_ips\?"),
        ({"direct_num_workerz": 2}, "none called direct_num_workerz. Did you mean direct_num_workers?"),
        (
            {"direct_num_workers": "many"},
            "--direct_num_workers: invalid int value: 'many'. Correct the value",
        ),
    ],
)
def test_what_beam_cannot_read_is_refused_before_a_step_runs(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ProjectError, match=said):
        Beam.model_validate({"options": options}).arguments()


def test_job_servers_know_more_names_than_beam() -> None:
    options = {"flink_master": "flink:8081", "of_the_job_server": 2}
    beam = Beam.model_validate({"runner": "flink", "options": options})
    assert beam.arguments()[-1] == "--of_the_job_server=2"


@pytest.mark.parametrize(
    ("beam", "said"),
    [
        ({"runner": "flnk"}, "runners are direct, flink, spark, dataflow"),
        ({"runner": "DaskRunner"}, "without any rows"),
        ({"runner": "dataflow", "options": {"region": "here"}}, "needs project, temp_location under options"),
        ({"runner": "dataflow", "options": {**DATAFLOW, "temp_location": "here/tmp"}}, "is in a bucket"),
        ({"runner": "flink"}, "needs flink_master"),
        ({"runner": "spark"}, "needs spark_master_url"),
        ({"options": {"--region": "here"}}, "without dashes"),
        ({"options": {"runner": "FlinkRunner"}}, "a field beside it"),
        ({"options": {"direct_running_mode": "multi_processing"}}, "lose rows"),
        ({"option": {}}, "option"),
    ],
)
def test_a_mistake_names_the_file_the_field_and_the_way_out(tmp_path: Path, beam: object, said: str) -> None:
    with pytest.raises(ProjectError) as error:
        read(tmp_path, beam)
    assert str(error.value).startswith(str(tmp_path / "project.yml"))
    assert "beam" in str(error.value)
    assert said in str(error.value)


def test_a_session_gives_every_component_the_runner_and_leaves_its_fast_executors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfx.components import StatisticsGen as Stock  # noqa: PLC0415  seconds
    from tfx.types import standard_artifacts  # noqa: PLC0415

    from kit.data.statistics import StatisticsGen  # noqa: PLC0415
    from kit.project import Project  # noqa: PLC0415
    from kit.session import Session  # noqa: PLC0415
    from kit.workspace import Workspace  # noqa: PLC0415

    seen: dict[str, Any] = {}

    class Noting:
        def __init__(self, *, component: Any, beam_pipeline_args: list[str], **_: Any) -> None:
            seen.update(executor=component.executor_spec.executor_class, arguments=beam_pipeline_args)

        def begin(self) -> None:
            raise KeyboardInterrupt

        def discard(self) -> None:
            """Nothing has begun."""

    monkeypatch.setattr("kit.session.StepLauncher", Noting)
    project = Project.load("chicago_taxi")
    spec = project.spec.model_copy(update={"beam": Beam.model_validate(FLINK)})
    for chosen, stock in ((project, False), (Project(project.folder, spec), True)):
        session = Session(Workspace(tmp_path / "ws"), chosen)
        component = StatisticsGen(examples=session.as_channel([standard_artifacts.Examples()]))
        with pytest.raises(KeyboardInterrupt):
            session.run(component)
        assert seen["arguments"] == chosen.spec.beam.arguments()
        assert (seen["executor"] is Stock.EXECUTOR_SPEC.executor_class) is stock
