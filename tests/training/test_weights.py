"""Rows count as their classes and their column say, in a project of `kit new` too, and nobody asks requests for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
import tensorflow_transform as tft
from pydantic import ValidationError

from kit.errors import InputDataError, ProjectError
from kit.project.file import ProjectFile
from kit.release.signatures import load_signatures
from kit.training import dataset
from kit.training.weights import ClassWeightTable, check_weights

if TYPE_CHECKING:
    from training.tiny import Tiny

GAPS = "height_missing_xf"  # 1 where there is no height, else 0: numbers that can be weights


@pytest.fixture(scope="module")
def output(tiny: Tiny) -> tft.TFTransformOutput:
    return tft.TFTransformOutput(str(tiny.path("Transform", "transform_graph")))


@pytest.fixture(params=[dataset.MEMORY_MB, 0], ids=["memory", "streamed"])
def rows(
    tiny: Tiny,
    output: Any,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> dataset.Rows:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    files = str(tiny.path("Transform", "transformed_examples") / "Split-train" / "*")
    label = tiny.project.label_key
    return dataset.load([files], output, label, weight_key=GAPS, memory_mb=request.param)


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    # n_samples / (n_classes * np.bincount(y)) of sklearn.utils.class_weight.compute_class_weight.
    table = ClassWeightTable.balanced([tf.constant([0, 0, 0]), tf.constant([2, 0, 2, 2])])
    assert table.weights == pytest.approx((7 / 8, 0.0, 7 / 6))
    weights = table.of(tf.constant([0, 0, 0, 0, 2, 2, 2]))
    assert float(tf.reduce_mean(weights)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("labels", "found"),
    [([0.5, 1.0], "found 0.5"), ([-1, 1], "found -1"), ([1, 1], "found 1 class"), ([], "found 0 class")],
)
def test_labels_that_are_no_classes_cannot_be_balanced(labels: list[float], found: str) -> None:
    with pytest.raises(InputDataError, match=f"{found} in the training rows"):
        ClassWeightTable.balanced([tf.constant(labels)])


def test_a_weight_is_no_feature_and_comes_third(rows: dataset.Rows) -> None:
    for batches in (rows.once(64), rows.epochs(64, seed=1)):
        features, _, weight = next(iter(batches))
        assert GAPS not in features
        assert weight.dtype == tf.float32
        assert set(weight.numpy().tolist()) == {0.0, 1.0}
    assert len(rows.pieces().element_spec) == 2, "the project's own code has no use for weights"


def test_weights_of_classes_and_rows_multiply(rows: dataset.Rows) -> None:
    _, labels, before = next(iter(rows.once(rows.count)))
    both = rows.weighted(ClassWeightTable((3.0, 5.0)))
    _, _, after = next(iter(both.once(rows.count)))
    np.testing.assert_allclose(after, before * np.where(labels == 1, 5.0, 3.0))


@pytest.mark.parametrize(
    ("values", "found"),
    [([1.0, -2.0], "-2.0 in 1 rows"), ([np.nan, 1.0], "nan in 1 rows"), ([0.0, 0.0], "0 in all rows")],
)
def test_what_is_no_weight_is_refused(values: list[float], found: str) -> None:
    with pytest.raises(InputDataError, match=f"there is {re.escape(found)}"):
        check_weights("importance_xf", ["importance_xf"], np.array(values))


def test_a_weight_that_transform_does_not_give_is_told_with_the_line_to_add(tiny: Tiny, output: Any) -> None:
    files = str(tiny.path("Transform", "transformed_examples") / "Split-train" / "*")
    with pytest.raises(
        ProjectError, match=r"Add `outputs\['importance_xf'\] = fill_missing\(inputs\['importance'\]"
    ):
        dataset.load([files], output, "bought_xf", weight_key="importance_xf")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("weight", "one column can be the weight of the rows, but age, care have that kind"),
        ({"kind": "weight", "dtype": "string"}, "a weight is stored as int or float, not as string"),
    ],
)
def test_one_number_can_be_the_weight(kind: Any, message: str) -> None:
    columns = {"age": "weight", "care": kind, "bought": {"kind": "label", "dtype": "int"}}
    content = {"name": "shop", "task": "binary", "label": "bought", "data": {"files": "a.csv"}}
    with pytest.raises(ValidationError, match=message):
        ProjectFile.model_validate({**content, "columns": columns})


def weigh(folder: Path, column: str) -> None:
    """Make a column of a project that `kit new` wrote the weight of its rows, as its comments say."""
    features, project = folder / "features.py", folder / "project.yml"
    text = features.read_text()
    assert f'    "{column}": "{column}",\n' in text
    text = text.replace(f'    "{column}": "{column}",\n', "")
    features.write_text(
        text.replace("WEIGHTS: tuple[str, ...] = ()", f'WEIGHTS: tuple[str, ...] = ("{column}",)')
    )
    lines = project.read_text()
    project.write_text(re.sub(rf"^  {column}: .*$", f"  {column}: weight", lines, flags=re.MULTILINE))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the warnings are TFX's own
def test_rows_that_count_nothing_teach_nothing(tmp_path: Path) -> None:
    from training import tiny as chain  # noqa: PLC0415  imports TFX

    table = chain.visitors()
    wrong = table.assign(bought=table["bought"].map({"yes": "no", "no": "yes"}), importance=0.0)
    weights = np.random.default_rng(1).uniform(0.5, 1.5, len(table)).round(3)
    both = pd.concat([table.assign(importance=weights), wrong]).sample(frac=1, random_state=1)
    made = chain.make(tmp_path, both, prepare=lambda folder: weigh(folder, "importance"))

    signatures = load_signatures(made.path("Trainer", "model"))
    assert set(signatures["serving_default"].inputs) == {"height", "city", "came"}
    request = {
        "height": tf.constant(table["height"], tf.float32),
        "city": tf.constant(table["city"].fillna("")),
        "came": tf.constant(table["came"]),
    }
    scores = signatures["serving_default"](**request)["score"].numpy()
    bought = (table["bought"] == "yes").to_numpy()
    assert scores[bought].mean() > scores[~bought].mean() + 0.1, "half of the rows say the contrary"
