"""Check a curated schema: does it fit the project, is it consistent, and do the data follow it?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tensorflow_metadata.proto.v0 import schema_pb2

from kit.checks.check import Finding
from kit.checks.judge import SCHEMA
from kit.data.environments import TRAINING, validate
from kit.data.schema import Statistics, columns_of, read_schema
from kit.data.schema_review import curated
from kit.data.schema_spans import per_span
from kit.data.validation import by_feature
from kit.project import Project
from kit.texts import Say
from kit.workspace import Workspace

_UPDATE = "Let `kit schema update` do it, or write it into the file."
_DOMAINS = {"int_domain": "INT", "float_domain": "FLOAT", "string_domain": "BYTES", "domain": "BYTES"}
_RETIRED = {schema_pb2.DEPRECATED, schema_pb2.DISABLED}


def check_file(schema: schema_pb2.Schema, project: Project) -> list[Finding]:
    """Return what is wrong with a schema that a person has written, without reading the data."""
    found = [*_columns(schema, project), *_environments(schema, project)]
    for feature in schema.feature:
        found += [
            _wrong(feature.name, said, what_to_do)
            for said, what_to_do in (*_domain(feature, schema), *_shares(feature))
        ]
    return found


def check_data(statistics: Statistics, schema: schema_pb2.Schema, place: str) -> list[Finding]:
    """Return what TFDV finds in rows to train on.

    Args:
        statistics: the statistics of one span.
        schema: the schema to follow.
        place: the name of the span, for people.
    """
    return [
        Finding(
            SCHEMA,
            f"{place}: {reason.short_description}. {reason.description.strip()}".strip(),
            "fail",
            "Fix the data; if they are right, let `kit schema update` widen the schema.",
            subject=feature,
        )
        for feature, info in by_feature(validate(statistics, schema, TRAINING))
        for reason in info.reason
    ]


def _wrong(subject: str, found: str, what_to_do: str) -> Finding:
    return Finding(SCHEMA, f"file: {found}", "fail", what_to_do, subject=subject)


def _columns(schema: schema_pb2.Schema, project: Project) -> Iterator[Finding]:
    """Compare the features with the columns that project.yml reads."""
    times = Counter(feature.name for feature in schema.feature)
    wanted = columns_of(project).types
    for name in wanted:
        if name not in times:
            yield _wrong(name, "project.yml reads this column, but the schema does not have it", _UPDATE)
    for name, count in times.items():
        if name not in wanted:
            why = (
                "reads no column of this name" if name not in project.spec.columns else "ignores this column"
            )
            yield _wrong(
                name, f"project.yml {why}", "Take the feature out of the schema, or name the column there."
            )
        if count > 1:
            yield _wrong(name, f"the schema has this feature {count} times", "Keep one of them.")
    for feature in schema.feature:
        kind = schema_pb2.FeatureType.Name(feature.type)
        if feature.name in wanted and kind != wanted[feature.name]:
            yield _wrong(
                feature.name,
                f"its type must be {wanted[feature.name]} by project.yml, but is {kind}",
                _UPDATE,
            )
        if feature.name in wanted and feature.lifecycle_stage in _RETIRED:
            stage = schema_pb2.LifecycleStage.Name(feature.lifecycle_stage)
            yield _wrong(
                feature.name,
                f"project.yml reads this column, but it is {stage} in the schema",
                "Remove its line lifecycle_stage, or give the column the kind ignore in project.yml.",
            )


def _environments(schema: schema_pb2.Schema, project: Project) -> Iterator[Finding]:
    known = list(schema.default_environment)
    if not known:
        yield Finding(
            SCHEMA,
            "file: it has no environments, so that requests without a label are anomalies",
            "warn",
            _UPDATE,
            subject=project.label,
        )
        return
    for feature in schema.feature:
        for name in (*feature.in_environment, *feature.not_in_environment):
            if name not in known:
                yield _wrong(
                    feature.name,
                    f"its environments must be among {', '.join(known)}, but {name!r} is not",
                    "Correct the name, or add it to default_environment.",
                )
    if TRAINING not in known:
        yield _wrong(
            project.label,
            f"there must be an environment {TRAINING}, but there are only {', '.join(known)}",
            "Add it to default_environment.",
        )


def _domain(feature: schema_pb2.Feature, schema: schema_pb2.Schema) -> Iterator[tuple[str, str]]:
    """Say what is wrong with the values that a feature may have."""
    kind, which = schema_pb2.FeatureType.Name(feature.type), feature.WhichOneof("domain_info")
    if feature.HasField("distribution_constraints") and which not in {"domain", "string_domain"}:
        yield "min_domain_mass needs allowed values, but there are none", "Remove distribution_constraints."
    if which is None:
        return
    if kind != _DOMAINS.get(which, kind):
        yield f"{which} is for {_DOMAINS[which]}, but its type is {kind}", "Remove it, or correct the type."
    if which in {"int_domain", "float_domain"}:
        bounds = getattr(feature, which)
        if bounds.HasField("min") and bounds.HasField("max") and bounds.min > bounds.max:
            yield f"min {bounds.min:g} is above max {bounds.max:g}", "Exchange them."
    allowed = feature.string_domain if which == "string_domain" else None
    if which == "domain":
        of_name = [domain for domain in schema.string_domain if domain.name == feature.domain]
        if len(of_name) != 1:
            yield (
                f"there must be one string_domain {feature.domain!r}, but there are {len(of_name)}",
                "Add or remove one.",
            )
            return
        allowed = of_name[0]
    if allowed is not None and not allowed.value:
        yield "its string_domain has no value, so that every text is wrong", "Add the values, or remove it."


def _shares(feature: schema_pb2.Feature) -> Iterator[tuple[str, str]]:
    """Say which shares and thresholds are not valid."""
    shares = {
        "presence.min_fraction": feature.presence.min_fraction,
        "min_domain_mass": feature.distribution_constraints.min_domain_mass,
    }
    for name in ("drift_comparator", "skew_comparator"):
        comparator = getattr(feature, name)
        shares |= {f"{name}.{kind.name}": of.threshold for kind, of in comparator.ListFields()}
        text = feature.type == schema_pb2.BYTES or feature.int_domain.is_categorical
        if comparator.HasField("infinity_norm") and not text:
            yield (
                f"{name}: TFDV has an L-infinity distance of categories only, so that this is never checked",
                "Use jensen_shannon_divergence.",
            )
    for name, share in shares.items():
        if not 0 <= share <= 1:
            yield f"{name} is a share from 0 to 1, but is {share:g}", "Correct it."


def check_project(
    workspace: Workspace, project: Project, spans: str = "", *, say: Say
) -> tuple[Path, int, list[Finding]]:
    """Check the schema in force against project.yml and, span by span, against the data.

    Args:
        workspace: the workspace where a built-in project's schema is saved, and statistics are kept.
        project: the project whose schema it is.
        spans: the spans to read; empty: the train spans.
        say: is told of each span that is read.

    Returns:
        The file, how many features it has, and what is wrong with it and with the data.

    Raises:
        ProjectError: when there is no curated schema, or it cannot be read.
    """
    file = curated(workspace, project)
    schema = read_schema(file)
    findings = check_file(schema, project)
    if schema.default_environment and TRAINING not in schema.default_environment:
        return file, len(schema.feature), findings  # which say so; no rows could be judged
    for place, statistics in per_span(workspace, project, spans, say):
        findings += check_data(statistics, schema, place)
    return file, len(schema.feature), findings


def any_fault(findings: Iterable[Finding]) -> bool:
    """Return whether any finding is one that ends a batch."""
    return any(finding.state == "fail" for finding in findings)
