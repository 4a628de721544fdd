"""What project.yml says about Apache Beam: the runner of every component, and its options.

`direct` runs in this process (Beam's FnApiRunner). The others are passed on as they are, and were never run here: Flink
and Spark need a job server, Dataflow an account. With any of them StatisticsGen and Evaluator use TFX's own executors,
which Beam can spread over machines, instead of the fast ones; ExampleGen still reads its files on this machine.
"""

from __future__ import annotations

import re
from typing import Any, Literal, Self, get_args

from pydantic import Field, field_validator, model_validator

from kit.project_section import Section

Runner = Literal["direct", "flink", "spark", "dataflow"]
Option = bool | int | float | str

# Named in full, because Beam's default outside IPython first looks for a runner binary on the web.
LOCAL_RUNNER = "--runner=apache_beam.runners.portability.fn_api_runner.fn_runner.FnApiRunner"
_CLASSES: dict[Runner, str] = {
    "direct": LOCAL_RUNNER,
    "flink": "--runner=FlinkRunner",
    "spark": "--runner=SparkRunner",
    "dataflow": "--runner=DataflowRunner",
}
# Without these Beam would start a cluster of its own on this machine, or fail after minutes.
_NEEDED: dict[Runner, tuple[str, ...]] = {
    "direct": (),
    "flink": ("flink_master",),
    "spark": ("spark_master_url",),
    "dataflow": ("project", "region", "temp_location"),
}
_BUCKETS = ("temp_location", "staging_location")
_OPTION_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Beam(Section):
    """The runner, and options as Beam's command line names them: without the leading dashes."""

    runner: Runner = "direct"
    options: dict[str, Option | tuple[Option, ...]] = Field(
        default_factory=dict, description="a list gives the option several times"
    )

    @field_validator("runner", mode="before")
    @classmethod
    def _known(cls, value: object) -> object:
        if str(value).lower().startswith("dask"):
            raise ValueError(
                "Beam's DaskRunner ends without an error and without any rows, so it cannot be used; "
                f"use {', '.join(get_args(Runner))}. Dask runs sweeps of notebooks: `kit sweep`"
            )
        if value not in get_args(Runner):
            raise ValueError(f"there is no runner {value!r}; the runners are {', '.join(get_args(Runner))}")
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for name in self.options:
            if name == "runner" or not _OPTION_NAME.fullmatch(name):
                raise ValueError(
                    f"options has {name!r}, but its names are Beam's own without dashes in front, such as "
                    "temp_location; the runner is a field beside it"
                )
        if lacking := [name for name in _NEEDED[self.runner] if self.options.get(name) in {None, ""}]:
            raise ValueError(
                f"the runner {self.runner} needs {', '.join(lacking)} under options; add what is missing"
            )
        if self.runner == "dataflow":
            self._check_buckets()
        if self.options.get("direct_running_mode", "in_memory") != "in_memory":
            raise ValueError(
                f"direct_running_mode {self.options['direct_running_mode']} is slower here, and multi_processing is "
                "known to lose rows; leave the option out"
            )
        return self

    def _check_buckets(self) -> None:
        for name in _BUCKETS:
            place = self.options.get(name, "gs://")
            if not str(place).startswith("gs://"):
                raise ValueError(
                    f"Dataflow's {name} is in a bucket, such as gs://bucket/folder, but found {place!r}"
                )

    @property
    def is_local(self) -> bool:
        """Whether Beam runs in the step's own process, where the fast executors can stand in for it."""
        return self.runner == "direct"

    def choose_executor(self, component: Any) -> None:
        """Give a component TFX's own executor if Beam runs elsewhere: the fast executors know this machine only."""
        if not self.is_local and hasattr(component, "through_beam"):
            component.through_beam()

    def arguments(self) -> list[str]:
        """Return the `beam_pipeline_args` of every component.

        Raises:
            ProjectError: when Beam does not know an option, or does not take its value.
        """
        if not self.options:
            return [_CLASSES[self.runner]]
        from kit.steps.beam_options import command_line  # noqa: PLC0415  imports Beam

        names = self.runner in {"direct", "dataflow"}
        return [_CLASSES[self.runner], *command_line(self.options, names=names)]
