"""The chain as a TFX pipeline: run by LocalDagRunner it makes what the notebooks' steps make."""

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
from in_process import invoke

from kit import warm
from kit.batch.unchanged import latest_outputs
from kit.data.records import read_records
from kit.evaluation.results import load_slices
from kit.lineage.query import trace
from kit.lineage.read import read_graph
from kit.monitoring.last_push import last_push
from kit.release.infra import newest_other_than_trained
from kit.release.package_facts import model_digest
from kit.release.signatures import MODEL_FOLDER
from kit.release.versions import list_versions

from .processes import run_file

if TYPE_CHECKING:
    from training.tiny import Tiny

STEPS = {
    "ExampleGen", "StatisticsGen", "SchemaGen", "ExampleValidator", "DataGate", "Transform", "Trainer", "Baseline",
    "Evaluator", "ModelGate", "RowsGate", "InfraValidator", "LiteRTConverter", "LiteRTGate", "Pusher",
}  # fmt: skip


def write(tiny: Tiny, file: Path) -> None:
    """Write the pipeline with the parameters that the tiny chain ran with."""
    given = {"epochs": 3, "batch_size": 64, "learning_rate": 0.01, "seed": 1}
    words = [word for name, value in given.items() for word in ("-p", name, str(value))]
    ended = invoke("export", "local", file, "-P", "tiny", "-w", tiny.folder, *words)
    assert ended.exit_code == 0, ended.output


def start(file: Path) -> tuple[str, str]:
    """Run a pipeline; return its exit code and all that its user saw."""
    said = file.with_suffix(".log")
    outcome = begin(file, said).wait(900)
    assert isinstance(outcome, warm.CallReturned), said.read_text()
    return outcome.result.decode(), said.read_text()


def begin(file: Path, said: Path) -> warm.WarmCall:
    return warm.start_call(f"{run_file.__module__}:{run_file.__name__}", bytes(file), log_path=said)


def kill_while_it_trains(tiny: Tiny, file: Path) -> None:
    """Run a pipeline, and kill it once Trainer has begun to write a model."""
    models, said = tiny.path("Trainer", "model").parent, file.with_suffix(".killed.log")
    before, call = set(models.iterdir()), begin(file, said)
    while set(models.iterdir()) == before:
        assert call.wait(0.05) is None, said.read_text()
    os.kill(call.pid, signal.SIGKILL)
    assert isinstance(call.wait(20), warm.CallDied)


@pytest.fixture(scope="module")
def ran(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> tuple[Tiny, str]:
    """Return the tiny project after its chain was judged and its pipeline has run, and what that said.

    It was killed once before, in the middle of Trainer, so that all tests see what a second run makes of that.
    """
    tiny.evaluate(tiny.train(1), *tiny.project.spec.gates)
    file = tmp_path_factory.mktemp("exported") / "pipeline.py"
    write(tiny, file)
    kill_while_it_trains(tiny, file)
    code, said = start(file)
    assert code == "0", said
    return tiny, said


def both(tiny: Tiny, component: str, key: str) -> tuple[Path, Path]:
    """Return the folders of what the pipeline and what the chain made."""
    [(_, by_pipeline), *_, (_, by_chain)] = tiny.session.history(component)
    made = Path(by_pipeline[key][0].uri), Path(by_chain[key][0].uri)
    assert made[0] != made[1]
    return made


def content(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def test_a_line_a_step_is_said_and_the_rest_is_in_the_log(ran: tuple[Tiny, str]) -> None:
    tiny, said = ran
    [*steps, pushed] = said.splitlines()
    assert {line.partition(":")[0] for line in steps} == STEPS
    assert pushed.startswith("Version ")
    assert "LocalDagRunner" not in said
    assert "Component Pusher is finished." in (tiny.folder / "logs" / "tiny" / "pipeline.log").read_text()


def test_after_a_kill_only_the_step_that_was_killed_is_done_again(ran: tuple[Tiny, str]) -> None:
    session = ran[0].session
    found: dict[str, list[str]] = {step: [] for step in STEPS}
    for node in read_graph(session.workspace, "tiny").nodes.values():
        if node.kind == "execution":
            found[node.name].append(node.state)
    for step in ("ExampleGen", "StatisticsGen", "SchemaGen", "ExampleValidator", "DataGate", "Transform"):
        assert found[step][-2:] == ["complete", "cached"], step
    assert found["Trainer"][-2:] == ["failed", "complete"]
    models = [Path(made["model"][0].uri) for _, made in session.history("Trainer")]
    assert set(session.path("Trainer", "model").parent.iterdir()) == set(models), "no half of a model is left"


@pytest.mark.parametrize(
    ("component", "key"),
    [
        ("ExampleGen", "examples"),
        ("StatisticsGen", "statistics"),
        ("SchemaGen", "schema"),
        ("ExampleValidator", "anomalies"),
    ],
)
def test_data_are_the_same_bytes(ran: tuple[Tiny, str], component: str, key: str) -> None:
    ours, theirs = both(ran[0], component, key)
    assert content(ours) == content(theirs) != {}


def test_transform_gives_the_same_rows(ran: tuple[Tiny, str]) -> None:
    """Up to the last bits: analyzers add up batches, and how Beam cuts these depends on the time that they take.

    A standardised value near 0 is the difference of two that are not, so its bits are those of a value of 1.
    """
    ours, theirs = both(ran[0], "Transform", "transformed_examples")
    for split in ("train", "eval"):
        found, expected = rows(ours, split), rows(theirs, split)
        assert len(found) == len(expected) > 0
        for one, other in zip(found, expected, strict=True):
            assert one == {name: pytest.approx(values, rel=1e-5, abs=1e-5) for name, values in other.items()}


def rows(folder: Path, split: str) -> list[dict[str, list[Any]]]:
    """Read examples: the order of the features within one is not always the same."""
    examples = map(tf.train.Example.FromString, read_records(folder, split))
    return [
        {
            name: list(getattr(feature, str(feature.WhichOneof("kind"))).value)
            for name, feature in example.features.feature.items()
        }
        for example in examples
    ]


def test_the_model_has_the_same_weights_and_metrics(ran: tuple[Tiny, str]) -> None:
    ours, theirs = (weights(folder) for folder in both(ran[0], "Trainer", "model"))
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        # Another seed or order of the rows is further off; for the rest see the rows above.
        np.testing.assert_allclose(value, theirs[name], rtol=1e-4, atol=1e-6, err_msg=name)
    found, expected = (dict(load_slices(folder)) for folder in both(ran[0], "Evaluator", "evaluation"))
    assert found.keys() == expected.keys() > {()}
    for key, metrics in found.items():
        assert metrics == pytest.approx(expected[key], rel=1e-4, nan_ok=True), key


def weights(model: Path) -> dict[str, Any]:
    reader = tf.train.load_checkpoint(str(model / MODEL_FOLDER / "variables" / "variables"))
    return {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if name.startswith("weights")
    }


def test_the_baseline_is_the_model_that_the_notebooks_blessed(ran: tuple[Tiny, str]) -> None:
    [(by_pipeline, blessed), (by_chain, _), *_] = ran[0].session.history("Evaluator")
    assert by_pipeline["baseline_model"][0].id == by_chain["model"][0].id != by_pipeline["model"][0].id
    assert blessed["blessing"][0].get_int_custom_property("blessed") == 1


def test_the_pushed_version_is_the_model_and_its_lineage_is_whole(ran: tuple[Tiny, str]) -> None:
    tiny = ran[0]
    [version] = list_versions(tiny.session.workspace.serving("tiny"))
    assert version.package["model"] == model_digest(both(tiny, "Trainer", "model")[0] / MODEL_FOLDER)
    assert newest_other_than_trained(tiny.session.workspace, tiny.project) == "", (
        "it is not checked against itself"
    )
    lineage = trace(tiny.session.workspace, str(version.number), "upstream")
    steps = {
        node.name: node for key in lineage.upstream if (node := lineage.graph.nodes[key]).kind == "execution"
    }
    assert {"ExampleGen", "SchemaGen", "Transform", "Trainer", "Evaluator", "InfraValidator"} <= steps.keys()
    assert steps["Trainer"].properties["custom_config.training.seed"] == "1"
    assert steps["Trainer"].origin["python"]


def test_notebooks_go_on_where_the_pipeline_ended(ran: tuple[Tiny, str]) -> None:
    session = ran[0].session
    made = latest_outputs(
        session.workspace.metadata_path, "tiny"
    )  # by which `kit run` sees what is unchanged
    for step, done in session.done().items():
        assert done, step
        assert made[step].startswith(str(next(iter(session.history(step)[0][1].values()))[0].id))
    [version] = list_versions(session.workspace.serving("tiny"))
    assert last_push(session).version == version.number, "07_monitor finds what it was made of"


def test_a_model_that_misses_a_gate_ends_the_pipeline_before_it_is_packaged(
    ran: tuple[Tiny, str], tmp_path: Path
) -> None:
    tiny = ran[0]
    checked = len(tiny.session.history("InfraValidator"))
    file = tiny.project.folder / "project.yml"
    file.write_text(file.read_text().replace("min: 0.55", "min: 0.9999"))
    write(tiny, tmp_path / "pipeline.py")
    code, said = start(tmp_path / "pipeline.py")
    assert code == "12"
    assert "The model must meet every gate" in said
    assert "Evaluator: ended" in said
    assert "InfraValidator" not in said
    assert len(tiny.session.history("InfraValidator")) == checked
    assert len(list_versions(tiny.session.workspace.serving("tiny"))) == 1
