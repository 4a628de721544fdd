"""A pack of a version that was really pushed has all of its evidence, and names what is missing."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from in_process import invoke
from training.tiny import Tiny

from kit import decisions
from kit.audit.keys import AuditKeyError, signing_key
from kit.audit.pack import Packed, pack
from kit.audit.verify import verify
from kit.card.write import write_card
from kit.lineage.subjects import SubjectError
from kit.project.file import Gate
from kit.release.infra import infra_validator
from kit.release.push import pushed_folder, pusher
from kit.steps.monitor import RUN_FOLDER_VARIABLE
from kit.workspace import Workspace

pytestmark = pytest.mark.slow

RUN = "20260101-000000-tiny"


@dataclass(frozen=True)
class Released:
    """A workspace with one pushed version, and its first pack."""

    workspace: Workspace
    version: int
    packed: Packed

    def read(self, name: str) -> Any:
        with zipfile.ZipFile(self.packed.path) as file:
            return json.loads(file.read(name))

    def names(self) -> list[str]:
        with zipfile.ZipFile(self.packed.path) as file:
            return file.namelist()


@pytest.fixture(scope="module")
def released(tiny: Tiny) -> Released:
    workspace = tiny.session.workspace
    folder = workspace.runs / RUN
    folder.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(RUN_FOLDER_VARIABLE, str(workspace.runs / RUN))
        session = tiny.evaluate(tiny.train(3), Gate(metric="auc", min=0.6))
        session.run(infra_validator(session))
        session.run(pusher(session))
    write_card(session)
    decisions.record(session, session.latest("Evaluator", "blessing"), "trust", who="Ada", why="seen it")
    (folder / "run.json").write_text("{}")
    (folder / "03_train.ipynb").write_text('{"cells": ["executed"]}')
    (folder / "08_lineage.running.ipynb").write_text('{"cells": ["the one that packs"]}')
    version = pushed_folder(session)
    assert version is not None
    return Released(workspace, int(version.name), pack(workspace, version.name))


def test_it_is_whole_and_names_the_model(released: Released) -> None:
    verdict = verify(released.packed.path.read_bytes(), bytes.fromhex(released.packed.public_key))
    assert verdict.broken == ()
    assert verdict.facts is not None
    assert (verdict.facts["project"], verdict.facts["version"]) == ("tiny", str(released.version))
    assert verdict.facts["gates"] == "blessed"


def test_it_has_what_an_auditor_asks_for(released: Released) -> None:
    assert {
        "anomalies.json", "data.json", "decisions.json", "lineage.json", "missing.json", "model_card.html",
        "model_card.md", "model_files.json", "parameters.json", "push.json", "signatures.json", "slices.json",
        "verdicts.json", f"runs/{RUN}/03_train.ipynb", f"runs/{RUN}/run.json", "environment/requirements.lock",
    } <= set(released.names())  # fmt: skip
    assert f"runs/{RUN}/08_lineage.running.ipynb" not in released.names()
    assert any(name.endswith("schema.pbtxt") for name in released.names())
    assert any(name.endswith("/SchemaDiff.pb") for name in released.names())


def test_its_members_tell_of_this_version(released: Released) -> None:
    [file] = released.read("data.json")
    assert file["path"].endswith("visitors.csv")
    [trainer] = [
        told for step, told in released.read("parameters.json").items() if step.startswith("Trainer")
    ]
    assert trainer["custom_config.training.seed"] == "3"
    assert trainer["origin.run"] == RUN
    assert released.read("slices.json")["all rows"]["auc"] > 0.6
    assert released.read("verdicts.json")["validation"]["validationOk"] is True
    assert "serving_default" in released.read("signatures.json")
    assert released.read("push.json")["history"][0]["what"] == "push"
    assert [one["who"] for one in released.read("decisions.json")] == ["Ada"]
    assert {node["name"] for node in released.read("lineage.json")["upstream"]} >= {
        "ExampleGen",
        "Trainer",
        "evaluation",
    }


def test_it_says_which_steps_have_no_executed_notebook(released: Released) -> None:
    [said] = [one for one in released.read("missing.json") if one.startswith("Executed notebooks")]
    assert "ExampleGen" in said
    assert "by hand or in a pipeline" in said
    assert "Trainer" not in said


def test_the_same_workspace_gives_the_same_bytes(released: Released, tmp_path: Path) -> None:
    again = pack(released.workspace, f"tiny/{released.version}", out=tmp_path / "again.zip")
    assert again.path.read_bytes() == released.packed.path.read_bytes()


def test_another_key_signs_another_pack(released: Released, tmp_path: Path) -> None:
    other = Workspace(tmp_path / "other")
    signing_key(other)
    key = other.path / "private" / "audit_ed25519.pem"
    signed = pack(released.workspace, str(released.version), tmp_path / "other.zip", key)
    assert signed.fingerprint != released.packed.fingerprint


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    first = signing_key(workspace)
    path = workspace.path / "private" / "audit_ed25519.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert signing_key(workspace).private_bytes_raw() == first.private_bytes_raw()
    path.chmod(0o644)
    with pytest.raises(AuditKeyError, match="Only its owner may read"):
        signing_key(workspace)


@pytest.mark.parametrize("content", [b"", b"no key", None], ids=["empty", "text", "missing"])
def test_a_file_without_a_key_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    with pytest.raises(AuditKeyError):
        signing_key(Workspace(tmp_path / "ws"), path)


def test_what_was_not_pushed_has_no_pack(released: Released) -> None:
    with pytest.raises(SubjectError, match="must have the version '12', but has none of that name"):
        pack(released.workspace, "12")


def test_the_command_line_verifies_what_it_packed(released: Released, tmp_path: Path) -> None:
    path = tmp_path / "pack.zip"
    packed = invoke("audit", "pack", released.version, "--out", path, "--workspace", released.workspace.path)
    assert packed.exit_code == 0, packed.output
    assert released.packed.fingerprint in packed.output
    whole = invoke("audit", "verify", path, "--public-key", released.packed.public_key)
    assert (whole.exit_code, "as they were signed" in whole.output) == (0, True)
    changed = bytearray(path.read_bytes())
    changed[changed.index(b'"cells": ["executed"')] ^= 1
    path.write_bytes(changed)
    broken = invoke("audit", "verify", path)
    assert broken.exit_code == 1
    assert f"runs/{RUN}/03_train.ipynb" in broken.stderr
    assert invoke("audit", "verify", path, "--public-key", "zz").exit_code == 2
    assert invoke("audit", "verify", path, "--public-key", "").exit_code == 2
    nowhere = invoke("audit", "verify", path.with_name("nowhere.zip"))
    assert nowhere.exit_code == 2
    assert "does not exist" in nowhere.output


def test_with_a_file_and_a_key_of_ones_own_nothing_is_written_to_the_workspace(
    released: Released, tmp_path: Path
) -> None:
    signing_key(Workspace(tmp_path / "mine"))
    key = tmp_path / "mine" / "private" / "audit_ed25519.pem"
    looked_at = Workspace(released.workspace.path, read_only=True)
    assert (
        pack(looked_at, str(released.version), tmp_path / "pack.zip", key).members == released.packed.members
    )
    given = ["--out", str(tmp_path / "no.zip"), "--key", str(key), "--workspace", str(tmp_path / "misspelt")]
    for words in (given, given[4:]):
        assert invoke("audit", "pack", "1", *words).exit_code == 2
        assert not (tmp_path / "misspelt").exists()


def test_a_version_that_was_pruned_still_has_a_pack_that_says_so(released: Released, tmp_path: Path) -> None:
    folder = released.workspace.serving("tiny") / str(released.version)
    moved = folder.with_name(".aside")
    folder.rename(moved)
    try:
        missing = pack(released.workspace, str(released.version), tmp_path / "pack.zip").missing
    finally:
        moved.rename(folder)
    assert any(one.startswith("Signatures and files of the model") for one in missing)
