"""Of many files or packages that differ the first are named and the rest is counted; of many steps one is named."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from kit.lineage.why import Cause, why
from kit.workspace import Workspace, write_atomically
from lineage.stores import FILES, ORIGIN, TRAINING, VERSION, Writer, chain

OLDER = {**ORIGIN, "packages": "older"}


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    workspace = Workspace(tmp_path_factory.mktemp("why") / "ws")
    write_atomically(workspace.path / "environments" / "older.txt", "numpy==1.0\npandas==1.0\n")
    return Writer(workspace)


def _causes(writer: Writer, changed: Mapping[str, Any]) -> tuple[Cause, ...]:
    """Return what differs between two versions, of which the second was made in another way."""
    one, other = (chain(writer, version=VERSION, **{"origin": OLDER, **how}) for how in ({}, changed))
    return why(writer.workspace, *(f"artifact {made['pushed_model']}" for made in (one, other))).causes


@pytest.mark.parametrize(("count", "rest"), [(5, ""), (6, " and 1 more"), (7, " and 2 more")])
def test_of_many_files_five_are_named_and_the_rest_is_counted(writer: Writer, count: int, rest: str) -> None:
    files = {**FILES, **{f"span-9/{number}.csv": "7" * 64 for number in range(count)}}
    [cause] = _causes(writer, {"files": files})
    assert cause.name.count(" added") == 5
    assert cause.name.endswith(f"4.csv train added{rest} (digest of all files)")


@pytest.mark.parametrize(
    ("count", "rest"), [(5, []), (6, ["1 more package"]), (7, ["2 more packages"])], ids=["5", "6", "7"]
)
def test_of_many_packages_five_are_named_and_the_rest_is_counted(
    writer: Writer, count: int, rest: list[str]
) -> None:
    more = "".join(f"p{number}==1\n" for number in range(count))
    packages = f"with-{count}"
    path = writer.workspace.path / "environments" / f"{packages}.txt"
    write_atomically(path, f"numpy==1.0\npandas==1.0\n{more}")
    causes = _causes(writer, {"origin": {**OLDER, "packages": packages}})
    assert [cause.name for cause in causes] == ["p0", "p1", "p2", "p3", "p4", *rest]


def test_a_parameter_that_several_steps_have_is_named_once(writer: Writer) -> None:
    runs = []
    for number, epochs in ((1, 3), (2, 4)):
        run = f"2026090{number}-000000-shop"
        writer.run_file(run)
        began, training = {**OLDER, "run": run}, {**TRAINING, "epochs": epochs}
        made = chain(writer, origin=began, training=training)
        told = {"custom_config": json.dumps({"training": training})}
        writer.step("Tuner", {"examples": made["examples"]}, {"best": "Best"}, told=told, origin=began)
        runs.append(run)
    [cause] = why(writer.workspace, *runs).causes
    assert cause.name.endswith(", custom_config.training.epochs")
