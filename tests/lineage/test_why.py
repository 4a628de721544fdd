"""Of two runs exactly what was changed is named, whatever it is, and what follows from it is not named as well."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from kit.lineage.query import trace
from kit.lineage.why import Cause, NothingToCompareError, Why, why
from kit.translation.messages import VARIABLE
from kit.workspace import Workspace, write_atomically
from lineage.stores import FILES, ORIGIN, PROJECT, TRAINING, VERSION, Writer, chain

CHANGED: Mapping[str, Mapping[str, Any]] = {
    "data": {"files": {**FILES, "span-2/clicks.csv": "9" * 64}},
    "schema": {"schema": "6" * 64},
    "parameter": {"training": {**TRAINING, "epochs": 4}},
    "code": {"code": "fedcba9876543210"},
    "packages": {"origin": {**ORIGIN, "packages": "newer"}, "code": f"0123456789abcdef+{'1' * 16}"},
    "seed": {"training": {**TRAINING, "seed": 2}},
    "machine": {"origin": {**ORIGIN, "packages": "older", "host": "two"}},
}
SAID = {
    "data": "data: span-2/clicks.csv train changed (digest of all files): ",
    "schema": "Schema: 555555555555 → 666666666666.",
    "parameter": "Parameter: Trainer, custom_config.training.epochs: 3 → 4.",
    "code": f"Code: what Trainer runs: commit {'c' * 12}, 0123456789abcdef → commit {'c' * 12}, fedcba9876543210",
    "packages": "Packages: numpy: 1.0 → 2.0.",
    "seed": "Seed: of Trainer: 1 → 2.",
    "machine": "Machine: host: one → two.",
}
OLDER = {**ORIGIN, "packages": "older"}


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Writer:
    workspace = Workspace(tmp_path_factory.mktemp("why") / "ws")
    for name, version in (("older", "1.0"), ("newer", "2.0")):
        write_atomically(workspace.path / "environments" / f"{name}.txt", f"numpy=={version}\npandas==1.0\n")
    return Writer(workspace)


def _differ(writer: Writer, first: Mapping[str, Any], second: Mapping[str, Any]) -> Why:
    """Return why two versions differ, of which each was made in its own way."""
    one, other = (chain(writer, version=VERSION, **{"origin": OLDER, **how}) for how in (first, second))
    return why(writer.workspace, *(f"artifact {made['pushed_model']}" for made in (one, other)))


@pytest.mark.parametrize("part", CHANGED)
def test_exactly_the_one_thing_that_changed_is_named(writer: Writer, part: str) -> None:
    found = _differ(writer, {}, CHANGED[part])
    assert [cause.part for cause in found.causes] == [part]
    assert SAID[part].lower() in found.paragraph.lower()
    assert "differs from" in found.paragraph
    assert "in one thing" in found.paragraph


def test_data_without_spans_are_named_once(writer: Writer) -> None:
    runs = []
    for number in (1, 2):
        run = f"2026050{number}-000000-shop"
        writer.run_file(run)
        began = {**OLDER, "run": run}
        made = chain(writer, origin=began, files={"d/c.csv": str(number) * 64})
        told = {"custom_config": json.dumps({"data": {"all": f"1 file, sha256 {number}"}})}
        writer.step("Tuner", {"examples": made["examples"]}, {"best": "Best"}, told=told, origin=began)
        runs.append(run)
    assert [cause.part for cause in why(writer.workspace, *runs).causes] == ["data"]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"epochs": 4}, "Trainer, custom_config.training.epochs"),
        ({}, "BlindSpotFinder, settings.project.yml"),
    ],
    ids=["a parameter", "only its title"],
)
def test_the_file_of_the_project_is_named_where_nothing_says_more(
    writer: Writer, changed: Mapping[str, Any], named: str
) -> None:
    runs = []
    for file, training in (("06de", TRAINING), ("b7d9", {**TRAINING, **changed})):
        run = f"20260506-000000-{file}-{len(changed)}"
        writer.run_file(run)
        made = chain(writer, origin={**OLDER, "run": run}, training=training)
        told = {"settings": json.dumps({"project.yml": file})}
        taken = {"evaluation": made["evaluation"]}
        writer.step("BlindSpotFinder", taken, {"spots": "Spots"}, told=told, origin={**OLDER, "run": run})
        runs.append(run)
    assert [cause.name for cause in why(writer.workspace, *runs).causes] == [named]


def test_a_commit_that_no_step_felt_is_told_as_that(writer: Writer) -> None:
    found = _differ(writer, {}, {"origin": {**OLDER, "code_commit": "d" * 40}})
    [cause] = found.causes
    assert cause.part == "code"
    assert "the commit, but nothing that a step says it runs" in found.paragraph


def test_a_commit_that_no_step_felt_is_not_told_beside_what_changed(writer: Writer) -> None:
    """Whoever changes a line of project.yml in the checkout changes the commit as well, which adds nothing."""
    later = {**OLDER, "code_commit": f"{'c' * 40} with changes"}
    found = _differ(writer, {}, {"origin": later, "training": {**TRAINING, "epochs": 4}})
    assert [cause.part for cause in found.causes] == ["parameter"]


def test_an_inferred_schema_is_not_told_beside_the_data_that_it_follows_from(writer: Writer) -> None:
    runs = []
    for number, files in ((1, FILES), (2, CHANGED["data"]["files"])):
        run = f"2026050{number}-120000-shop"
        writer.run_file(run)
        began = {**OLDER, "run": run}
        made = chain(writer, origin=began, files=files)
        inferred = writer.step(
            "SchemaGen", {"statistics": made["statistics"]}, {"schema": "Schema"}, origin=began
        )
        folder = writer.workspace.artifacts(PROJECT) / "SchemaGen/schema"
        newest = max(folder.iterdir(), key=lambda path: int(path.name))
        (newest / "schema.pbtxt").write_text(f"# {number} {inferred}")
        runs.append(run)
    assert [cause.part for cause in why(writer.workspace, *runs).causes] == ["data"]


def test_another_baseline_is_no_difference(writer: Writer) -> None:
    first = chain(writer, origin=OLDER)
    assert _differ(writer, {}, {"baseline": first["model"]}).causes == ()


def test_several_are_told_in_their_order(writer: Writer) -> None:
    everything = {key: value for how in CHANGED.values() for key, value in how.items()}
    everything["training"] = {"epochs": 4, "learning_rate": 0.1, "seed": 2}
    everything["origin"] = {**ORIGIN, "packages": "newer", "host": "two"}
    everything["code"] = CHANGED["code"]["code"]
    found = _differ(writer, {}, everything)
    assert [cause.part for cause in found.causes] == list(CHANGED)
    assert "in 7 things, the likeliest cause first. Data: " in found.paragraph


def test_where_nothing_differs_it_says_so(writer: Writer) -> None:
    found = _differ(writer, {}, {})
    assert found.causes == ()
    assert found.paragraph.startswith("Nothing that is recorded differs")
    assert found.unknown == ()


def test_what_was_not_recorded_is_said_and_not_taken_for_the_same(writer: Writer) -> None:
    found = _differ(writer, {"origin": {}}, {})
    assert found.paragraph.endswith("Not recorded for both: the commit of the code, the packages.")


def test_a_seed_that_only_one_recorded_is_not_known(writer: Writer) -> None:
    without = {name: value for name, value in TRAINING.items() if name != "seed"}
    assert _differ(writer, {"training": without}, {}).unknown == ("the seed",)


def test_files_that_came_and_went_are_named(writer: Writer) -> None:
    files = {"span-2/clicks.csv": FILES["span-2/clicks.csv"], "span-3/clicks.csv": "7" * 64}
    [cause] = _differ(writer, {}, {"files": files}).causes
    assert cause.name.startswith("span-1/clicks.csv train removed, span-3/clicks.csv train added")


def test_what_only_one_run_was_told_or_ran_is_no_difference(writer: Writer) -> None:
    """A parameter that its notebook did not have yet, and a step with a seed that the other run did not come to."""
    runs = []
    for number in (1, 2):
        run = f"2026080{number}-000000-shop"
        began = {**OLDER, "run": run}
        made = chain(writer, origin=began)
        if number == 2:
            told = {"custom_config": json.dumps({"seed": 5})}
            writer.step("Tuner", {"examples": made["examples"]}, {"best": "Best"}, told=told, origin=began)
        _run_file(writer.workspace.runs / run, {"epochs": 3, **({"parity_rows": 9} if number == 2 else {})})
        runs.append(run)
    assert why(writer.workspace, *runs).causes == ()


def test_a_parameter_that_only_a_notebook_knows_is_named_and_one_of_a_step_once(writer: Writer) -> None:
    runs = []
    for number, epochs in ((1, 3), (2, 4)):
        run = f"2026010{number}-000000-shop"
        parameters = {"workspace": f"/ws{number}", "epochs": epochs, "parity_rows": number}
        chain(writer, origin={**OLDER, "run": run}, training={**TRAINING, "epochs": epochs})
        _run_file(writer.workspace.runs / run, parameters)
        runs.append(run)
    found = why(writer.workspace, *runs)
    assert [cause.name for cause in found.causes] == [
        "Trainer, custom_config.training.epochs",
        "notebook 03_train.parity_rows",
    ]


def test_a_seed_that_no_step_was_given_yet_is_named_by_the_notebook(writer: Writer) -> None:
    runs = []
    for seed in (7, 8):
        run = f"2026020{seed}-000000-shop"
        chain(writer, origin={**OLDER, "run": run}, training={"epochs": 3})
        _run_file(writer.workspace.runs / run, {"seed": seed})
        runs.append(run)
    [cause] = why(writer.workspace, *runs).causes
    assert (cause.part, cause.name, cause.first, cause.second) == ("seed", "of notebook 03_train", "7", "8")


def _run_file(folder: Path, parameters: Mapping[str, Any], steps: Collection[str] = (), **facts: str) -> None:
    notebook = {"name": "03_train", "path": "", "parameters": parameters, **facts}
    record = {
        "run_id": folder.name, "project": "shop", "workspace": "/ws", "state": "done", "exit_code": 0,
        "started": "2026-01-01T00:00:00Z", "notebooks": [notebook],
        "steps": [{"notebook": "03_train", "step": step, "state": "done", "seconds": 1} for step in steps],
        "versions": {}, "python": "3.12", "git_commit": None, "host": "one", "pid": 1, "pid_started": 0.0,
    }  # fmt: skip
    write_atomically(folder / "run.json", json.dumps(record))


def test_a_run_whose_record_is_damaged_is_compared_by_its_steps(writer: Writer) -> None:
    runs = [f"2026070{number}-000000-shop" for number in (1, 2)]
    for run, epochs in zip(runs, (3, 4), strict=True):
        chain(writer, origin={**OLDER, "run": run}, training={**TRAINING, "epochs": epochs})
        write_atomically(writer.workspace.runs / run / "run.json", '{"run_id": "')
    [cause] = why(writer.workspace, *runs).causes
    assert (cause.name, cause.first, cause.second) == ("Trainer, custom_config.training.epochs", "3", "4")


def test_of_a_run_that_skipped_notebooks_what_they_had_made_counts(writer: Writer) -> None:
    whole, data, training = (f"2026030{number}-000000-shop" for number in (1, 2, 3))
    for run in (whole, data, training):
        writer.run_file(run)
    chain(writer, origin={**OLDER, "run": whole})
    files = [{"path": "/data/span-3/clicks.csv", "split": "train", "span": 1, "sha256": "7" * 64}]
    began = {**OLDER, "run": data}
    made = writer.step(
        "ExampleGen", {}, {"examples": "Examples"}, told={"files": json.dumps(files)}, origin=began
    )
    made |= writer.step("SchemaGen", {}, {"schema": "Schema"}, told={"sha256": "6" * 64}, origin=began)
    config = {"code": "0123456789abcdef", "checkpoint": "/somewhere", "training": TRAINING}
    told = {"custom_config": json.dumps(config)}
    writer.step("Trainer", made, {"model": "Model"}, told=told, origin={**OLDER, "run": training})
    found = why(writer.workspace, whole, training)
    assert [cause.part for cause in found.causes] == ["data", "schema"]
    assert found.unknown == ()


def test_of_a_run_that_skipped_all_notebooks_what_they_had_made_is_compared(writer: Writer) -> None:
    runs = []
    for number, training in ((1, TRAINING), (3, {**TRAINING, "epochs": 4})):
        whole, again = (f"2026060{day}-000000-shop" for day in (number, number + 1))
        chain(writer, origin={**OLDER, "run": whole}, training=training)
        _run_file(writer.workspace.runs / whole, {}, ["Trainer"], state="done")
        _run_file(writer.workspace.runs / again, {}, state="skipped", unchanged_since=whole)
        runs.append(again)
    [cause] = why(writer.workspace, *runs).causes
    assert (cause.name, cause.first, cause.second) == ("Trainer, custom_config.training.epochs", "3", "4")
    lineage = trace(writer.workspace, runs[0])
    assert [lineage.graph.nodes[key].name for key in lineage.own] == ["Trainer"]


def test_what_no_step_of_both_tells_is_not_called_the_same(writer: Writer) -> None:
    runs = []
    for number in (1, 2):
        run = f"2026040{number}-000000-shop"
        writer.run_file(run)
        writer.step("Monitor", {}, {"report": "Report"}, origin={**OLDER, "run": run})
        runs.append(run)
    said = why(writer.workspace, *runs).paragraph
    assert said == (
        f"Nothing that is recorded differs between run {runs[0]} and run {runs[1]}. "
        "Not recorded for both: the data files, the schema."
    )


def test_two_runs_without_a_step_in_common_are_no_comparison(writer: Writer) -> None:
    made = chain(writer)
    with pytest.raises(NothingToCompareError, match="a step in common"):
        why(writer.workspace, f"artifact {made['schema']}", f"artifact {made['examples']}")


def test_the_paragraph_is_told_in_the_language_and_recorded_in_english(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = Why(
        "run a",
        "run b",
        (Cause("parameter", "Trainer, epochs", "3", "4"), Cause("code", "what Trainer runs", "1", "2")),
        ("the packages",),
    )
    said = (
        "run b differs from run a in 2 things, the likeliest cause first. Parameter: Trainer, epochs: 3 → 4; "
        "code: what Trainer runs: 1 → 2. Not recorded for both: the packages."
    )
    assert found.paragraph == found.in_words() == said
    monkeypatch.setenv(VARIABLE, "zh")
    assert found.paragraph == said
    assert found.in_words().startswith("run b 与 run a 的不同之处有2 处，最可能的原因在前。")  # noqa: RUF001
    assert "代码： Trainer 所运行的代码: 1 → 2" in found.in_words()  # noqa: RUF001
