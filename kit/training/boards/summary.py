"""What a training was made of: text for TEXT, values for HPARAMS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import tensorflow as tf
import tensorflow_transform as tft
from tensorboard.plugins.hparams import api_pb2, summary, summary_v2

from kit.digests import of_file
from kit.training.boards.profile import Profile
from kit.training.job import Job
from kit.versions import code_versions

TAG = "run"
_OPERATIONS = 25  # of a profile


def facts_of(job: Job, transform_output: tft.TFTransformOutput) -> dict[str, dict[str, str]]:
    """Return for each part of a training (`code`, `data`, `settings`) its facts by name."""
    schema = Path(transform_output.transform_savedmodel_dir).parent / "metadata" / "schema.pbtxt"
    raw = of_file(schema) if schema.is_file() else "none"
    return {
        "code": code_versions(),
        "data": {**job.data, "schema (sha256)": raw},
        "settings": {name: str(value) for name, value in job.training.told().items()},
    }


def write_text(facts: Mapping[str, Mapping[str, str]]) -> None:
    """Write each part as a Markdown table with the current summary writer."""
    for part, known in facts.items():
        _write_table(part, (part, ""), list(known.items()))


def write_profile(profile: Profile) -> None:
    """Write what a step spends its time on as a table."""
    rows = [
        (f"whole step ({profile.steps} traced)", "", _microseconds(profile.microseconds)),
        (f"waits for its batch ({profile.input_share:.1%})", "", _microseconds(profile.waiting)),
        *((one.name, one.type, _microseconds(one.microseconds)) for one in profile.operations[:_OPERATIONS]),
    ]
    _write_table("profile", ("a step", "operation", "microseconds"), rows)


def write_hparams(job: Job) -> None:
    """Begin a session of HPARAMS; each training has its own, even with the same settings."""
    summary_v2.hparams(dict(job.training.told()), trial_id=job.run.name)


def write_end() -> None:
    """End the session, so that HPARAMS shows it as done."""
    done = summary.session_end_pb(api_pb2.STATUS_SUCCESS)
    tf.summary.experimental.write_raw_pb(done.SerializeToString(), step=0)


def _write_table(part: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [f"| {' | '.join(_cell(text) for text in row)} |" for row in rows]
    line = f"|{' --- |' * len(head)}"
    tf.summary.text(f"{TAG}/{part}", "\n".join([f"| {' | '.join(head)} |", line, *lines]), step=0)


def _microseconds(time: float) -> str:
    return f"{time:,.1f}"


def _cell(text: str) -> str:
    """Keep a value of any letters within its cell."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
