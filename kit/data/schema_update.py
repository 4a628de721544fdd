"""Make a curated schema from data, or widen it as far as the data force it and no further."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2

from kit.data.environments import add_environments
from kit.data.rules import change
from kit.data.schema import Columns, Statistics, columns_of, drop_unused_domains, loosen
from kit.data.statistics import feature_name
from kit.project import Project


class Widened(NamedTuple):
    """A schema that was widened to fit.

    Attributes:
        schema: the new one.
        without: the features that no row of the data has; their rules are unchanged.
    """

    schema: schema_pb2.Schema
    without: tuple[str, ...]


def adopt(
    schema: schema_pb2.Schema, statistics: Statistics, features: Collection[str], columns: Columns
) -> set[str]:
    """Widen the rules of some features, in place, as far as the data need; return those that TFDV has a rule for.

    TFDV makes a whole schema fit; everything but these features is left as it was. A new feature is made as loose as an
    inferred one, by what the project says about its columns.
    """
    fitted = tfdv.update_schema(schema, statistics)
    old = {feature.name for feature in schema.feature}
    wider = [feature for feature in fitted.feature if feature.name in features]
    loosen((feature for feature in wider if feature.name not in old), columns.open)
    for feature in wider:
        _replace(schema.feature, feature)
        for domain in fitted.string_domain:
            if domain.name == feature.domain:
                _replace(schema.string_domain, domain)
    drop_unused_domains(schema)
    return {feature.name for feature in wider}


def widen(
    schema: schema_pb2.Schema,
    statistics: Iterable[Statistics],
    project: Project,
    features: Collection[str] = (),
) -> Widened:
    """Return a copy of a schema that all the statistics follow, span after span.

    A feature whose type is not that of project.yml gets it. One that no row has is left alone: TFDV would retire it,
    and Transform would lose a column that features.py needs.

    Args:
        schema: the curated one.
        statistics: the statistics of each span.
        project: the project whose columns may be in the schema.
        features: the features to widen; none: all columns of the project, and the environments where the schema has
            none.
    """
    wide = schema_pb2.Schema.FromString(schema.SerializeToString())
    chosen = set(features or project.columns)
    if not features:
        add_environments(wide, *project.not_requested)
    columns = columns_of(project)
    for feature in wide.feature:
        if feature.name in chosen & set(columns.types):
            change(wide, feature, "type", columns.types[feature.name])
    seen: set[str] = set()
    for one in statistics:
        there = chosen & _present(one)
        adopt(wide, one, there, columns)
        seen |= there
    return Widened(wide, tuple(name for name in project.columns if name in chosen - seen))


def _present(statistics: Statistics) -> set[str]:
    """Return the features that at least one row has."""
    [whole] = statistics.datasets
    return {
        feature_name(feature)
        for feature in whole.features
        if getattr(feature, feature.WhichOneof("stats")).common_stats.num_non_missing
    }


def _replace(named: Any, new: Any) -> None:
    """Put a message with a name into a repeated field, in place of the one that has its name, or at the end."""
    for old in named:
        if old.name == new.name:
            old.CopyFrom(new)
            return
    named.add().CopyFrom(new)
