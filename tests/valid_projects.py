"""Contents of valid project.yml files, drawn by chance, and a small one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from hypothesis import strategies as st

from kit.evaluation.sections import HIGHER_IS_BETTER, METRICS_BY_TASK
from kit.project import Project
from kit.project.file import Tensor

Content = dict[str, Any]

SMALL = """\
name: shop
task: binary
label: bought
data: {files: visitors.csv}
columns:
  age: number
  city: category
  bought: {kind: label, dtype: int}
"""


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
COLUMNS = st.one_of(
    st.sampled_from(["number", "category", "id", "text", "timestamp", "date", "sequence", "key", "ignore"]),
    st.fixed_dictionaries({"kind": st.just("number"), "dtype": st.sampled_from(["int", "float"])}),
    st.fixed_dictionaries({"kind": st.sampled_from(["category", "id"]), "dtype": st.just("int")}),
    st.fixed_dictionaries({"kind": st.just("sequence"), "separator": st.sampled_from([" ", "|"])}),
)
TENSORS = st.dictionaries(
    NAMES,
    st.fixed_dictionaries(
        {
            "dtype": st.sampled_from(get_args(Tensor.model_fields["dtype"].annotation)),
            "shape": st.lists(st.none() | st.integers(1, 100), max_size=2),
        }
    ),
    max_size=2,
)


@st.composite
def gates(draw: st.DrawFn, task: Any, sliced: list[str]) -> Content:
    bounds = st.floats(-1, 1) | st.integers(-1, 1)
    metric = draw(st.sampled_from(METRICS_BY_TASK[task]))
    of_change = ["min_change"] if HIGHER_IS_BETTER[metric] is not None else []  # calibration is best at 1
    gate: Content = {"metric": metric, draw(st.sampled_from(["min", "max", *of_change])): draw(bounds)}
    if draw(st.booleans()):
        gate["slice"] = {draw(st.sampled_from(sliced)): draw(st.integers() | NAMES)}
    return gate


@st.composite
def data_sections(draw: st.DrawFn) -> Content:
    section: Content = {"files": "rows.csv", "delimiter": draw(st.sampled_from(",;\t| "))}
    if draw(st.booleans()):
        first, second, third = sorted(draw(st.lists(st.integers(0, 99), min_size=3, max_size=3, unique=True)))
        section |= {"files": "{SPAN}/rows.csv", "train_spans": f"{first}-{second}", "eval_spans": third}
    return section


@st.composite
def projects(draw: st.DrawFn) -> Content:
    """Return the content of a valid project.yml."""
    columns = draw(st.dictionaries(NAMES, COLUMNS, max_size=5))
    label = draw(NAMES)
    columns[label] = {"kind": "label", "dtype": draw(st.sampled_from(["int", "float", "string"]))}
    read_columns = [name for name, column in columns.items() if column != "ignore"]
    slices = st.lists(st.sampled_from(read_columns), min_size=1, max_size=2)
    task = draw(st.sampled_from(["binary", "multiclass", "regression"]))
    return {
        "name": draw(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)),
        "task": task,
        "label": label,
        "data": draw(data_sections()),
        "columns": columns,
        "slices": draw(st.lists(slices, max_size=2)),
        "gates": draw(st.lists(gates(task, read_columns), max_size=2)),
        "training": {"epochs": draw(st.integers(1, 99)), "learning_rate": draw(st.floats(1e-6, 1))},
        "signatures": draw(
            st.dictionaries(NAMES, st.fixed_dictionaries({"inputs": TENSORS, "outputs": TENSORS}), max_size=1)
        ),
    }


def write(folder: Path, text: str = SMALL) -> Path:
    """Write a project; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, content in {"project.yml": text, "features.py": "", "model.py": ""}.items():
        (folder / part).write_text(content, encoding="utf-8")
    return folder


def altered(project: Project, **sections: object) -> Project:
    """Return a project with other sections than those of its project.yml."""
    return Project(project.folder, project.spec.model_copy(update=sections))
