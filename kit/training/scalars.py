"""Read the scalars of growing event files without TensorFlow, from a thread beside a training."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from google.protobuf.message import DecodeError
from tensorboard.compat.proto import event_pb2, summary_pb2, types_pb2

EVENTS = "events.out.tfevents.*"
EPOCH_TAG = "epoch_"  # begins the tags of what Keras writes once an epoch

Points: TypeAlias = Sequence[tuple[float, float]]
Curves: TypeAlias = Mapping[str, Mapping[str, Points]]
"""For each tag and each run its points: step and value."""

_HEAD, _TAIL = (
    12,
    4,
)  # bytes around a record: its length with a checksum before, a checksum of its content after
_FORMATS = {types_pb2.DT_FLOAT: ("<f", "float_val"), types_pb2.DT_DOUBLE: ("<d", "double_val")}


@dataclass
class EventFile:
    """One event file, whose complete records have been read."""

    path: Path
    _offset: int = field(default=0, init=False)

    def new_scalars(self) -> list[tuple[str, int, float, float]]:
        """Return what was added since the last call: tag, step, value and the time in seconds since 1970."""
        return [
            (value.tag, event.step, number, event.wall_time)
            for event in self._new_events()
            for value in event.summary.value
            if (number := _scalar(value)) is not None
        ]

    def _new_events(self) -> Iterator[event_pb2.Event]:
        with self.path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        start = 0
        while len(data) - start >= _HEAD:
            (length,) = struct.unpack_from("<Q", data, start)
            end = start + _HEAD + length + _TAIL
            if end > len(data):  # its writer is in the middle of it
                break
            with contextlib.suppress(DecodeError):  # an incomplete record left by a crash
                yield event_pb2.Event.FromString(data[start + _HEAD : end - _TAIL])
            start = end
            self._offset += _HEAD + length + _TAIL


def metric_of(tag: str) -> str | None:
    """Return the metric that Keras writes under a tag once an epoch; None: it is another tag, or the learning rate."""
    is_metric = tag.startswith(EPOCH_TAG) and "learning_rate" not in tag
    return tag.removeprefix(EPOCH_TAG) if is_metric else None


def read_scalars(folder: Path) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Return the points of each tag for each run below a folder; a run is named by its folder, relative to this one."""
    runs: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for path in sorted(folder.rglob(EVENTS)):
        name = path.parent.relative_to(folder).as_posix()
        for tag, step, value, _ in EventFile(path).new_scalars():
            run = runs.setdefault("" if name == "." else name, {})
            run.setdefault(tag, []).append((float(step), value))
    return runs


def _scalar(value: summary_pb2.Summary.Value) -> float | None:
    """Return the number of a summary, or None for a picture, a histogram or a text."""
    if value.HasField("simple_value"):
        return float(value.simple_value)
    tensor = value.tensor
    if tensor.tensor_shape.dim or tensor.dtype not in _FORMATS:
        return None
    code, name = _FORMATS[tensor.dtype]
    if tensor.tensor_content:
        return float(struct.unpack(code, tensor.tensor_content)[0])
    return float(next(iter(getattr(tensor, name)), 0.0))  # encoders may leave out zeros
