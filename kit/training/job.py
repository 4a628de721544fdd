"""A training job as plain values (inputs, settings, outputs), so that any process can run it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from kit.errors import UsageError
from kit.training.config import Training

ROWS_FILE = "rows.json"  # how many rows a training has read, by split


@dataclass(frozen=True)
class Job:
    """A training job.

    Attributes:
        project: folder of the project.
        training: how to train.
        train_files, eval_files: patterns of the transformed examples.
        transform_output: folder of Transform's graph.
        run_dir: folder of event files and progress.
        checkpoint: the folder from which an interrupted training is resumed.
        model_dir: the folder for the SavedModel; empty: none, since a trial of Tuner only needs its metrics.
        stop_after_steps: the number of steps to end after, keeping the best epoch; 0: train all epochs.
        data: what the examples were made from, in words, by name.
    """

    project: str
    training: Training
    train_files: tuple[str, ...]
    eval_files: tuple[str, ...]
    transform_output: str
    run_dir: str
    checkpoint: str
    model_dir: str
    stop_after_steps: int = 0
    data: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, fn_args: Any) -> Self:
        """Read it from TFX's FnArgs, whose `custom_config` `kit.training.trainer` filled."""
        config = fn_args.custom_config
        return cls(
            project=config["project"],
            training=Training.model_validate(config["training"]),
            train_files=tuple(fn_args.train_files),
            eval_files=tuple(fn_args.eval_files),
            transform_output=fn_args.transform_output,
            run_dir=fn_args.model_run_dir,
            checkpoint=str(Path(config["checkpoints"]) / _digest(fn_args)),
            model_dir=fn_args.serving_model_dir,
            stop_after_steps=config.get("stop_after_steps", 0),
            data=config.get("data", {}),
        )

    @property
    def run(self) -> Path:
        return Path(self.run_dir)

    def to_values(self) -> dict[str, Any]:
        return {**asdict(self), "training": self.training.model_dump()}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Return the job of `to_values`, which JSON may have made lists of."""
        lists = {name: tuple(values[name]) for name in ("train_files", "eval_files")}
        return cls(**{**values, **lists, "training": Training.model_validate(values["training"])})

    def to_json(self) -> str:
        return json.dumps(self.to_values())

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            UsageError: when it is something else.
        """
        try:
            return cls.from_values(json.loads(text))
        except (ValueError, TypeError, KeyError) as error:
            raise UsageError(
                f"A training's job must be JSON as `kit train-cluster --manifests` writes it, but {error!r}. "
                "Write it again."
            ) from None


def _digest(fn_args: Any) -> str:
    """Return a digest of everything that a training depends on: only the very same one is resumed.

    Transform's outputs are in folders named by its execution, so their names identify the contents.
    """
    config = fn_args.custom_config
    told = [config.get(name) for name in ("training", "stop_after_steps", "code")]
    inputs = [list(fn_args.train_files), list(fn_args.eval_files), fn_args.transform_output]
    return hashlib.sha256(json.dumps([inputs, told]).encode()).hexdigest()[:16]
