"""`kit schedule` as somebody types it, with a chain that really runs."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from commands import kit_command
from in_process import kit

from kit.project.folder import BUILT_IN
from kit.schedule import schedule as schedules
from kit.schedule.chain import project_of
from kit.workspace import Workspace

from .notebooks import write_pair


def test_a_new_schedule_is_previewed_listed_and_not_due(tmp_path: Path) -> None:
    place = tmp_path / "ws"
    code, said = kit("schedule", "new", "nightly", "--cron", "30 2 * * *", "-p", "as_of={date}", "-w", place)
    assert code == 0
    assert str(place / "schedules/nightly/schedule.yml") in said
    assert f"kit schedule cron nightly -w {place}, or systemd" in said
    assert said.count("02:30 UTC") == 5
    assert kit("schedule", "tick", "nightly", "-w", place) == (0, "")
    code, said = kit("schedule", "list", "-w", place)
    assert "nightly   30 2 * * * UTC" in said
    assert "not yet" in said
    [header, *rows] = kit("schedule", "next", "nightly", "--count", 3, "-w", place)[1].splitlines()
    assert header == "UTC"
    assert [row[-9:] for row in rows] == ["02:30 UTC"] * 3


def test_the_gap_of_spring_is_seen_in_the_preview(tmp_path: Path) -> None:
    created = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    schedule = schedules.make(name="nightly", cron="30 2 * * *", time_zone="Europe/Berlin", created=created)
    schedules.save(tmp_path, schedule)
    days = [f"{one:%m-%d %H:%M}" for one in schedules.load(tmp_path, "nightly").next_times(created, 90)]
    assert days[86:89] == ["03-28 02:30", "03-29 03:00", "03-30 02:30"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cron", "2 *"), "five fields"),
        (("--cron", "0 3 30 2 *"), "never due"),
        (("--cron", "1 1 * * *", "-P", "nix"), "There is no project 'nix'"),
        (("--cron", "1 1 * * *", "-p", "project_name", "nix"), "There is no project 'nix'"),
        (("--cron", "1 1 * * *", "--time-zone", "Europe/Bonn"), "a name such as Europe/Berlin"),
        (("--cron", "1 1 * * *", "--overlap", "kill"), "'skip', 'queue' or 'replace'"),
        (("--cron", "1 1 * * *", "-p", "epoch=3"), "Did you mean epochs?"),
        (("--cron", "1 1 * * *", "-p", "epochs"), "-p takes a name and a value"),
        (("no_such_notebook", "--cron", "1 1 * * *"), "There is no notebook"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_written(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    code, output = kit("schedule", "new", "nightly", *words, "-w", tmp_path)
    assert code == 2
    assert said in output
    assert not (tmp_path / "schedules").exists()


def test_a_name_that_cannot_be_is_told_in_words(tmp_path: Path) -> None:
    code, output = kit("schedule", "new", "Bad_Name", "--cron", "1 1 * * *", "-w", tmp_path)
    assert code == 2
    assert "at most 40 lowercase letters, digits and -" in output
    assert "pattern" not in output


def test_what_was_named_from_one_folder_is_found_from_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, _ = write_pair(tmp_path)
    with_project(tmp_path / "shop")
    monkeypatch.chdir(tmp_path)
    words = ("schedule", "new", "nightly", mine.name, "03_train", "--cron", "1 1 * * *", "-w", "ws")
    assert kit(*words, "-P", "shop")[0] == 0
    made = schedules.load(tmp_path / "ws", "nightly")
    assert made.notebooks == (str(mine.resolve()), "03_train")
    assert made.project == str(tmp_path / "shop")
    assert kit(*words, "-P", "recommender")[0] == 0
    assert schedules.load(tmp_path / "ws", "nightly").project == "recommender"


def with_project(folder: Path) -> Path:
    """Write a project of the folder's name."""
    shutil.copytree(BUILT_IN / "recommender", folder)
    project = folder / "project.yml"
    project.write_text(project.read_text().replace("name: recommender", f"name: {folder.name}"))
    return folder


def cron_job(place: Path, *words: object) -> tuple[int, str]:
    kit("schedule", "new", "nightly", "--cron", "1 1 * * *", "-w", place, *words)
    return kit("schedule", "kubernetes", "nightly", "--image", "shop/kit:1", "-w", place)


def test_what_is_in_the_workspace_is_found_where_containers_have_it(tmp_path: Path) -> None:
    place, there = tmp_path / "ws", tmp_path / "workspace of a container"
    (place / "ours").mkdir(parents=True)
    mine, _ = write_pair(place / "ours")
    shop = with_project(place / "shop")
    code, said = cron_job(place, mine, "03_train", "--project", shop)
    assert code == 0, said
    assert str(tmp_path) not in (place / "schedules" / "nightly" / "schedule.yml").read_text()
    place.rename(there)
    made = schedules.load(there, "nightly")
    assert made.notebooks == (str(there / "ours" / "one.ipynb"), "03_train")
    assert made.project == str(there / "shop")
    assert project_of(made, there).name == "shop"


def test_what_no_container_has_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "ws"
    outside, _ = write_pair(tmp_path)
    code, said = cron_job(place, outside)
    assert code == 2
    assert f"{outside.resolve()} is in neither. Copy it to one of them" in said
    code, said = cron_job(place, "-p", "project_name", with_project(tmp_path / "shop"))
    assert code == 2
    assert f"is in neither. Copy it into {place / 'projects'}, and name it shop" in said


def test_a_path_of_this_machine_in_the_file_of_a_schedule_for_containers_is_told(tmp_path: Path) -> None:
    place = tmp_path / "ws"
    place.mkdir()
    mine, _ = write_pair(place)
    assert cron_job(place, mine)[0] == 0
    file = place / "schedules" / "nightly" / "schedule.yml"
    file.write_text(file.read_text().replace("{workspace}", str(place)))
    code, said = kit("schedule", "kubernetes", "nightly", "--image", "shop/kit:1", "-w", place)
    assert code == 2
    assert f"names {mine}. Write {{workspace}}/one.ipynb in place of it" in said


def test_a_copy_of_a_schedule_does_not_tick_the_other_one(tmp_path: Path) -> None:
    kit("schedule", "new", "nightly", "--cron", "0 3 * * 0", "-w", tmp_path)
    shutil.copytree(tmp_path / "schedules" / "nightly", tmp_path / "schedules" / "weekly")
    code, said = kit("schedule", "cron", "weekly", "-w", tmp_path)
    assert code == 2
    assert "name must be the folder's name 'weekly', but is 'nightly'. Rename one of them" in said


def test_a_damaged_journal_is_told_in_one_line(tmp_path: Path) -> None:
    kit("schedule", "new", "nightly", "--cron", "0 3 * * 0", "-w", tmp_path)
    journal = tmp_path / "schedules" / "nightly" / "runs.json"
    for content, found in (('{"entries": [', "Invalid JSON"), ("{}", "looked: Field required")):
        journal.write_text(content)
        code, output = kit("schedule", "runs", "nightly", "-w", tmp_path)
        assert code == 2
        assert output.startswith(f"{journal} must be what `kit schedule tick` wrote, but is not: {found}")
        assert len(output.splitlines()) == 1


def test_an_unknown_schedule_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    kit("schedule", "new", "weekly", "--cron", "0 3 * * 0", "-w", tmp_path)
    code, output = kit("schedule", "tick", "nightly", "-w", tmp_path)
    assert code == 2
    assert "it has weekly" in output


def test_a_removed_schedule_is_gone_and_its_runs_stay(tmp_path: Path) -> None:
    for name in ("nightly", "weekly"):
        kit("schedule", "new", name, "--cron", "0 3 * * 0", "-w", tmp_path)
    (tmp_path / "runs" / "r1").mkdir(parents=True)
    (tmp_path / "schedules" / "nightly" / "schedule.yml").write_text("damaged: [")
    code, output = kit("schedule", "remove", "nightly", "-w", tmp_path)
    assert code == 0
    assert "its runs stay" in output
    assert [path.name for path in (tmp_path / "schedules").iterdir()] == ["weekly"]
    assert (tmp_path / "runs" / "r1").is_dir()
    code, output = kit("schedule", "remove", "nightly", "-w", tmp_path)
    assert code == 2
    assert "it has weekly" in output


def test_a_schedule_whose_run_goes_on_is_not_removed(tmp_path: Path) -> None:
    kit("schedule", "new", "nightly", "--cron", "0 3 * * 0", "-w", tmp_path)
    with Workspace(tmp_path).lock("schedule-nightly", "kit schedule tick, nightly"):
        code, output = kit("schedule", "remove", "nightly", "-w", tmp_path)
    assert code == 2
    assert "in use by process" in output
    assert "kit schedule tick, nightly" in output
    assert kit("schedule", "remove", "nightly", "-w", tmp_path)[0] == 0


def test_a_tick_runs_the_chain_with_the_day_that_it_is_due_for(tmp_path: Path) -> None:
    place = tmp_path / "ws"
    created = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)
    schedule = schedules.make(
        name="nightly",
        cron="0 0 * * *",
        notebooks=tuple(map(str, write_pair(tmp_path))),
        parameters={"day": "{date}"},
        created=created,
    )
    schedules.save(place, schedule)
    ended = kit_command("schedule", "tick", "nightly", "-w", place, cwd=tmp_path)
    assert ended.code == 0, ended.errors
    today = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    assert (place / "second.txt").read_text() == f"{today}!"
    rows = kit("schedule", "runs", "nightly", "-w", place)[1].splitlines()
    assert [row.split()[3] for row in rows[1:]] == ["missed", "missed", "done"]
    [run] = (place / "runs").iterdir()
    assert run.name in rows[-1]


def test_the_exit_code_of_a_tick_is_that_of_its_run(tmp_path: Path) -> None:
    place = tmp_path / "ws"
    first, _ = write_pair(
        tmp_path, "from kit.errors import NotBlessedError\nraise NotBlessedError('not blessed')"
    )
    created = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    schedules.save(
        place, schedules.make(name="nightly", cron="0 0 * * *", notebooks=(str(first),), created=created)
    )
    ended = kit_command("schedule", "tick", "nightly", "-w", place, cwd=tmp_path)
    assert ended.code == 12
    assert "not blessed" in ended.errors


def test_its_project_may_be_given_as_a_parameter(tmp_path: Path) -> None:
    said = {"name": "nightly", "cron": "30 2 * * *", "parameters": {"project_name": "chicago_taxi"}}
    schedule = schedules.make(**said, created=dt.datetime(2026, 1, 5, tzinfo=dt.UTC))
    assert project_of(schedule, tmp_path).name == "chicago_taxi"
