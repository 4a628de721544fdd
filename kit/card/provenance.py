"""The provenance sections of a model card: data, schema, training settings."""

from __future__ import annotations

import datetime as dt

from kit import spans
from kit.card.document import Block, Items, Part, Table, Text
from kit.card.origins import Origins
from kit.data.data_file import DataFile
from kit.data.example_gen import SPLITS
from kit.data.quarantined import count_quarantined
from kit.data.rules import rule_of
from kit.data.schema import load_schema
from kit.data.validation import read_anomalies
from kit.session import Session
from kit.texts import shorten
from kit.training.config import Training
from kit.training.progress import Progress
from kit.versions import code_versions

_LETTERS = 80  # of the values that a rule allows
_DIGITS = 12  # of a digest, enough to distinguish files


def unsaid(field: str) -> str:
    return f"project.yml does not say; add {field} under card."


def details(session: Session, origins: Origins) -> Part:
    """Say which model this is, who answers for it, and which code made it."""
    project, model = session.project, origins.model
    text = project.spec.card
    made = dt.datetime.fromtimestamp(model.mlmd_artifact.create_time_since_epoch / 1000, dt.UTC)
    rows = [
        ("project", project.name),
        ("model", f"artifact {model.id} in ML Metadata"),
        ("trained", f"{made:%Y-%m-%d %H:%M} UTC"),
        ("task", f"{project.spec.task}: {project.spec.label}"),
        ("owner", text.owner or unsaid("owner")),
        ("license", text.license or unsaid("license")),
        ("digest of features, model and training code", str(origins.config["code"])),
        *code_versions().items(),
    ]
    return Part("The model", [Table(("what", "value"), rows, said=(0, 1))])


def use(session: Session) -> Part:
    """Say what it is for, in the words of project.yml."""
    text = session.project.spec.card
    blocks: list[Block] = [Text(text.intended_use or unsaid("intended_use"))]
    if text.out_of_scope:
        blocks += [Text("It was not made for:"), Items(text.out_of_scope)]
    return Part("Intended use", blocks)


def data(session: Session, origins: Origins) -> Part:
    """Say which files and rows it has seen, and what was wrong with them."""
    files, examples = origins.files, origins.example_counts()
    rows = []
    for split in SPLITS:
        mine = [file for file in files if file.split == split]
        rows.append((split, _spans(session, mine), f"{examples[split]:,.0f}"))
    digests = [(file.short_path, file.sha256[:_DIGITS]) for file in files]
    return Part(
        "Data",
        [
            Table(("split", "spans", "examples"), rows, numbers=(2,), said=(1,)),
            Text(_set_aside(session)),
            Text(_anomalies(origins)),
            Table(("file", "SHA-256, its beginning"), digests),
        ],
    )


def schema(session: Session, origins: Origins) -> Part:
    """Say what the columns are, by the schema that the rows were checked against."""
    schema_ = load_schema(origins.schema)
    columns = session.project.spec.columns
    rows = []
    for feature in schema_.feature:
        rule = rule_of(feature, schema_)
        limits = f"{rule.least or '…'} to {rule.most or '…'}" if rule.least or rule.most else rule.values
        kind = columns[feature.name].kind if feature.name in columns else ""
        rows.append((feature.name, kind, rule.type, rule.presence or "any", shorten(limits, _LETTERS)))
    return Part("Schema", [Table(("column", "kind", "type", "least share present", "values"), rows)])


def training(origins: Origins) -> Part:
    """Say how it was trained."""
    settings = Training.model_validate(origins.config["training"])
    rows = [(name, _number(value)) for name, value in settings.told().items()]
    progress = Progress.read(origins.model_run)
    if progress is not None:
        rows += [
            ("epochs trained", str(progress.epoch)),
            ("steps", f"{progress.step:,}"),
            ("seconds", f"{progress.seconds:.1f}"),
            (f"best epoch, by {progress.best_by}", str(progress.best_epoch or "not known")),
            ("epoch whose weights the model has", str(progress.kept_epoch or "not known")),
        ]
    return Part("Training", [Table(("parameter", "value"), rows, numbers=(1,), said=(0, 1))])


def _spans(session: Session, files: list[DataFile]) -> str:
    found = sorted({file.span for file in files if file.span is not None})
    if not found:
        return "no spans; rows are split by a hash"
    return spans.in_words(found, dated=session.project.spec.data.is_dated)


def _set_aside(session: Session) -> str:
    rows = sum(count_quarantined(session).values())
    return f"{rows:,} rows were set aside as unusable." if rows else "No row was set aside."


def _anomalies(origins: Origins) -> str:
    found = read_anomalies(origins.anomalies)
    if not found:
        return "No anomalies were found against the schema."
    lines = (f"{row.split}, {row.feature}: {row.found}" for row in found)
    return f"Anomalies against the schema: {'; '.join(lines)}"


def _number(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
