"""Sessions whose steps up to the anomalies run, and a small project for them."""

from __future__ import annotations

from pathlib import Path

from tfx.components.example_validator.component import ExampleValidator
from valid_projects import SMALL

from kit.data.example_gen import ProjectExampleGen
from kit.data.schema import schema_gen
from kit.data.statistics import StatisticsGen
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace

BAD_DAY = "8"


def check(session: Session, train_spans: str = "", eval_spans: str = "") -> Session:
    """Run the steps from the files to the anomalies."""
    session.run(ProjectExampleGen(session.project, train_spans, eval_spans))
    session.run(StatisticsGen(examples=session.channel("ExampleGen", "examples")))
    statistics = session.channel("StatisticsGen", "statistics")
    session.run(schema_gen(session.project, statistics))
    session.run(ExampleValidator(statistics=statistics, schema=session.channel("SchemaGen", "schema")))
    return session


def small(folder: Path, *spans: str) -> Session:
    """Return a session of a project without a curated schema; a span is the cities of its rows."""
    folder.mkdir()
    for number, cities in enumerate(spans, 1):
        rows = "".join(f"{index},{city},{index % 2}\n" for index, city in enumerate(cities.split()))
        (folder / f"{number}.csv").write_text(f"age,city,bought\n{rows}")
    data = f"{{files: '{{SPAN}}.csv', train_spans: 1, eval_spans: 2-{len(spans)}}}"
    text = SMALL.replace("shop", folder.name).replace("{files: visitors.csv}", data)
    for part, content in {"project.yml": text, "features.py": "", "model.py": ""}.items():
        (folder / part).write_text(content)
    return Session(Workspace(folder / "ws"), Project.load(folder))


def quiet(_: str) -> None:
    """Take what is said of progress."""
