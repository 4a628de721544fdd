"""A small shop with a quarantine, and what became of its rows."""

from __future__ import annotations

from pathlib import Path

from valid_projects import SMALL

from kit.data.example_gen import SPLITS, ProjectExampleGen
from kit.data.quarantined import quarantined_rows, read_counts
from kit.data.records import count_records
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace

SCHEMA = """\
feature { name: "age" type: FLOAT float_domain { min: 13 max: 120 } }
feature { name: "city" type: BYTES string_domain { value: "Oslo" value: "Rom" } }
feature { name: "bought" type: INT presence { min_fraction: 1 } }
"""
GOOD = "31,Oslo,1\n40,Rom,0\n"


def shop(folder: Path, data: str, checks: str, more: str = "schema_file: schema.pbtxt\n") -> Session:
    """Return a session of a project with one file and a quarantine."""
    folder.mkdir(exist_ok=True, parents=True)
    text = f"{SMALL}{more}checks: {{{checks}}}\n"
    parts = {
        "project.yml": text,
        "features.py": "",
        "model.py": "",
        "schema.pbtxt": SCHEMA,
        "visitors.csv": data,
    }
    for part, content in parts.items():
        (folder / part).write_text(content, encoding="utf-8")
    return Session(Workspace(folder.parent / "ws"), Project.load(folder))


def run(session: Session, train_spans: str = "", eval_spans: str = "") -> Session:
    session.run(ProjectExampleGen(session.project, train_spans, eval_spans, workspace=session.workspace))
    return session


def rows_in_quarantine(session: Session) -> list[dict[str, str]]:
    counts = read_counts(session)
    return quarantined_rows(session, counts, 1000) if counts else []


def reasons(session: Session) -> dict[int, str]:
    return {int(row["_row"]): row["_reason"] for row in rows_in_quarantine(session)}


def kept(session: Session) -> int:
    examples = session.path("ExampleGen", "examples")
    return sum(count_records(examples, split) for split in SPLITS)
