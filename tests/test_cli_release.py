"""`kit versions`, `rollback` and `preflight`: what is shown, what is done, and the exit codes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from commands import kit_command
from imports import imported_by
from in_process import invoke
from serving.models import NAME, save_linear, settings_of
from typer.testing import Result
from waiting import wait_until

from kit.release import history
from kit.release.on_server import NoStatusError, states_on
from kit.release.versions import PACKAGE_FILE, numbers
from kit.serving.server import ModelServer


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Two versions of a shop, the second one pushed past its gates and with a package file."""
    folder = tmp_path / "serving" / "shop"
    for number in ("1700000000", "1700000100"):
        (folder / number / "assets.extra").mkdir(parents=True)
        (folder / number / "saved_model.pb").write_bytes(b"x" * 20_000)
    package = {"versions": {"tensorflow": "2.21.0", "git commit": "0123456789abcdef"}}
    (folder / "1700000100" / PACKAGE_FILE).write_text(json.dumps(package))
    history.note(folder, "push", version=1700000100, override={"who": "Ann", "when": "", "why": "now"})
    return folder


def give(base: Path, *words: str) -> Result:
    verb, *rest = words
    return invoke(verb, *rest, "-P", base.name, "-w", base.parents[1])


def test_versions_are_listed_with_their_state_and_what_was_done(base: Path) -> None:
    header, newest, oldest = give(base, "versions").stdout.splitlines()
    assert header.split() == [
        "version",
        "state",
        "pushed",
        "(UTC)",
        "MB",
        "TensorFlow",
        "commit",
        "labels",
        "remarks",
    ]
    assert newest.split()[:2] == ["1700000100", "served"]
    assert "0.02  2.21.0      012345678" in newest
    assert newest.endswith("past its gates by a person's decision")
    assert oldest.split() == ["1700000000", "kept", "2023-11-14", "22:13", "0.02"]


def test_a_running_server_tells_of_a_version_that_it_could_not_load(tmp_path: Path) -> None:
    folder = tmp_path / "serving" / NAME
    save_linear(folder, 1, 2.0)
    settings = settings_of(folder, rest_api_port=0, file_system_poll_wait_seconds=0.05)
    with ModelServer(settings) as server:
        rest = str(server.start().rest)
        (folder / "2").mkdir()
        (folder / "2" / "saved_model.pb").write_bytes(b"torn")
        wait_until(lambda: states_on(rest, NAME).get(2, "").startswith("END"), 60)
        header, newest, oldest = give(folder, "versions", "--server", f"http://{rest}/").stdout.splitlines()
        with pytest.raises(NoStatusError, match=r"404 .*other"):
            states_on(rest, "other")
    assert header.endswith("on the server")
    assert "END: Could not load" in newest
    assert oldest.endswith("AVAILABLE")
    gone = give(folder, "versions", "--server", rest)
    assert gone.exit_code == 2
    assert f"http://{rest}/v1/models/{NAME}, but: connection refused" in gone.stderr


def test_nothing_was_pushed(tmp_path: Path) -> None:
    assert "Nothing has been pushed" in give(tmp_path / "serving" / "shop", "versions").stdout


def test_a_rollback_is_one_command_and_is_told(base: Path) -> None:
    answer = give(base, "rollback", "--who", "Bo", "--why", "clicks\x1b[2Jfell")
    assert answer.exit_code == 0, answer.output
    assert "Version 1700000000 is the one to serve now, before it was 1700000100" in answer.stdout
    assert numbers(base) == [1700000000]
    newest = give(base, "versions").stdout.splitlines()[1]
    assert newest.split()[:2] == ["1700000100", "withdrawn"]
    assert "rolled back by Bo, " in newest
    assert "\x1b" not in newest
    assert give(base, "rollback", "--to", "1700000100").exit_code == 0
    assert numbers(base) == [1700000000, 1700000100]


def test_a_rollback_to_what_is_not_there_is_wrong_usage(base: Path) -> None:
    answer = give(base, "rollback", "--to", "5")
    assert (answer.exit_code, "Choose one" in answer.stderr) == (2, True)
    assert numbers(base) == [1700000000, 1700000100]


def test_of_a_project_without_a_push_nothing_is_rolled_back_and_nothing_made(base: Path) -> None:
    nowhere = base.with_name("nope")
    answer = give(nowhere, "rollback")
    assert (answer.exit_code, f"there is no {nowhere}" in answer.stderr) == (2, True)
    assert not nowhere.exists()


def test_versions_and_rollbacks_import_nothing_slow(base: Path) -> None:
    code = (
        "from kit.cli import app\n"
        f"place = ['-P', 'shop', '-w', {str(base.parents[1])!r}]\n"
        "for verb in ('versions', 'rollback'):\n"
        "    app([verb, *place], standalone_mode=False)"
    )
    modules, _ = imported_by(code)
    assert not {"tensorflow", "tfx", "ml_metadata", "apache_beam"} & modules
    assert numbers(base) == [1700000000]


def test_a_preflight_names_what_a_server_lacks(base: Path, tmp_path: Path) -> None:
    code = (
        "import sys, tensorflow as tf\n"
        "class Model(tf.Module):\n"
        "    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])\n"
        "    def serve(self, data): return {'x': tf.raw_ops.DecodeWebP(contents=data)}\n"
        "model = Model(); tf.saved_model.save(model, sys.argv[1], signatures={'a': model.serve})"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "m")], capture_output=True, check=True)
    shutil.copytree(tmp_path / "m", base / "1700000100", dirs_exist_ok=True)
    place = ("-P", "shop", "-w", base.parents[1])
    refused = kit_command("preflight", "tensorflow_serving 2.19", *place)
    assert refused.code == 13
    assert "missing: DecodeWebP (since 2.20)" in refused.errors
    assert len(refused.errors.splitlines()) == 1, "TensorFlow says nothing about this machine"
    passed = kit_command("preflight", "tensorflow_serving 2.20", *place)
    assert passed.code == 0, passed.errors
    assert "know all of them since 2.20." in passed.output
