"""What a training was made of: words for TEXT, values for HPARAMS."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import tensorflow as tf
import tensorflow_transform as tft
from tensorboard.plugins.hparams import api_pb2, summary, summary_v2

from kit.training.job import Job
from kit.versions import code_versions

TAG = "run"


def facts_of(job: Job, transform_output: tft.TFTransformOutput) -> dict[str, dict[str, str]]:
    """Return for each part of a training (`code`, `data`, `settings`) its facts by name."""
    schema = Path(transform_output.transform_savedmodel_dir).parent / "metadata" / "schema.pbtxt"
    raw = hashlib.sha256(schema.read_bytes()).hexdigest() if schema.is_file() else "none"
    return {
        "code": code_versions(),
        "data": {**job.data, "schema (sha256)": raw},
        "settings": {name: str(value) for name, value in job.training.told().items()},
    }


def write_text(facts: Mapping[str, Mapping[str, str]]) -> None:
    """Write each part as a table in Markdown into the present summary writer."""
    for part, known in facts.items():
        lines = [f"| {_cell(name)} | {_cell(value)} |" for name, value in known.items()]
        tf.summary.text(f"{TAG}/{part}", "\n".join([f"| {part} | |", "| --- | --- |", *lines]), step=0)


def write_hparams(job: Job) -> None:
    """Begin a session of HPARAMS; each training is one for itself, also with the settings of another."""
    summary_v2.hparams(dict(job.training.told()), trial_id=job.run.name)


def write_end() -> None:
    """End the session, so that HPARAMS shows it as done."""
    done = summary.session_end_pb(api_pb2.STATUS_SUCCESS)
    tf.summary.experimental.write_raw_pb(done.SerializeToString(), step=0)


def _cell(text: str) -> str:
    """Keep a value of any letters within its cell."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
