"""Write a DAG for Airflow 3: one task per notebook, each running `kit run` for that notebook alone.

Airflow keeps the times itself, so the tick is not used; `_runs` maps the policies. Airflow does not retry tasks: `kit
run` retries accidents, and a gate's exit code is a verdict.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from kit.batch.order import waits
from kit.batch.parameters import command_words
from kit.batch.plan import PlannedNotebook
from kit.schedule.chain import planned, secrets_to_add
from kit.schedule.command import check_plain, in_shell, tick_words
from kit.schedule.errors import ScheduleError
from kit.schedule.schedule import DATE, Schedule

_DAY = "{{ day_of(dag_run) }}"
_DAG = '''\
"""{name}: {cron} in {time_zone}, written by `kit schedule airflow`.

One task per notebook: TASKS has each one's command, WAITS the tasks that it waits for.
"""

from __future__ import annotations

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG
from airflow.timetables.trigger import CronTriggerTimetable

{secrets}ZONE = "{time_zone}"
TASKS = {tasks}
WAITS = {waits}


def day_of(run) -> str:
    """Return the day of a run in the time zone; one that somebody triggered may have no logical date."""
    return pendulum.instance(run.logical_date or run.run_after).in_timezone(ZONE).to_date_string()


with DAG(
    dag_id="kit-{name}",
    schedule=CronTriggerTimetable("{cron}", timezone=ZONE),
    start_date=pendulum.datetime({start}, tz="UTC"),
    catchup={catchup},
    max_active_runs=1,
    user_defined_macros={{"day_of": day_of}},
    tags=["kit"],
) as dag:
    tasks = {{
        name: BashOperator(task_id=name, bash_command=command, append_env=True, retries=0)
        for name, command in TASKS.items()
    }}
    for name, before in WAITS.items():
        for one in before:
            tasks[one] >> tasks[name]
'''


def airflow_file(schedule: Schedule, workspace: Path) -> str:
    """Return the DAG as Python.

    Raises:
        ScheduleError: when Airflow cannot do what the policies ask for.
        UsageError: when a notebook or parameter is not valid.
    """
    catchup = _runs(schedule)
    plan = planned(schedule, workspace)
    graph = waits(plan)
    ids = _ids(graph)
    commands = {one.name: _command(schedule, workspace, one) for one in plan}
    return _DAG.format(
        secrets=secrets_to_add(schedule, plan, workspace, "To set where Airflow's workers run"),
        name=schedule.name,
        cron=schedule.cron,
        time_zone=schedule.time_zone,
        tasks=_literal({ids[name]: commands[name] for name in graph}),
        waits=_literal(
            {ids[name]: sorted(ids[other] for other in one.all) for name, one in graph.items() if one.all}
        ),
        start=", ".join(str(part) for part in schedule.created.utctimetuple()[:6]),
        catchup=catchup,
    )


def _runs(schedule: Schedule) -> bool:
    """Return Airflow's `catchup`; with one run at a time it queues missed runs, otherwise it skips them."""
    if schedule.overlap == "replace":
        raise ScheduleError(
            "Airflow queues or skips an overlapping run, but the schedule's overlap is replace. Set it to skip or "
            "queue."
        )
    if schedule.catch_up == "none":
        # Without `catchup` Airflow's timetable begins with the last time before now, and cannot be told not to.
        raise ScheduleError(
            "Airflow runs the latest of the times that it missed, but the schedule's catch_up is none. Set it to "
            "latest and overlap to skip, or give the schedule to cron, systemd or Kubernetes."
        )
    if (schedule.overlap == "queue") != (schedule.catch_up == "all"):
        raise ScheduleError(
            "Airflow has one setting for missed and for overlapping runs: it runs all of both, or only the "
            f"latest. The schedule's catch_up is {schedule.catch_up} and its overlap {schedule.overlap}. Set them to "
            "all and queue, or to latest and skip."
        )
    return schedule.catch_up == "all"


def _ids(names: Iterable[str]) -> dict[str, str]:
    """Return unique task ids, in which Airflow allows only letters, digits, -, . and _."""
    ids: dict[str, str] = {}
    for name in names:
        id_ = plain = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
        number = 2
        while id_ in ids.values():
            id_, number = f"{plain}_{number}", number + 1
        ids[name] = id_
    return ids


def _command(schedule: Schedule, workspace: Path, notebook: PlannedNotebook) -> str:
    """Return the command of one notebook as a template, with the parameters that it declares."""
    kit = tick_words(workspace, schedule.name)[0]
    words = [kit, "run", str(notebook.path), "--workspace", str(workspace)]
    if schedule.project and "project_name" in notebook.given:
        words += ["--project", schedule.project]
    given = {name: value for name, value in schedule.parameters.items() if name in notebook.given}
    dated = command_words(given)
    check_plain([*words, *dated])
    # The trailing blank: Airflow would take a command that ends with .sh or .bash for a template file.
    return f"{_in_template(in_shell(words))} {_DAY.join(map(_in_template, in_shell(dated).split(DATE)))} "


def _in_template(text: str) -> str:
    """Return a text that Airflow's templates leave unchanged, even before braces."""
    return re.sub(r"\{(?=[{%#]|\Z)", "{{ '{' }}", text)


def _literal(value: object) -> str:
    return json.dumps(value, indent=4, ensure_ascii=False)
