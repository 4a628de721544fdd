"""Plain records become the same values as those made by hand."""

from __future__ import annotations

from dataclasses import asdict

from widget_examples import SPLITS, few_features, slice_table

from widgets import records
from widgets.slices import Slices
from widgets.statistics import Statistics


def test_features_come_back_from_their_records() -> None:
    for feature in few_features():
        assert records.feature(asdict(feature)) == feature


def test_views_are_the_same_from_records() -> None:
    features, table = few_features(), slice_table(20)
    summary = {"features": [asdict(feature) for feature in features], "examples": SPLITS}
    assert repr(Statistics.of(summary)) == repr(Statistics(features, SPLITS))
    columns = {
        "names": table.names,
        "examples": table.examples,
        "cuts": table.cuts,
        "overall": table.overall,
        "models": {model: [vars(metric) for metric in metrics] for model, metrics in table.models.items()},
    }
    assert repr(Slices.of(columns)) == repr(Slices(table))
