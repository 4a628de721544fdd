"""The chain as a pipeline of Kubeflow Pipelines, read back with its SDK."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from in_process import invoke
from small_notebooks import write_notebook

from kit.batch.order import waits
from kit.batch.plan import PlannedNotebook, choose_notebooks, plan_chain
from kit.cli.run_options import pairs_of
from kit.errors import UsageError
from kit.export.kubeflow import Place, arguments, check, kubeflow_pipeline
from kit.project.folder import BUILT_IN

PLACE = Place("shop/kit:1", Path("/nowhere"), "shop-claim", "kit-secrets")


@pytest.fixture(scope="module")
def plan() -> list[PlannedNotebook]:
    return plan_chain(choose_notebooks(), {"epochs": 3, "project_name": "recommender"})


@pytest.fixture(scope="module")
def text(plan: list[PlannedNotebook]) -> str:
    return kubeflow_pipeline("kit-recommender", plan, PLACE)


def test_every_notebook_is_a_container_that_waits_for_those_that_it_needs(
    text: str, plan: list[PlannedNotebook]
) -> None:
    spec, platform = yaml.safe_load_all(text)
    tasks = {task["taskInfo"]["name"]: task for task in spec["root"]["dag"]["tasks"].values()}
    assert set(tasks) == {one.name for one in plan}
    assert tasks["03_train"]["dependentTasks"] == ["notebook-02-features"]
    assert not tasks["03_train"]["cachingOptions"]
    executors = spec["deploymentSpec"]["executors"]
    train = executors["exec-notebook-03-train"]["container"]
    assert (train["image"], train["command"]) == ("shop/kit:1", ["kit"])
    assert train["args"][:4] == ["run", "03_train", "--workspace", "/workspace"]
    assert train["args"][4::2] == ["-p", "-p"]
    assert sorted(train["args"][5::2]) == ["epochs=3", "project_name=recommender"]
    mounts = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert {str(mounts[one]["pvcMount"]) for one in executors} == {
        "[{'constant': 'shop-claim', 'mountPath': '/workspace'}]"
    }


def test_a_container_is_given_what_kit_run_takes(plan: list[PlannedNotebook]) -> None:
    for notebook in plan:
        words = arguments(notebook, PLACE.workspace)
        again = plan_chain([notebook.path], pairs_of(words[5::2]))[0]
        assert again.parameters == notebook.parameters


def test_a_container_is_given_its_secrets_and_needs_no_project(tmp_path: Path) -> None:
    path = tmp_path / "ws" / "ours" / "mails.ipynb"
    path.parent.mkdir(parents=True)
    write_notebook(path, parameters='mail_password: str = ""  # of the account, secret')
    words = ["export", "kubeflow", str(tmp_path / "chain.yaml"), str(path), "--image", "shop/kit:1", "-w"]
    ended = invoke(*words, tmp_path / "ws")
    assert ended.exit_code == 0, ended.output
    assert "one container per notebook (1), on the claim kit-workspace" in ended.output
    assert "KIT_SECRET_MAIL_PASSWORD" in ended.output
    spec, platform = yaml.safe_load_all((tmp_path / "chain.yaml").read_text())
    [container] = [one["container"] for one in spec["deploymentSpec"]["executors"].values()]
    assert container["args"] == ["run", "/workspace/ours/mails.ipynb", "--workspace", "/workspace"]
    [given] = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values()
    variable = "KIT_SECRET_MAIL_PASSWORD"
    assert given["secretAsEnv"] == [
        {
            "secretName": "kit-secrets",
            "keyToEnv": [{"secretKey": variable, "envVar": variable}],
            "optional": False,
        }
    ]
    elsewhere = invoke(*words, tmp_path / "other")
    assert elsewhere.exit_code == 2
    assert "Copy it to one of them" in elsewhere.output


def test_a_container_is_given_the_project_that_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "ws"
    for folder in (place / "ours", place / "projects" / "theirs", tmp_path / "nobodys"):
        shutil.copytree(BUILT_IN / "recommender", folder)
        project = folder / "project.yml"
        project.write_text(project.read_text().replace("name: recommender", f"name: {folder.name}"))
    monkeypatch.chdir(place)
    for name, there in (
        ("recommender", "recommender"),
        (str(BUILT_IN / "recommender"), "recommender"),
        ("theirs", "theirs"),
        ("projects/theirs", "/workspace/projects/theirs"),
        ("ours", "/workspace/ours"),
    ):
        [train] = plan_chain(choose_notebooks(["03_train"]), {"project_name": name})
        assert arguments(train, place)[-2:] == ["-p", f"project_name={there}"]
    words = ["export", "kubeflow", str(tmp_path / "chain.yaml"), "--image", "shop/kit:1", "-w", str(place)]
    ended = invoke(*words, "--project", "../nobodys")
    assert ended.exit_code == 2
    assert f"{tmp_path / 'nobodys'} is in neither. Copy it into {place / 'projects'}" in ended.output


def _without_order(spec: dict[str, Any], _: dict[str, Any]) -> None:
    del spec["root"]["dag"]["tasks"]["notebook-03-train"]["dependentTasks"]


def _without_task(spec: dict[str, Any], _: dict[str, Any]) -> None:
    tasks = spec["root"]["dag"]["tasks"]
    del tasks["notebook-00-start-here"]


def _other_epochs(spec: dict[str, Any], _: dict[str, Any]) -> None:
    spec["deploymentSpec"]["executors"]["exec-notebook-03-train"]["container"]["args"][-1] += "4"


def _without_claim(_: dict[str, Any], platform: dict[str, Any]) -> None:
    del platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]["exec-notebook-03-train"]


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (_without_order, "03_train waits for []"),
        (_without_task, "00_start_here is missing"),
        (_other_epochs, "03_train is called with"),
        (_without_claim, "03_train has no workspace"),
    ],
)
def test_a_pipeline_that_is_not_the_chain_is_found(
    text: str, plan: list[PlannedNotebook], spoil: Any, found: str
) -> None:
    assert check(text, {one.name: one for one in plan}, waits(plan), PLACE.workspace) == []
    documents = list(yaml.safe_load_all(text))
    spoil(*documents)
    faults = check(
        yaml.safe_dump_all(documents), {one.name: one for one in plan}, waits(plan), PLACE.workspace
    )
    assert len(faults) == 1
    assert found in faults[0]


def test_the_command_writes_it_and_says_that_it_was_not_run(tmp_path: Path) -> None:
    words = ["export", "kubeflow", str(tmp_path / "chain.yaml"), "--image", "shop/kit:1", "-p", "epochs", "3"]
    ended = invoke(*words, "-w", tmp_path / "ws")
    assert ended.exit_code == 0, ended.output
    assert "not run on a cluster" in ended.output
    assert "kit-workspace" in (tmp_path / "chain.yaml").read_text()


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"image": ""}, "--image must be .* but found ''"),
        ({"image": "a b"}, "--image must be .* but found 'a b'"),
        ({"cpu": "0"}, "--cpu must be .* more than 0 cores"),
        ({"memory": "0Gi"}, "--memory must be .* but found '0Gi'"),
        ({"memory": "lots"}, "--memory must be .* but found 'lots'"),
    ],
    ids=str,
)
def test_a_container_that_kubernetes_would_refuse_is_refused(
    plan: list[PlannedNotebook], options: dict[str, Any], found: str
) -> None:
    with pytest.raises(UsageError, match=found):
        kubeflow_pipeline("kit-recommender", plan, replace(PLACE, **options))


@pytest.mark.parametrize(("cpu", "memory"), [("500m", "512Mi"), ("0.5", "2G"), ("2", "1Ti"), ("16", "64Ki")])
def test_what_kubernetes_takes_the_sdk_takes_too(plan: list[PlannedNotebook], cpu: str, memory: str) -> None:
    place = replace(PLACE, cpu=cpu, memory=memory)
    assert "cpuLimit" in kubeflow_pipeline("kit-recommender", plan[:1], place)
