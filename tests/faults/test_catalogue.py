"""Each fault does what its sentence says, to as many rows as it was asked to, and to nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faults import shop
from kit.errors import FaultError
from kit.faults.catalogue import FAULTS, fault_named
from kit.faults.delivery import Delivery
from kit.faults.fault import Dose, Rows, Spoiled
from kit.project import Project

SHARES = (0.0001, 0.01, 0.05, 0.3, 1.0)
EVERY = [(name, share) for name in FAULTS for share in SHARES]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return shop.write(
        tmp_path_factory.mktemp("faults"), "{SPAN}.csv", {"train_spans": "1-6", "eval_spans": "7"}
    )


@pytest.fixture(scope="module")
def rows(project: Project) -> Rows:
    return Delivery(project, 7).rows


def before_and_after(rows: Rows, spoiled: Spoiled, column: str) -> tuple[list[Any], list[Any]]:
    """Return the values of the rows at fault."""
    hit = pa.array(spoiled.hit)
    before = rows.table.take(pa.array(spoiled.origins))[column].combine_chunks().filter(hit)
    return before.to_pylist(), spoiled.of(rows.table)[column].combine_chunks().filter(hit).to_pylist()


@pytest.mark.parametrize(("name", "share"), EVERY)
def test_as_many_rows_are_hit_as_asked_for_and_no_other(
    project: Project, rows: Rows, name: str, share: float
) -> None:
    fault = FAULTS[name]
    dose = Dose(fault.column(project), share)
    spoiled = fault.spoil(rows, dose)
    after, hits = spoiled.of(rows.table), rows.hits(dose)
    assert 1 <= spoiled.hit.sum() <= max(hits, 2)
    if share <= 0.05 and name not in {
        "null-burst",
        "shuffled-column",
    }:  # a hit cell may be empty, or the same
        assert spoiled.hit.sum() == hits
    assert after.schema == rows.table.schema
    clean = rows.table.take(pa.array(spoiled.origins))
    for column in rows.table.column_names:
        same = clean[column].combine_chunks().filter(pa.array(~spoiled.hit))
        assert after[column].combine_chunks().filter(pa.array(~spoiled.hit)).equals(same)
        if column != spoiled.column:
            assert after[column].equals(clean[column])
    if spoiled.column:
        before, now = before_and_after(rows, spoiled, spoiled.column)
        assert all(one != other for one, other in zip(before, now, strict=True))


@pytest.mark.parametrize("name", FAULTS)
def test_the_same_seed_hits_the_same_rows_and_another_seed_others(
    project: Project, rows: Rows, name: str
) -> None:
    fault = FAULTS[name]
    column = fault.column(project)
    one, again, other = (fault.spoil(rows, Dose(column, 0.05, seed)) for seed in (1, 1, 2))
    assert one.of(rows.table).equals(again.of(rows.table))
    assert not np.array_equal(one.origins[one.hit], other.origins[other.hit])


@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"null-burst", "shuffled-column"}))
def test_the_rows_of_a_smaller_share_are_among_those_of_a_larger_one(
    project: Project, rows: Rows, name: str
) -> None:
    fault = FAULTS[name]
    hit = [
        set(spoiled.origins[spoiled.hit].tolist())
        for share in (0.01, 0.02, 0.05)
        for spoiled in [fault.spoil(rows, Dose(fault.column(project), share))]
    ]
    assert hit[0] < hit[1] < hit[2]


def spoil(
    rows: Rows, name: str, column: str, share: float = 0.05, **more: Any
) -> tuple[list[Any], list[Any]]:
    spoiled = FAULTS[name].spoil(rows, Dose(column, share, **more))
    return before_and_after(rows, spoiled, spoiled.column)


@pytest.mark.parametrize("column", ["amount", "pieces"])
def test_negative_values_are_those_of_before_with_the_other_sign(rows: Rows, column: str) -> None:
    before, after = spoil(rows, "negative-values", column)
    assert after == [-value for value in before]
    assert max(after) < 0


@pytest.mark.parametrize("column", ["amount", "pieces"])
def test_values_of_another_unit_are_a_hundred_times_as_large(rows: Rows, column: str) -> None:
    before, after = spoil(rows, "unit-change", column)
    assert after == pytest.approx([100 * value for value in before])


@pytest.mark.parametrize(("column", "new"), [("city", "new city"), ("desk", 4)])
def test_a_new_value(rows: Rows, column: str, new: object) -> None:
    before, after = spoil(rows, "new-value", column)
    assert set(after) == {new}
    assert new not in before


def test_a_new_value_is_new_also_where_the_obvious_one_is_there(project: Project) -> None:
    table = pa.table({"city": ["new city", "Ulm"], "bought": [0, 1]})
    spoiled = FAULTS["new-value"].spoil(Rows(table, project.columns, "bought"), Dose("city", 1))
    assert spoiled.of(table)["city"].to_pylist() == ["new city'"] * 2


def test_a_category_without_labels(rows: Rows) -> None:
    after = FAULTS["zeroed-category"].spoil(rows, Dose("city", 1.0)).of(rows.table)
    rates = {
        city: pc.sum(after.filter(pc.equal(after["city"], city))["bought"]).as_py()
        for city in ("Ulm", "Rom", "東京")
    }
    assert rates["Ulm"] == 0, "the city that buys most often"
    assert min(rates["Rom"], rates["東京"]) > 0
    assert spoil(rows, "zeroed-category", "city", 0.01) == ([1] * 4, [0] * 4)


@pytest.mark.parametrize(
    ("labels", "nothing"), [(["yes", "no", "no"], "no"), ([0.5, 0.0, 1.5], 0.0), ([1, 2, 2], 2)]
)
def test_what_is_no_label_depends_on_the_labels(project: Project, labels: list[Any], nothing: object) -> None:
    table = pa.table({"city": ["Ulm"] * 3, "bought": labels})
    spoiled = FAULTS["zeroed-category"].spoil(Rows(table, project.columns, "bought"), Dose("city", 1.0))
    assert set(spoiled.of(table)["bought"].to_pylist()) == {nothing}


@pytest.mark.parametrize("column", ["amount", "pieces", "city", "desk", "note", "time"])
def test_a_burst_of_missing_values(rows: Rows, column: str) -> None:
    _, after = spoil(rows, "null-burst", column, 0.1)
    assert set(after) == {None}
    now = FAULTS["null-burst"].spoil(rows, Dose(column, 0.1)).of(rows.table)[column].combine_chunks()
    [first, *_, last] = FAULTS["null-burst"].spoil(rows, Dose(column, 0.1)).hit.nonzero()[0].tolist()
    assert now[first : last + 1].null_count == last - first + 1
    assert 36 <= last - first + 1 <= 40, "a tenth of 400 rows, but for cells that were empty before"


@pytest.mark.parametrize("column", ["pieces", "city"])
def test_a_shuffled_column_has_the_values_that_it_had(rows: Rows, column: str) -> None:
    after = FAULTS["shuffled-column"].spoil(rows, Dose(column, 1.0)).of(rows.table)
    assert not after[column].equals(rows.table[column])
    assert sorted(map(str, after[column].to_pylist())) == sorted(map(str, rows.table[column].to_pylist()))
    assert after[column].null_count == rows.table[column].null_count


def test_duplicated_rows_stand_behind_themselves(rows: Rows) -> None:
    spoiled = FAULTS["duplicated-rows"].spoil(rows, Dose("", 0.05))
    after = spoiled.of(rows.table)
    assert len(after) == shop.ROWS * 1.05
    for place in spoiled.hit.nonzero()[0]:
        assert after.slice(place, 1).equals(after.slice(place - 1, 1))
    assert after.filter(pa.array(~spoiled.hit)).equals(rows.table)


def test_rows_of_the_day_before(rows: Rows) -> None:
    before, after = spoil(rows, "late-day", "time")
    assert after == [time - shop.DAY_SECONDS for time in before]
    before, after = spoil(rows, "late-day", "day")
    assert set(before) == {"2026-01-07"}
    assert set(after) == {"2026-01-06"}


def test_a_drift_that_grows(rows: Rows) -> None:
    deviation = pc.stddev(rows.table["amount"]).as_py()
    for strength in (0.2, 1.0):
        before, after = spoil(rows, "slow-drift", "amount", 0.05, strength=strength)
        moved = np.subtract(after, before)
        assert moved == pytest.approx(np.full(20, 3 * deviation * strength), rel=1e-3)
    _, whole = spoil(rows, "slow-drift", "pieces")
    assert all(isinstance(value, int) for value in whole)


def test_each_fault_knows_its_columns(project: Project) -> None:
    columns = {name: fault.columns(project) for name, fault in FAULTS.items()}
    assert columns["negative-values"] == ["pieces", "amount"]
    assert columns["unit-change"] == ["amount", "pieces"]
    assert columns["new-value"] == ["city", "desk"]
    assert columns["late-day"] == ["time", "day"]
    assert columns["duplicated-rows"] == []
    assert set(columns["null-burst"]) == set(project.columns) - {"order", "day", "bought", "seen"}
    assert FAULTS["unit-change"].column(project) == "amount"
    assert FAULTS["unit-change"].column(project, "pieces") == "pieces"
    assert FAULTS["duplicated-rows"].column(project) == ""


@pytest.mark.parametrize(
    ("name", "column", "message"),
    [
        (
            "unit-change",
            "city",
            "of the kinds number, but city of shop is not. Choose one of amount, pieces.",
        ),
        ("unit-change", "bought", "but bought of shop is not"),
        ("unit-change", "till", "but till of shop is not"),
        (
            "duplicated-rows",
            "city",
            "no column: it is of whole rows, but city of shop is not. Leave the column out",
        ),
    ],
)
def test_a_column_that_does_not_fit_is_refused(
    project: Project, name: str, column: str, message: str
) -> None:
    with pytest.raises(FaultError, match=message):
        FAULTS[name].column(project, column)


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(
        FaultError, match=r"no fault 'null-brust'. Did you mean null-burst\? Choose one of negative"
    ):
        fault_named("null-brust")


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, float("nan")])
def test_a_share_is_a_part_of_the_rows(share: float) -> None:
    with pytest.raises(FaultError, match="above 0 and at most 1"):
        Dose("age", share)


@pytest.mark.parametrize(
    ("name", "values", "needed"),
    [
        ("negative-values", [-1.0, 0.0, None], "values above zero"),
        ("unit-change", [0.0, 0.0, None], "values other than zero"),
        ("slow-drift", [2.0, 2.0, 2.0], "values that differ"),
        ("shuffled-column", [2.0, 2.0, 2.0], "values that differ"),
        ("null-burst", [None, None, None], "values"),
    ],
)
def test_where_there_is_nothing_to_hit_it_says_so(
    project: Project, name: str, values: list[float | None], needed: str
) -> None:
    table = pa.table({"amount": pa.array(values, pa.float32()), "bought": [0, 1, 0]})
    with pytest.raises(FaultError, match=f"There must be {needed} in amount for this fault to break"):
        FAULTS[name].spoil(Rows(table, project.columns, "bought"), Dose("amount", 0.5))


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(set(FAULTS) - {"late-day"})),
    st.lists(st.none() | st.integers(-9, 9), min_size=1, max_size=30),
    st.floats(0.001, 1),
    st.integers(0, 2**32),
)
def test_any_rows_are_spoiled_or_refused(
    name: str, values: list[int | None], share: float, seed: int
) -> None:
    table = pa.table({"x": pa.array(values, pa.int64()), "y": pa.array([n % 2 for n in range(len(values))])})
    try:
        spoiled = FAULTS[name].spoil(
            Rows(table, {}, "y"), Dose("x" if FAULTS[name].kinds else "", share, seed)
        )
    except FaultError:
        return
    assert spoiled.hit.any()
    assert len(spoiled.of(table)) == len(spoiled.hit) == len(spoiled.origins)
    assert spoiled.of(table).schema == table.schema
