"""Statistics, schema, anomalies and the row ledger on the sample: clean spans pass, the bad day does not."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
from apache_beam.options.pipeline_options import PipelineOptions
from google.protobuf.json_format import MessageToDict
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2
from valid_projects import altered

from kit.data.example_gen import SPLITS, ProjectExampleGen
from kit.data.schema import load_schema, loosen
from kit.data.show import rows_table
from kit.data.statistics import load_statistics
from kit.data.summaries import summarize_artifact
from kit.data.validation import check_anomalies, read_anomalies
from kit.errors import DataAnomalyError, DriftError, RowsLostError, StepOrderError
from kit.ledger import check_rows, read_ledger
from kit.project import Project
from kit.session import Session
from kit.steps.beam_settings import LOCAL_RUNNER
from kit.workspace import CHECKOUT, Workspace

from .sessions import BAD_DAY, check, small


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Session:
    project = Project.load("recommender")
    return check(Session(Workspace(tmp_path_factory.mktemp("clean")), project))


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Session:
    project = Project.load("recommender")
    return check(Session(Workspace(tmp_path_factory.mktemp("bad")), project), "1-2", BAD_DAY)


# -- the schema and what breaks it


def test_the_curated_schema_accepts_the_clean_spans(clean: Session) -> None:
    folder = clean.path("ExampleValidator", "anomalies")
    assert read_anomalies(folder) == []
    assert check_anomalies(folder) == "The data follow their schema in both splits."


def test_the_faults_of_the_bad_day_stop_a_batch_and_are_named(bad: Session) -> None:
    folder = bad.path("ExampleValidator", "anomalies")
    assert {anomaly.feature for anomaly in read_anomalies(folder)} == {"age", "device", "price", "region"}
    with pytest.raises(DataAnomalyError) as raised:
        check_anomalies(folder)
    message = str(raised.value)
    assert "4 anomalies were found" in message
    for part in (
        "eval, age: ",
        "-71",
        "eval, device: ",
        "smart-tv (~10%)",
        "eval, price: ",
        "actual = 0.500000",
    ):
        assert part in message
    assert "train, " not in message


def test_the_schema_is_inferred_from_the_training_split_only(tmp_path: Path) -> None:
    session = check(small(tmp_path / "shop", "Rom Oslo " * 30, "Rom Bern " * 30))
    schema = load_schema(session.path("SchemaGen", "schema"))
    assert tfdv.get_domain(schema, "city").value == ["Oslo", "Rom"]
    with pytest.raises(DataAnomalyError, match=r"eval, city: .*Bern \(~50%\)"):
        check_anomalies(session.path("ExampleValidator", "anomalies"))


def test_a_few_new_values_are_daily_life(tmp_path: Path) -> None:
    session = check(small(tmp_path / "shop", "Rom Oslo " * 100, "Rom " * 199 + "Bern"))
    assert check_anomalies(session.path("ExampleValidator", "anomalies"))


def test_only_what_has_a_domain_is_loosened() -> None:
    schema = schema_pb2.Schema(
        feature=[schema_pb2.Feature(name="age"), schema_pb2.Feature(name="city", domain="c")]
    )
    loosen(schema.feature)
    [age, city] = schema.feature
    assert not age.HasField("distribution_constraints")
    assert 0.9 < city.distribution_constraints.min_domain_mass < 1


def write_anomalies(folder: Path, *reasons: int) -> Path:
    """Write an artifact in whose eval split the city has some anomalies."""
    for split in SPLITS:
        anomalies = anomalies_pb2.Anomalies()
        for reason in reasons if split == "eval" else ():
            anomalies.anomaly_info["city"].reason.add(
                type=reason, short_description="Odd", description="very"
            )
        (folder / f"Split-{split}").mkdir()
        (folder / f"Split-{split}" / "SchemaDiff.pb").write_bytes(anomalies.SerializeToString())
    return folder


TYPES = anomalies_pb2.AnomalyInfo


@pytest.mark.parametrize(
    ("reasons", "error"),
    [
        ((TYPES.COMPARATOR_L_INFTY_HIGH,), DriftError),
        ((TYPES.COMPARATOR_JENSEN_SHANNON_DIVERGENCE_HIGH, TYPES.COMPARATOR_L_INFTY_HIGH), DriftError),
        ((TYPES.COMPARATOR_L_INFTY_HIGH, TYPES.FEATURE_TYPE_LOW_FRACTION_PRESENT), DataAnomalyError),
        ((TYPES.ENUM_TYPE_UNEXPECTED_STRING_VALUES,), DataAnomalyError),
    ],
    ids=["drift", "two of drift", "drift and another", "another"],
)
def test_drift_is_told_from_data_that_are_wrong(
    tmp_path: Path, reasons: tuple[int, ...], error: type[Exception]
) -> None:
    count = "1 anomaly was found" if len(reasons) == 1 else f"{len(reasons)} anomalies were found"
    with pytest.raises(error, match=rf"but {count}:\n  eval, city: Odd\. very"):
        check_anomalies(write_anomalies(tmp_path, *reasons))


def test_an_anomaly_of_the_whole_data_set_is_named(tmp_path: Path) -> None:
    write_anomalies(tmp_path)
    anomalies = anomalies_pb2.Anomalies()
    anomalies.dataset_anomaly_info.reason.add(
        type=TYPES.DATASET_LOW_NUM_EXAMPLES, short_description="Few", description="rows"
    )
    (tmp_path / "Split-train" / "SchemaDiff.pb").write_bytes(anomalies.SerializeToString())
    with pytest.raises(DataAnomalyError, match=r"train, \(data set\): Few\. rows"):
        check_anomalies(tmp_path)


# -- statistics


def _features(statistics: statistics_pb2.DatasetFeatureStatisticsList) -> dict[str, Any]:
    [data_set] = statistics.datasets
    return {feature.path.step[0]: MessageToDict(feature) for feature in data_set.features}


def assert_same(found: Any, expected: Any, place: str) -> None:
    """Equal but for the last digits of numbers, which depend on the order of additions."""
    if isinstance(expected, dict):
        assert set(found) == set(expected), place
        for key, value in expected.items():
            assert_same(found[key], value, f"{place}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), place
        for index, value in enumerate(expected):
            assert_same(found[index], value, f"{place}[{index}]")
    elif isinstance(expected, float):
        assert math.isclose(found, expected, rel_tol=1e-9), place
    else:
        assert found == expected, place


def test_statistics_in_memory_are_those_of_beam(bad: Session) -> None:
    """Of the bad day, which has what a clean one has and faults besides."""
    ours = load_statistics(bad.path("StatisticsGen", "statistics"), "eval")
    examples = bad.path("ExampleGen", "examples") / "Split-eval" / "*.gz"
    beam = tfdv.generate_statistics_from_tfrecord(
        str(examples), pipeline_options=PipelineOptions([LOCAL_RUNNER])
    )
    assert ours.datasets[0].num_examples == beam.datasets[0].num_examples == 4000
    assert_same(_features(ours), _features(beam), "features")


# -- the row ledger


def test_no_row_is_lost(clean: Session) -> None:
    table = check_rows(clean)
    assert table["step"].tolist() == ["read from files", "StatisticsGen"]
    assert table[["train", "eval", "rows"]].to_numpy().tolist() == [[24_000, 4000, 28_000]] * 2


def test_a_lost_row_is_found_and_its_step_named(tmp_path: Path) -> None:
    session = check(small(tmp_path / "shop", "Rom Oslo " * 20, "Rom " * 20))
    check_rows(session)
    with (session.project.folder / "2.csv").open("a") as file:  # what ExampleGen should have seen
        file.write("7,Rom,1\n")
    message = r"StatisticsGen must see the 21 eval rows of the step before \(read from files\), but saw 20"
    with pytest.raises(RowsLostError, match=message):
        check_rows(session)


def test_steps_that_have_not_run_again_since_the_data_grew_are_left_out(tmp_path: Path) -> None:
    session = check(small(tmp_path / "shop", "Rom Oslo " * 20, "Rom " * 20))
    with (session.project.folder / "2.csv").open("a") as file:
        file.write("7,Rom,1\n")
    session.run(ProjectExampleGen(session.project, "", ""))
    assert check_rows(session)["step"].tolist() == ["read from files"]
    assert not session.follows("StatisticsGen", "ExampleGen")
    check(session)
    table = check_rows(session)
    assert table["step"].tolist() == ["read from files", "StatisticsGen"]
    assert table["eval"].tolist() == [21, 21]
    with pytest.raises(StepOrderError, match="Transform must have run"):
        session.follows("Transform", "ExampleGen")


def test_where_a_hash_splits_the_ledger_begins_with_the_sum(tmp_path: Path) -> None:
    whole = small(tmp_path / "shop", "Rom Oslo " * 20, "Rom")
    data = whole.project.spec.data.model_copy(
        update={"files": "1.csv", "train_spans": None, "eval_spans": None}
    )
    project = altered(whole.project, data=data)
    session = check(Session(whole.workspace, project))
    [files, statistics] = read_ledger(session)
    assert (files.train, files.eval, files.rows) == (None, None, 40)
    assert statistics.rows == 40
    assert check_rows(session)["rows"].tolist() == [40, 40]


# -- what a notebook shows


def test_tables_show_what_is_in_the_files(clean: Session) -> None:
    span = CHECKOUT / "sample_data" / "impressions" / "span-7" / "impressions.csv"
    written = pd.read_csv(span)
    shown = rows_table(clean.path("ExampleGen", "examples"), "eval", 3)
    for name in ("request_id", "age", "device", "last_items", "clicked"):
        assert shown[name].tolist() == written[name].head(3).tolist()
    assert shown["price"].tolist() == pytest.approx(written["price"].head(3).tolist())


def test_a_summary_tells_what_is_in_the_files(clean: Session) -> None:
    written = pd.read_csv(CHECKOUT / "sample_data" / "impressions" / "span-7" / "impressions.csv")
    summary = summarize_artifact(clean.path("StatisticsGen", "statistics"))
    assert summary["examples"]["eval"] == len(written)
    features = {feature["name"]: feature["splits"]["eval"] for feature in summary["features"]}
    age, price, device = (features[name] for name in ("age", "price", "device"))
    assert age["numbers"]["mean"] == pytest.approx(written["age"].mean())
    assert price["numbers"]["most"] == pytest.approx(written["price"].max())
    assert sum(price["numbers"]["histogram"]["counts"]) == pytest.approx(len(written), rel=0.01)
    assert device["texts"]["distinct"] == 3
    assert device["texts"]["top"][0] == (written["device"].mode()[0], written["device"].value_counts().max())
    assert features["region"]["missing"] == 0
    assert {feature["kind"] for feature in summary["features"]} == {"whole number", "number", "text"}


def test_the_missing_share_is_that_of_the_bad_day(bad: Session) -> None:
    summary = summarize_artifact(bad.path("StatisticsGen", "statistics"))
    [region] = [feature["splits"]["eval"] for feature in summary["features"] if feature["name"] == "region"]
    assert region["missing"] == region["present"] == summary["examples"]["eval"] / 2
