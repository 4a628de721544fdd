"""Write a Kubernetes CronJob that uses `kit deploy docker`'s batch image and the workspace's claim.

Kubernetes leaves out a time that the clock skips in spring. Where one is due, a second CronJob ticks then; it has one
expression for the changes of some years, which is met at some other moments, too: a tick then finds nothing due.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kit.batch.plan import choose_notebooks
from kit.containers.hardened import hardened, unprivileged
from kit.containers.image import USER, WORKSPACE
from kit.containers.paths import notebook_in_container, project_in_container
from kit.containers.quantities import check_options
from kit.deploy.config import DeploySettings
from kit.deploy.notebook_secrets import environment, how_to_make
from kit.deploy.schemas import check_schemas
from kit.deploy.yaml_documents import as_documents
from kit.errors import StepFailedError
from kit.schedule.errors import ScheduleError
from kit.schedule.schedule import FILE, Overlap, Schedule, as_written, folder_of, load
from kit.schedule.schedule import WORKSPACE as ANY_WORKSPACE
from kit.schedule.times import DAYS_OF_CHANGES, due_at_changes

# A second pod during a run queues its time and ends: the running pod takes it.
_CONCURRENCY: dict[Overlap, str] = {"skip": "Forbid", "queue": "Allow", "replace": "Replace"}
_STOP_SECONDS = 120
_HISTORY = 3


def kubernetes_file(  # noqa: PLR0913, PLR0917  what the container is made of
    schedule: Schedule,
    settings: DeploySettings,
    image: str,
    cpu: str = "2",
    memory: str = "6Gi",
    variables: Mapping[str, bool] = MappingProxyType({}),
) -> str:
    """Return the CronJobs as YAML; their workspace is the claim of `deploy` in project.yml, written to here.

    The schedule itself has to be in that workspace: `kit schedule new` with the claim mounted puts it there.

    Args:
        schedule: the schedule that the CronJob ticks for.
        settings: `deploy` of project.yml.
        image: built from batch.Dockerfile.
        cpu: the cores of a pod.
        memory: the memory, as Kubernetes writes it.
        variables: those that a Secret holds, and whether each must be set; see `secret_variables`.

    Raises:
        DeployError: when Kubernetes would not take the image, the cores or the memory.
        StepFailedError: when the schemas of Kubernetes refuse what was made.
    """
    check_options(image=image, cpu=cpu, memory=memory)
    container = _container(schedule, image, {"cpu": cpu, "memory": memory})
    if variables:
        container["env"] = environment(variables, settings)
    jobs = [_cron_job(schedule, settings, container)]
    until = dt.datetime.now(dt.UTC) + dt.timedelta(days=DAYS_OF_CHANGES)
    if when := _where_clocks_skip(schedule, until):
        jobs.append(_cron_job(schedule, settings, container, when))
    if wrong := [one.found for one in check_schemas(jobs) if one.state == "fail"]:
        raise StepFailedError(
            f"The CronJob must be one that Kubernetes takes, but {'; '.join(wrong)}. This is a fault of the kit unless "
            "a value of `deploy` in project.yml is behind it."
        )
    said = [how_to_make(variables, settings)]
    if when:
        said.append(
            f"The second one knows where clocks skip a time until {until:%Y-%m-%d}: write both anew before then."
        )
    return "".join(f"# {line}\n" for line in said if line) + as_documents(jobs)


def check_places(workspace: Path, name: str) -> None:
    """Refuse a schedule whose notebooks or project a container would not find.

    Args:
        workspace: its path on this machine; the claim holds the same files.
        name: the name of the schedule.

    Raises:
        DeployError: when one is neither in the image nor in the workspace.
        ScheduleError: when one is there, but not by the path that the schedule names.
    """
    written, here = as_written(workspace, name), load(workspace, name)
    notebooks = zip(
        written.notebooks, choose_notebooks(here.notebooks) if here.notebooks else (), strict=True
    )
    found = {place: notebook_in_container(path, workspace) for place, path in notebooks}
    if project := here.given(here.created).get("project_name"):
        place = str(written.given(here.created)["project_name"])
        found[place] = project_in_container(str(project), workspace)
    for place, there in found.items():
        in_workspace = there.startswith(f"{WORKSPACE}/")
        is_own = "/" not in place and not in_workspace
        if not (place.startswith(f"{ANY_WORKSPACE}/") or place.removesuffix(".ipynb") == there or is_own):
            right = there.replace(WORKSPACE, ANY_WORKSPACE, 1) if in_workspace else there
            raise ScheduleError(
                f"{folder_of(workspace, name) / FILE} must name what containers have, but names {place}. Write {right} "
                "in place of it."
            )


def _where_clocks_skip(schedule: Schedule, until: dt.datetime) -> str:
    """Return when times are due, in UTC, that the clock skips from now on, as one cron expression; empty: never."""
    due = due_at_changes(schedule.cron, schedule.zone, dt.datetime.now(dt.UTC), until)
    skipped = [one.astimezone(dt.UTC) for one in due if not one.fold]  # what it shows again is not left out
    fields = ("minute", "hour", "day", "month")
    return (
        " ".join([*(_listed(getattr(one, field) for one in skipped) for field in fields), "*"])
        if skipped
        else ""
    )


def _listed(values: Iterable[int]) -> str:
    return ",".join(map(str, sorted(set(values))))


def _cron_job(
    schedule: Schedule, settings: DeploySettings, container: dict[str, Any], in_utc: str = ""
) -> dict[str, Any]:
    """Return a CronJob; `in_utc` is when another one ticks than the schedule's own."""
    name = f"kit-{schedule.name}{'-clocks' if in_utc else ''}"
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "kit"}
    pod = {
        "restartPolicy": "Never",  # the exit code says what to do; the chain itself tries accidents again
        "terminationGracePeriodSeconds": _STOP_SECONDS,
        "automountServiceAccountToken": False,
        "securityContext": {**unprivileged(), "fsGroup": USER},  # so that it may write to the claim
        "containers": [container],
        "volumes": [
            {"name": "workspace", "persistentVolumeClaim": {"claimName": settings.claim}},
            {"name": "temporary", "emptyDir": {}},
        ],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": name, "namespace": settings.namespace, "labels": labels},
        "spec": {
            "schedule": in_utc or schedule.cron,
            "timeZone": "Etc/UTC" if in_utc else schedule.time_zone,
            "concurrencyPolicy": _CONCURRENCY[schedule.overlap],
            # After that Kubernetes gives up a start; the next tick catches up as the schedule says.
            "startingDeadlineSeconds": schedule.late_minutes * 60,
            "successfulJobsHistoryLimit": _HISTORY,
            "failedJobsHistoryLimit": _HISTORY,
            "jobTemplate": {
                "metadata": {"labels": labels},
                "spec": {"backoffLimit": 0, "template": {"metadata": {"labels": labels}, "spec": pod}},
            },
        },
    }


def _container(schedule: Schedule, image: str, resources: dict[str, str]) -> dict[str, Any]:
    return {
        "name": "kit",
        "image": image,
        "args": ["schedule", "tick", schedule.name, "--workspace", WORKSPACE],
        "resources": {"requests": resources, "limits": resources},
        "securityContext": hardened(),
        "volumeMounts": [
            {"name": "workspace", "mountPath": WORKSPACE},
            {"name": "temporary", "mountPath": "/tmp"},  # noqa: S108  a volume of the pod's own
        ],
    }
