"""`kit schema`: exit codes, what is shown, and that nothing is written unless somebody said so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import kit_command
from data.sessions import small
from in_process import invoke
from typer.testing import Result

import kit.cli.schema
from kit.project import Project

UPDATE = ("--yes", "--who", "Ann", "--why", "a new shop")


class Shop:
    """A project by its folder, and `kit schema` on it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "schema.pbtxt"

    def __call__(self, *words: str, **options: Any) -> Result:
        verb, *rest = words
        place = ("-P", str(self.folder), "-w", str(self.folder / "ws"))
        return invoke("schema", verb, *place, *rest, **options)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Two spans with the same cities, and a third with a new one; no curated schema yet."""
    project = small(tmp_path / "shop", "Rom Oslo " * 30, "Rom Oslo " * 30, "Rom Bern " * 30).project
    return Shop(project.folder)


@pytest.fixture
def curated(shop: Shop) -> Shop:
    answer = shop("update", "--spans", "1-2", *UPDATE)
    assert answer.exit_code == 0, answer.output
    shop.file.write_text("# Ours.\n" + shop.file.read_text())
    return shop


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let what the runner types count as typed on a terminal."""

    class Terminal:
        stdin = type("Input", (), {"isatty": staticmethod(lambda: True)})()

    return lambda: monkeypatch.setattr(kit.cli.schema, "sys", Terminal)


def test_a_project_without_a_schema_is_told_how_to_make_one(shop: Shop) -> None:
    for verb in ("diff", "check"):
        answer = shop(verb)
        assert answer.exit_code == 2
        assert f"kit schema update --project {shop.folder} --why REASON --yes" in answer.stderr
    assert shop("update", "--spans", "1", "--feature", "age").exit_code == 2


def test_a_schema_is_made_checked_and_widened(shop: Shop) -> None:
    answer = shop("update", "--spans", "1-2", *UPDATE)
    assert answer.exit_code == 0
    assert f"4 changes written to {shop.file}." in answer.stdout
    assert Project.load(shop.folder).spec.schema_file == "schema.pbtxt"
    assert shop("check", "--spans", "1-2").stdout == (
        f"{shop.file}: 3 features, all as project.yml has them, and the data follow them.\n"
    )
    bad = shop("check", "--spans", "1-3")
    assert bad.exit_code == 10
    assert [line.split()[:4] for line in bad.stdout.splitlines()[1:]] == [["fail", "city", "span", "3:"]]
    assert "Bern (~50%)" in bad.stdout
    assert "span 3: 60 rows" in bad.stderr
    assert shop("update", "--spans", "3", *UPDATE).exit_code == 0
    assert shop("check", "--spans", "1-3").exit_code == 0


def test_a_diff_ends_with_one_where_anything_differs(curated: Shop, tmp_path: Path) -> None:
    same = curated("diff")
    assert (same.exit_code, same.stdout) == (0, "curated and inferred have the same rules.\n")
    other = tmp_path / "other.pbtxt"
    other.write_text(curated.file.read_text().replace('"Oslo"', '"Lima"'))
    answer = curated("diff", "--against", str(other))
    assert answer.exit_code == 1
    assert [line.split() for line in answer.stdout.splitlines()] == [
        ["feature", "rule", str(other), "curated"],
        ["city", "values", "2", "values", "-Lima,", "+Oslo"],
    ]
    assert curated("diff", "--against", "saved").exit_code == 2
    curated.file.write_text("feature {")
    assert curated("diff").exit_code == 2


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 1, "Nothing was written."),
        (("--why", "so be it"), 1, "Nothing was written."),
        (("--yes",), 2, "To update a schema needs a reason"),
        (("--yes", "--why", " "), 2, "To update a schema needs a reason"),
        (("--feature", "agee", *UPDATE), 2, "agee is not. Choose from age, city, bought"),
        (("--feature", "age", *UPDATE), 0, ""),
    ],
    ids=["no yes", "a reason alone", "no reason", "an empty reason", "no such feature", "nothing to change"],
)
def test_without_a_yes_and_a_reason_the_file_stays(
    curated: Shop, words: tuple[str, ...], code: int, said: str
) -> None:
    before = curated.file.read_bytes()
    answer = curated("update", "--spans", "3", *words)
    assert answer.exit_code == code, answer.output
    assert said in answer.stderr
    assert curated.file.read_bytes() == before
    if code == 1:
        assert "+Bern" in answer.stdout


@pytest.mark.parametrize(
    ("typed", "code"), [("n\n", 1), ("\n", 1), ("y\na new shop\n", 0)], ids=["no", "nothing", "yes"]
)
def test_a_person_is_asked(curated: Shop, terminal: Callable[[], None], typed: str, code: int) -> None:
    terminal()
    before = curated.file.read_text()
    answer = curated("update", "--spans", "3", "--who", "Ann", input=typed)
    assert answer.exit_code == code, answer.output
    assert f"Write this to {curated.file}?" in answer.stdout
    assert (curated.file.read_text() == before) == bool(code)
    if not code:
        assert curated.file.read_text().startswith("# Ours.\nfeature {\n")
        assert '"Bern"' in curated.file.read_text()


def test_what_will_be_lost_or_left_is_said(curated: Shop) -> None:
    curated.file.write_text(curated.file.read_text() + "# Foot.\n")
    (curated.folder / "3.csv").write_text("age,city,bought\n" + ",Rom,0\n,Bern,1\n" * 30)
    answer = curated("update", "--spans", "3")
    assert "1 line of comments below the head of the file will be lost" in answer.stderr
    assert "age: no row of these spans has this feature, so its rule stays." in answer.stderr


def test_the_recommender_is_saved_into_the_workspace(tmp_path: Path) -> None:
    packaged = Project.load("recommender").folder / "schema.pbtxt"
    before = packaged.read_bytes()
    answer = invoke("schema", "update", "-w", tmp_path, "--spans", "8", "--feature", "device", *UPDATE)
    assert answer.exit_code == 0, answer.output
    saved = tmp_path / "schemas" / "recommender" / "schema.pbtxt"
    lines = saved.read_text().splitlines()
    assert [line for line in lines if line not in before.decode().splitlines()] == ['  value: "smart-tv"']
    assert packaged.read_bytes() == before
    checked = invoke("schema", "check", "-w", tmp_path, "--spans", "8")
    assert checked.exit_code == 10
    assert {line.split()[1] for line in checked.stdout.splitlines()[1:]} == {"age", "price", "region"}


def test_as_a_command_it_ends_with_its_code_and_says_nothing_of_the_machine(curated: Shop) -> None:
    words = ("-P", curated.folder, "-w", curated.folder / "ws", "--spans", "3")
    ended = kit_command("schema", "check", *words, cwd=curated.folder.parent)
    assert ended.code == 10
    assert "span 3: Unexpected string values" in ended.output
    assert ended.errors.splitlines() == [
        "span 3: 60 rows",
        "Fix the data; if they are right, let `kit schema update` widen the schema.",
    ]


def test_what_an_import_says_is_shown_when_it_fails() -> None:
    program = """
import os, sys
from kit.cli.quiet import quiet
with quiet():
    os.write(2, b"chatter")
print("after", file=sys.stderr)
with quiet():
    os.write(2, b"the reason;")
    raise ImportError("gone")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("after\nthe reason;Traceback")
    assert done.stderr.endswith("ImportError: gone\n")


@pytest.mark.parametrize("raised", ["UsageError('said')", "KeyboardInterrupt"])
def test_what_libraries_say_is_not_shown_before_the_kit_s_own_words(raised: str) -> None:
    program = f"""
import os
from kit.cli.quiet import quiet
from kit.errors import UsageError
try:
    with quiet():
        os.write(2, b"chatter")
        raise {raised}
except (UsageError, KeyboardInterrupt):
    os.write(2, b"caught")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stderr == "caught"
