"""The two environments of a schema: training rows have a label, requests have none yet.

They are TFDV's own (https://www.tensorflow.org/tfx/data_validation/get_started#schema_environments): a schema names
its environments once, in `default_environment`, and a feature that is missing in one of them says so in
`not_in_environment`. A key that requests do not carry gets the same line as the label; the kit does not guess this,
because the prediction log needs keys to find the labels that come later.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2

from kit.errors import ProjectError

Environment: TypeAlias = Literal["TRAINING", "SERVING"]

TRAINING: Environment = "TRAINING"
SERVING: Environment = "SERVING"


def add_environments(schema: schema_pb2.Schema, *not_requested: str) -> None:
    """Add both environments to a schema, with the features that requests do not have, such as the label.

    A schema with environments is left as it is: somebody has thought about it.
    """
    if schema.default_environment:
        return
    schema.default_environment.extend((TRAINING, SERVING))
    for feature in schema.feature:
        said = (*feature.in_environment, *feature.not_in_environment)
        if feature.name in not_requested and not said:
            feature.not_in_environment.append(SERVING)


def validate(
    statistics: statistics_pb2.DatasetFeatureStatisticsList,
    schema: schema_pb2.Schema,
    environment: Environment,
) -> anomalies_pb2.Anomalies:
    """Return what TFDV finds in statistics of rows to train on, or in those of requests.

    In SERVING a feature that the schema excludes there, such as the label, is an anomaly when present, and not when
    missing. A schema without environments is for training, as in TFX's ExampleValidator.

    Args:
        statistics: the statistics of one data set, such as a span or a day of the prediction log.
        schema: the schema to follow.
        environment: TRAINING or SERVING.

    Raises:
        ProjectError: when the schema does not know the environment.
    """
    known = tuple(schema.default_environment)
    if not known and environment == TRAINING:
        return tfdv.validate_statistics(statistics, schema)
    if environment not in known:
        raise ProjectError(
            f"The schema must know the environment {environment}, but it has {', '.join(known) or 'none'}. Add a line "
            f'`default_environment: "{environment}"` to it, or let `kit schema update` do so.'
        )
    return tfdv.validate_statistics(statistics, schema, environment=environment)
