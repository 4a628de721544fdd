"""Data of any size in the form of the sample, and a copy of the recommender project that reads it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from kit.bench.chain import run_timed
from kit.errors import StepFailedError
from kit.project.folder import BUILT_IN

SPANS = 7  # six to train on and one to evaluate on, as the project says
_FILES = "../../../sample_data/impressions/span-{SPAN}/impressions.csv"


@dataclass(frozen=True)
class Size:
    """How much to generate; `rows_a_span` is a multiple of ten, as a request has ten rows."""

    rows_a_span: int
    users: int
    items: int

    @property
    def rows(self) -> int:
        return SPANS * self.rows_a_span


def generate(size: Size, folder: Path, seed: int = 1) -> None:
    """Write impressions/ and truth/ for all spans."""
    settings = {
        "--seed": seed,
        "--spans": SPANS,
        "--rows-per-span": size.rows_a_span,
        "--users": size.users,
        "--items": size.items,
    }
    words = [str(word) for setting in settings.items() for word in setting]
    run_timed([sys.executable, "-m", "sample_data", "--out", str(folder), *words])


def make_project(folder: Path, generated: Path) -> Path:
    """Copy the recommender project under another name, for data elsewhere.

    Raises:
        StepFailedError: when its project.yml no longer has the path of the sample's files that is replaced here.
    """
    shutil.copytree(BUILT_IN / "recommender", folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = (folder / "project.yml").read_text()
    for old, new in (
        ("name: recommender\n", f"name: {folder.name}\n"),
        (_FILES, f"{generated}/impressions/span-{{SPAN}}/impressions.csv"),
    ):
        if text.count(old) != 1:
            raise StepFailedError(
                f"The recommender's project.yml must have {old.strip()!r} once, but has it {text.count(old)} times. "
                "Change kit/bench/generated.py with it."
            )
        text = text.replace(old, new)
    (folder / "project.yml").write_text(text)
    return folder
