"""What is written for schedulers: read by the schedulers' own tools where they are there."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from croniter import croniter
from small_notebooks import write_notebook

from kit.alerts.config import AlertSettings, Webhook
from kit.batch.plan import secret_variables
from kit.deploy.config import DeploySettings
from kit.deploy.schemas import check_schemas
from kit.errors import UsageError
from kit.project import Project
from kit.projects import SAMPLE
from kit.schedule import chain
from kit.schedule.airflow_file import airflow_file
from kit.schedule.chain import planned
from kit.schedule.command import tick_words
from kit.schedule.cron_file import cron_file
from kit.schedule.kubernetes_file import kubernetes_file
from kit.schedule.schedule import Schedule
from kit.schedule.systemd_files import calendars, changes, systemd_files

from .nightly import CREATED, make


def test_cron_calls_the_tick_with_words_that_the_shell_gives_it_whole(tmp_path: Path) -> None:
    place = tmp_path / "100% of $HOME's"
    *comments, line = cron_file(make(), place).splitlines()
    assert all(comment.startswith("#") for comment in comments)
    minute, command = line.split(" ", 5)[:5], line.split(" ", 5)[5]
    assert minute == ["*"] * 5
    # cron turns \\% into % before a shell reads it.
    spoken = command.replace(r"\%", "%").rpartition(" >> ")[0]
    said = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {spoken}"], capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines() == tick_words(place, "nightly")
    assert "%" not in command.replace(r"\%", "")


@pytest.mark.parametrize(
    ("cron", "events"),
    [
        ("30 2 * * *", ["*-*-* 02:30:00 UTC"]),
        ("*/30 9-10 * * 1-5", ["Mon,Tue,Wed,Thu,Fri *-*-* 09,10:00,30:00 UTC"]),
        ("0 4 1 1,7 *", ["*-01,07-01 04:00:00 UTC"]),
        ("0 4 13 * 5", ["*-*-13 04:00:00 UTC", "Fri *-*-* 04:00:00 UTC"]),
        ("0 4 * * 0", ["Sun *-*-* 04:00:00 UTC"]),
        ("5 * * * *", ["*-*-* *:05:00 UTC"]),
    ],
)
def test_a_timer_rings_when_the_schedule_is_due(cron: str, events: list[str]) -> None:
    schedule = make(cron=cron)
    assert calendars(schedule) == events
    rung = rings(events, CREATED)
    assert rung is None or rung >= {*schedule.next_times(CREATED, 10)}


@pytest.mark.parametrize(
    ("cron", "zone", "before", "events"),
    [
        ("30 2 * * *", "Europe/Berlin", "2026-03-28", ["2026-03-29 01:00:00 UTC"]),
        ("*/30 * * * *", "Europe/Berlin", "2026-10-24T20", ["2026-10-25 01:00,30:00 UTC"]),
        ("30 0 * * *", "America/Santiago", "2026-09-05", ["2026-09-06 04:00:00 UTC"]),
        ("15 2 * * *", "Australia/Lord_Howe", "2026-10-02", ["2026-10-03 15:30:00 UTC"]),
    ],
)
def test_a_timer_rings_when_the_schedule_is_due_where_clocks_change(
    cron: str, zone: str, before: str, events: list[str]
) -> None:
    schedule = make(cron=cron, time_zone=zone)
    after = dt.datetime.fromisoformat(before).replace(tzinfo=dt.UTC)
    assert changes(schedule, after, after + dt.timedelta(days=3)) == events
    due = {one.astimezone(dt.UTC) for one in schedule.next_times(after, 15)}
    rung = rings([*calendars(schedule), *events], after)
    if rung is not None:
        assert rung >= due
        assert rings(calendars(schedule), after) != rung  # or nothing of this is needed any more


def test_the_timer_tells_until_when_it_knows_the_changes_of_clocks(tmp_path: Path) -> None:
    timer = systemd_files(make(time_zone="Europe/Berlin"), tmp_path)["kit-nightly.timer"]
    # Every day's, and a change a spring, whose dates are not quite a year apart, for five years.
    assert timer.count("\nOnCalendar=") in {5, 6, 7}
    assert "\n# Times that systemd skips when clocks change, until 20" in timer
    assert "# What" not in systemd_files(make(), tmp_path)["kit-nightly.timer"]


def rings(events: list[str], after: dt.datetime) -> set[dt.datetime] | None:
    """Return when systemd rings next, if it is there to ask."""
    if not (analyze := shutil.which("systemd-analyze")):
        return None
    base = f"--base-time={after:%Y-%m-%d %H:%M:%S} UTC"
    said = subprocess.run(
        [analyze, "calendar", base, "--iterations=40", *events],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "UTC"},
    ).stdout
    found = re.findall(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC$", said, re.MULTILINE)
    return {dt.datetime.fromisoformat(f"{one}+00:00") for one in found}


@pytest.mark.parametrize("overlap", ["skip", "replace"])
def test_systemd_takes_the_units(tmp_path: Path, overlap: str) -> None:
    files = systemd_files(make(overlap=overlap), tmp_path / "100% of $HOME")
    assert "SuccessExitStatus=21" in files["kit-nightly.service"]
    assert f"{tmp_path}/100%% of $$HOME" in files["kit-nightly.service"]
    # systemd kills what a service leaves: kernels of others must not be among that.
    assert "\nEnvironment=KIT_WARM_DIR=%t/kit-schedule-nightly\n" in files["kit-nightly.service"]
    replaces = overlap == "replace"
    assert ("restart --no-block kit-nightly.service" in "".join(files.values())) is replaces
    if not (analyze := shutil.which("systemd-analyze")):
        pytest.skip("systemd-analyze is not there: the units were written, and not verified")
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    said = subprocess.run(
        [analyze, "verify", *(str(tmp_path / name) for name in files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert "kit-nightly" not in said.stderr


@pytest.mark.parametrize(
    ("overlap", "policy"), [("skip", "Forbid"), ("queue", "Allow"), ("replace", "Replace")]
)
def test_kubernetes_takes_the_cron_job(overlap: str, policy: str) -> None:
    text = kubernetes_file(
        make(overlap=overlap, time_zone="Europe/Berlin"), DeploySettings(namespace="shop"), "shop/kit:1"
    )
    assert "&id" not in text
    job, at_changes = yaml.safe_load_all(text)
    assert [one.state for one in check_schemas([job, at_changes])] == ["ok"]
    spec = job["spec"]
    assert job["metadata"]["namespace"] == "shop"
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == (
        "30 2 * * *",
        "Europe/Berlin",
        policy,
    )
    assert spec["startingDeadlineSeconds"] == 600
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["containers"][0]["args"] == ["schedule", "tick", "nightly", "--workspace", "/workspace"]
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == DeploySettings().claim


def test_a_second_cron_job_ticks_where_the_clock_skips_the_time() -> None:
    schedule = make(time_zone="Europe/Berlin")
    now = dt.datetime.now(dt.UTC)
    due = schedule.due(now, now + dt.timedelta(days=4 * 365))
    skipped = [one.astimezone(dt.UTC) for one in due if f"{one:%H:%M}" != "02:30"]
    assert len(skipped) >= 3
    text = kubernetes_file(schedule, DeploySettings(), "shop/kit:1")
    first, second = (one["spec"] for one in yaml.safe_load_all(text))
    assert "write both anew" in text.splitlines()[0]
    assert second["timeZone"] == "Etc/UTC"
    assert all(croniter.match(second["schedule"], one) for one in skipped)
    assert (
        second["jobTemplate"]["spec"]["template"]["spec"] == first["jobTemplate"]["spec"]["template"]["spec"]
    )
    assert len(list(yaml.safe_load_all(kubernetes_file(make(), DeploySettings(), "shop/kit:1")))) == 1


@pytest.fixture
def with_secrets(tmp_path: Path) -> Schedule:
    lines = (
        'mail_password: str = ""  # of the account, secret',
        'web_key: str = ""  # of us, optional secret',
    )
    notebook = write_notebook(tmp_path / "mails.ipynb", parameters="\n".join(lines))
    return make(notebooks=(str(notebook),))


def test_the_cron_job_reads_the_secrets_of_its_notebooks_and_alerts(
    with_secrets: Schedule, tmp_path: Path
) -> None:
    alerts = AlertSettings(webhook=Webhook(url="https://example.org/", secret_variable="HOOK_KEY"))  # noqa: S106  a name
    variables = secret_variables(planned(with_secrets, tmp_path), alerts.variables)
    text = kubernetes_file(with_secrets, DeploySettings(secrets="ours"), "shop/kit:1", variables=variables)
    assert "kubectl create secret generic ours" in text.splitlines()[0]
    job = yaml.safe_load(text)
    assert [one.state for one in check_schemas([job])] == ["ok"]
    [container] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    keys = {one["name"]: one["valueFrom"]["secretKeyRef"] for one in container["env"]}
    assert keys == {
        "HOOK_KEY": {"name": "ours", "key": "HOOK_KEY", "optional": True},
        "KIT_SECRET_MAIL_PASSWORD": {"name": "ours", "key": "KIT_SECRET_MAIL_PASSWORD", "optional": False},
        "KIT_SECRET_WEB_KEY": {"name": "ours", "key": "KIT_SECRET_WEB_KEY", "optional": True},
    }


def test_other_schedulers_files_say_which_secrets_to_give(with_secrets: Schedule, tmp_path: Path) -> None:
    units = systemd_files(with_secrets, tmp_path)
    for text in (
        cron_file(with_secrets, tmp_path),
        units["kit-nightly.service"],
        airflow_file(with_secrets, tmp_path),
    ):
        comments = [line for line in text.splitlines() if line.startswith("# To set ")]
        assert "KIT_SECRET_MAIL_PASSWORD, or KIT_SECRET_MAIL_PASSWORD_FILE" in comments[0]
        assert comments[1].endswith("(optional).")
        assert len(comments) == 2
    assert "# To set" not in cron_file(make(), tmp_path)


def test_what_alerts_are_sent_with_is_named_too_and_comes_from_no_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    project = Project.load(SAMPLE, tmp_path)
    webhook = Webhook(url="https://example.org/", secret_variable="HOOK_KEY")  # noqa: S106  a name
    spec = project.spec.model_copy(update={"alerts": AlertSettings(webhook=webhook)})
    monkeypatch.setattr(chain, "project_of", lambda *_: Project(project.folder, spec))
    assert "# To set above the line: HOOK_KEY (optional).\n" in cron_file(make(), tmp_path)


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"image": ""}, "--image must be .* but found ''"),
        ({"memory": "6gb"}, "--memory must be .* but found '6gb'"),
        ({"memory": "-6Gi"}, "--memory must be .* but found '-6Gi'"),
        ({"cpu": "abc"}, "--cpu must be .* but found 'abc'"),
        ({"cpu": "0"}, "--cpu must be .* more than 0 cores"),
    ],
    ids=str,
)
def test_kubernetes_is_given_nothing_that_it_refuses(options: dict[str, Any], found: str) -> None:
    with pytest.raises(UsageError, match=found):
        kubernetes_file(make(), DeploySettings(), **{"image": "shop/kit:1", **options})
