"""The chain as a Kubeflow Pipelines v2 pipeline: one container per notebook, on one shared workspace.

Each container runs `kit run` for its notebook, so that steps, executors and gates are those of the notebooks: there is
no second version that could drift apart. The containers share the claim that holds the workspace, where ML Metadata and
all artifacts are; Kubeflow itself sees the order, the logs and the exit codes. The pipeline is compiled and read back
with the SDK. It was never run on a cluster.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from google.protobuf import json_format
from kfp import compiler, components, dsl
from kfp.pipeline_spec import pipeline_spec_pb2

from kit.batch.order import Waits, waits
from kit.batch.parameters import command_words
from kit.batch.plan import PlannedNotebook, secret_variables
from kit.containers.image import WORKSPACE
from kit.containers.paths import notebook_in_container, project_in_container
from kit.containers.quantities import check_options
from kit.errors import StepFailedError


@dataclass(frozen=True)
class Place:
    """Where the containers run.

    Attributes:
        image: built from batch.Dockerfile.
        workspace: the folder on this machine of which the claim has a copy.
        claim: PersistentVolumeClaim that holds the workspace; several pods must be able to write to it in turn.
        secrets: the Secret that holds environment variables.
        alerts: the environment variables that alerts of the project are sent with.
        cpu: cores of a container.
        memory: as Kubernetes writes it.
    """

    image: str
    workspace: Path
    claim: str
    secrets: str
    alerts: Sequence[str] = ()
    cpu: str = "2"
    memory: str = "6Gi"


def kubeflow_pipeline(name: str, plan: Sequence[PlannedNotebook], place: Place) -> str:
    """Return the compiled pipeline as YAML: the pipeline, and the claim that Kubernetes mounts into its containers.

    Args:
        name: the name of the pipeline.
        plan: the notebooks, each with its given parameters.
        place: the place where they run.

    Raises:
        UsageError: when Kubernetes would not take the image, the cores or the memory, or a container cannot have a
            notebook or the project.
        StepFailedError: when what was compiled is not what was asked for; it is not to be used.
    """
    check_options(image=place.image, cpu=place.cpu, memory=place.memory)
    graph = waits(plan)
    by_name = {one.name: one for one in plan}

    def chain() -> None:
        tasks: dict[str, Any] = {}
        for one, before in graph.items():  # those that it waits for come first
            tasks[one] = _task(by_name[one], place).after(*(tasks[other] for other in sorted(before.all)))

    chain.__annotations__.clear()  # kfp takes the word for an output
    pipeline = dsl.pipeline(name=name.replace("_", "-"))(chain)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pipeline.yaml"
        compiler.Compiler().compile(pipeline, str(file))
        text = file.read_text(encoding="utf-8")
    if faults := check(text, by_name, graph, place.workspace):
        raise StepFailedError(
            f"The pipeline must be the chain of the notebooks, but {'; '.join(faults)}. Report this with the version "
            "of kfp; nothing was written."
        )
    return text


def arguments(notebook: PlannedNotebook, workspace: Path) -> list[str]:
    """Return the arguments of `kit` in the container of a notebook.

    Raises:
        UsageError: when the notebook or the project is neither in the image nor in the workspace.
    """
    given = {name: value for name, value in notebook.given.items() if name != "workspace"}
    if "project_name" in given:
        given["project_name"] = project_in_container(str(given["project_name"]), workspace)
    return [
        "run",
        notebook_in_container(notebook.path, workspace),
        "--workspace",
        WORKSPACE,
        *command_words(given),
    ]


def _task(notebook: PlannedNotebook, place: Place) -> Any:
    words = arguments(notebook, place.workspace)

    def container() -> Any:
        return dsl.ContainerSpec(image=place.image, command=["kit"], args=words)

    container.__annotations__.clear()  # kfp takes the word for an output
    container.__name__ = f"notebook_{notebook.name}"
    task = dsl.container_component(container)()
    task.set_display_name(notebook.name)
    # `kit run` itself skips what is unchanged, and knows better than Kubeflow's cache.
    task.set_caching_options(enable_caching=False)
    task.set_cpu_limit(place.cpu).set_memory_limit(place.memory)
    # As kfp-kubernetes writes it, which is not needed for these two fields.
    task.platform_config["kubernetes"] = {
        "pvcMount": [{"constant": place.claim, "mountPath": WORKSPACE}],
        **({"secretAsEnv": secrets} if (secrets := _secrets(notebook, place)) else {}),
    }
    return task


def _secrets(notebook: PlannedNotebook, place: Place) -> list[dict[str, Any]]:
    return [
        {
            "secretName": place.secrets,
            "keyToEnv": [{"secretKey": name, "envVar": name}],
            "optional": not required,
        }
        for name, required in secret_variables([notebook], place.alerts).items()
    ]


def check(
    text: str, plan: Mapping[str, PlannedNotebook], graph: Mapping[str, Waits], workspace: Path
) -> list[str]:
    """Return what is wrong with a compiled pipeline, by the SDK's own reader and against the chain."""
    components.load_component_from_text(text)
    spec, platform = yaml.safe_load_all(text)
    parsed = json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    executors = spec["deploymentSpec"]["executors"]
    mounted = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    names = {key: task.task_info.name for key, task in parsed.root.dag.tasks.items()}
    faults = [f"{one} is missing" for one in set(plan) - set(names.values())]
    for key, task in parsed.root.dag.tasks.items():
        notebook = plan[names[key]]
        label = parsed.components[task.component_ref.name].executor_label
        if executors[label]["container"]["args"] != arguments(notebook, workspace):
            faults.append(f"{notebook.name} is called with {executors[label]['container']['args']}")
        if {names[one] for one in task.dependent_tasks} != set(graph[notebook.name].all):
            faults.append(f"{notebook.name} waits for {sorted(task.dependent_tasks)}")
        if not mounted.get(label, {}).get("pvcMount"):
            faults.append(f"{notebook.name} has no workspace")
    return faults
