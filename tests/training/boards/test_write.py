"""Every plugin of TensorBoard shows a training: asked through the server, as its pages ask."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
import tensorflow as tf

from kit.tensorboard.runs import runs
from kit.training.boards.write import Subject, boards
from kit.training.job import Job
from kit.training.origin import origin_of

from .served import Served, served

if TYPE_CHECKING:
    from training.tiny import Tiny

EPOCHS = 3


@pytest.fixture(scope="module")
def run(tiny: Tiny) -> tuple[str, Path]:
    tiny.train(41)
    [(name, folder)] = runs(tiny.session, newest=1).items()
    return name, folder


@pytest.fixture(scope="module")
def board(run: tuple[str, Path]) -> Iterator[Served]:
    name, folder = run
    with served({name: folder}) as board:
        board.wait_for("pr_curves/tags", name)
        yield board


def test_text_tells_versions_data_schema_and_settings(
    board: Served, run: tuple[str, Path], tiny: Tiny
) -> None:
    name, _ = run
    assert {"run/code", "run/data", "run/settings"} <= set(board.json("text/tags")[name])
    told = {
        part: board.json("text/text", run=name, tag=f"run/{part}")[0]["text"]
        for part in ("code", "data", "settings")
    }
    cells = {part: re.sub(r"<[^>]+>", " ", text).split() for part, text in told.items()}
    assert tf.__version__ in cells["code"]
    graph = tiny.path("Transform", "transform_graph")
    schema = (graph / "metadata" / "schema.pbtxt").read_bytes()
    assert cells["data"][-1] == hashlib.sha256(schema).hexdigest()
    examples = tiny.session.channel("ExampleGen", "examples")
    [(split, files)] = origin_of(tiny.session.workspace, tiny.project, examples).items()
    assert split == "all"
    assert files.startswith("1 file, sha256 ")
    assert files in re.sub(r"<[^>]+>", " ", told["data"])
    assert {"learning_rate", "0.01", "seed", "41"} <= set(cells["settings"])


def test_pr_curves_have_a_point_an_epoch(board: Served, run: tuple[str, Path]) -> None:
    name, _ = run
    [curves] = board.json("pr_curves/pr_curves", run=name, tag="held out/pr_curves").values()
    assert [curve["step"] for curve in curves] == list(range(EPOCHS))
    for curve in curves:
        recall = curve["recall"]
        assert recall == sorted(recall, reverse=True), "thresholds grow"
        assert recall[0] == pytest.approx(1)
        sums = {
            sum(counts)
            for counts in zip(
                *(
                    curve[f"{kind}_{side}s"]
                    for kind in ("true", "false")
                    for side in ("positive", "negative")
                ),
                strict=True,
            )
        }
        assert len(sums) == 1, "every threshold sees all rows"


def test_projector_has_the_vectors_and_their_words(board: Served, run: tuple[str, Path], tiny: Tiny) -> None:
    name, _ = run
    assert name in board.json("projector/runs")
    config = board.json("projector/info", run=name)
    shapes = {one["tensorName"]: one["tensorShape"] for one in config["embeddings"]}
    city = next(one for one in shapes if "city" in one)
    vectors = np.frombuffer(board.ask("projector/tensor", run=name, name=city), np.float32)
    assert vectors.size == np.prod(shapes[city])
    assert vectors.any()
    head, *words = board.ask("projector/metadata", run=name, name=city).decode().splitlines()
    assert head.split("\t")[-1] == "rank by frequency"
    assert len(words) == shapes[city][0]
    table = tiny.table["city"].value_counts()
    assert {word.split("\t")[0] for word in words} >= set(table.index)


def test_histograms_and_graph_are_there(board: Served, run: tuple[str, Path]) -> None:
    name, _ = run
    part = f"{name}/train"
    tags = board.json("histograms/tags")[name]
    assert "dense/kernel" in tags
    assert len(board.json("histograms/histograms", run=name, tag="dense/kernel")) == EPOCHS
    assert board.json("graphs/info")[part]["run_graph"]
    assert b'op: "MatMul"' in board.ask("graphs/graph", run=part)


def test_hparams_have_the_settings_and_the_metrics(board: Served, run: tuple[str, Path]) -> None:
    _, folder = run
    experiment = board.json("hparams/experiment", {"experimentName": ""})
    assert {"learning_rate", "batch_size", "epochs", "seed"} <= {
        one["name"] for one in experiment["hparamInfos"]
    }
    metrics = [{"name": one["name"]} for one in experiment["metricInfos"]]
    asked = {
        "experimentName": "",
        "allowedStatuses": ["STATUS_SUCCESS", "STATUS_RUNNING", "STATUS_UNKNOWN"],
        "colParams": [{"metric": one["name"]} for one in metrics],
        "startIndex": 0,
        "sliceSize": 10,
    }
    [group] = board.json("hparams/session_groups", asked)["sessionGroups"]
    assert group["name"] == folder.name, "each training is one for itself"
    assert group["hparams"]["learning_rate"] == pytest.approx(0.01)
    [session] = group["sessions"]
    assert session["status"] == "STATUS_SUCCESS"
    values = {(one["name"]["group"], one["name"]["tag"]): one["value"] for one in group["metricValues"]}
    assert 0 < values["validation", "epoch_auc"] <= 1


def test_a_name_that_addresses_cannot_hold_is_served_all_the_same(run: tuple[str, Path]) -> None:
    _, folder = run
    with served({"#7? a/b & 50%+": folder}) as board:
        assert board.wait_for("pr_curves/tags", "_7_ a_b _ 50__")
        assert json.loads(board.ask("projector/info", run="_7_ a_b _ 50__"))["embeddings"]


def test_only_one_process_writes_and_no_trial(tmp_path: Path) -> None:
    settings = SimpleNamespace(profile_steps=0)

    def subject(model_dir: str) -> Subject:
        job = cast("Job", SimpleNamespace(model_dir=model_dir, training=settings, run=tmp_path))
        return cast("Subject", SimpleNamespace(job=job))

    def model(*, chief: bool) -> SimpleNamespace:
        extended = SimpleNamespace(should_save_summary=chief)
        return SimpleNamespace(distribute_strategy=SimpleNamespace(extended=extended))

    assert len(boards(subject("model"), model(chief=True))) == 1
    assert boards(subject("model"), model(chief=False)) == []
    assert boards(subject(""), model(chief=True)) == [], "a trial of Tuner"
    settings.profile_steps = 5
    assert len(boards(subject("model"), model(chief=True))) == 2
