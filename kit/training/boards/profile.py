"""Where the time of traced training steps went, and which operations XLA fused.

The profile plugin of TensorBoard (`xprof`) needs a newer absl-py than TFX allows, and its
pages ask the web for their fonts. So the trace that TensorFlow writes is read here: the same file, which xprof opens as
well wherever it is installed.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kit.workspace import write_atomically

PROFILE_FILE = "profile.json"
_TRACES = "plugins/profile/*/*.xplane.pb"
_HOST, _PROGRAMS = "/host:CPU", "/host:metadata"
_STEP = "train"  # Keras's name for a step in a trace
# A node of the graph and its operation, as the executor writes them; everything else is the runtime's own.
_OPERATION = re.compile(r"(?P<name>[\w./-]+):(?P<type>_?[A-Z]\w*)")
_WAITING = ("IteratorGetNext", "MultiDeviceIteratorGetNextFromShard", "IteratorGetNextOp::DoCompute")
_PRODUCING = "PrefetchProduce"
_PICOSECONDS = 1e6  # in a microsecond
_NO_WORK = frozenset({"parameter", "constant", "tuple", "get-tuple-element", "bitcast"})


@dataclass(frozen=True)
class Operation:
    """An operation of TensorFlow's graph, or a kernel that XLA made of one or several.

    Attributes:
        name: the name of the node, or of the kernel.
        type: the type of the operation; for a kernel, `XLA fusion` or `XLA kernel`.
        times: how often it ran, per step.
        microseconds: the time that it took per step, in all its threads together.
        fused: the nodes of the graph that a kernel computes.
    """

    name: str
    type: str
    times: float
    microseconds: float
    fused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """The mean of the traced steps.

    Attributes:
        steps: the steps that were traced.
        microseconds: the time from the start of a step to the start of the next.
        waiting: microseconds of it in which the step waited for its batch.
        producing: microseconds that threads of the input pipeline worked for one batch meanwhile.
        operations: those that took longest first.
    """

    steps: int
    microseconds: float
    waiting: float
    producing: float
    operations: tuple[Operation, ...]

    @property
    def input_share(self) -> float:
        """The share of a step in which it waited for its batch, 0 to 1."""
        return min(self.waiting / self.microseconds, 1.0) if self.microseconds else 0.0

    @property
    def kernels(self) -> tuple[Operation, ...]:
        """What XLA made."""
        return tuple(one for one in self.operations if one.type.startswith("XLA"))


def write_profile(run: Path) -> None:
    """Read the trace of a training and keep its profile in its folder; without a complete step nothing is kept."""
    traces = sorted(run.glob(_TRACES))
    profile = _read_trace(traces[-1]) if traces else None
    if profile:
        write_atomically(run / PROFILE_FILE, json.dumps(asdict(profile)))


def read_profile(run: Path) -> Profile | None:
    """Return the profile of the training in a folder; None: it was not traced."""
    path = run / PROFILE_FILE
    if not path.is_file():
        return None
    kept = json.loads(path.read_text())
    operations = tuple(Operation(**{**one, "fused": tuple(one["fused"])}) for one in kept.pop("operations"))
    return Profile(**kept, operations=operations)


def read_profiles(runs: Mapping[str, Path]) -> dict[str, Profile]:
    """Return the profiles of those runs that were traced, by the runs' names."""
    return {name: profile for name, run in runs.items() if (profile := read_profile(run))}


@dataclass(frozen=True)
class _Event:
    name: str
    begin: float
    duration: float
    hlo: bool

    @property
    def end(self) -> float:
        return self.begin + self.duration


def _read_trace(path: Path) -> Profile | None:
    """Return the profile of a trace's complete steps; None: it has none."""
    from tensorflow.tsl.profiler.protobuf import xplane_pb2  # noqa: PLC0415  all of TensorFlow

    space = xplane_pb2.XSpace.FromString(path.read_bytes())
    events = [event for plane in space.planes if plane.name == _HOST for event in _events(plane)]
    steps = [event for event in events if event.name == _STEP]
    if not steps:
        return None
    begin, end = min(step.begin for step in steps), max(step.end for step in steps)
    inside = [event for event in events if begin <= event.begin < end]
    count = len(steps)
    return Profile(
        steps=count,
        microseconds=(end - begin) / count,
        waiting=_total(inside, _WAITING) / count,
        producing=_total(inside, (_PRODUCING,)) / count,
        operations=tuple(_operations(inside, _fused(space), count)),
    )


def _events(plane: Any) -> Iterator[_Event]:
    hlo = {number for number, stat in plane.stat_metadata.items() if stat.name == "hlo_op"}
    for line in plane.lines:
        for event in line.events:
            yield _Event(
                plane.event_metadata[event.metadata_id].name,
                line.timestamp_ns / 1e3 + event.offset_ps / _PICOSECONDS,
                event.duration_ps / _PICOSECONDS,
                any(stat.metadata_id in hlo for stat in event.stats),
            )


def _total(events: list[_Event], names: tuple[str, ...]) -> float:
    return sum(event.duration for event in events if event.name in names)


def _operations(
    events: list[_Event], fused: Mapping[str, tuple[str, ...]], steps: int
) -> Iterator[Operation]:
    """Return the operations, the longest first."""
    times: Counter[tuple[str, str]] = Counter()
    took: defaultdict[tuple[str, str], float] = defaultdict(float)
    for event in events:
        if event.hlo and event.name in fused:
            key = (event.name, "XLA fusion" if len(fused[event.name]) > 1 else "XLA kernel")
        elif match := _OPERATION.fullmatch(event.name):
            key = (match["name"], match["type"])
        else:
            continue
        times[key] += 1
        took[key] += event.duration
    for key in sorted(took, key=lambda key: -took[key]):
        name, kind = key
        nodes = fused[name] if kind.startswith("XLA ") else ()
        yield Operation(name, kind, times[key] / steps, took[key] / steps, nodes)


def _fused(space: Any) -> dict[str, tuple[str, ...]]:
    """Return for each kernel of the programs that XLA compiled the nodes of TensorFlow's graph in it."""
    from tensorflow.compiler.xla.service import hlo_pb2  # noqa: PLC0415

    kernels: dict[str, tuple[str, ...]] = {}
    for plane in (plane for plane in space.planes if plane.name == _PROGRAMS):
        for program in plane.event_metadata.values():
            for stat in (stat for stat in program.stats if stat.bytes_value):
                kernels |= _kernels(hlo_pb2.HloProto.FromString(stat.bytes_value).hlo_module)
    return kernels


def _kernels(module: Any) -> dict[str, tuple[str, ...]]:
    computations = {one.id: one for one in module.computations}

    def nodes(instruction: Any) -> list[str]:
        inner = [
            node
            for number in instruction.called_computation_ids
            for part in computations[number].instructions
            if part.opcode not in _NO_WORK
            for node in nodes(part)
            if node
        ]
        return inner or [instruction.metadata.op_name]

    return {
        instruction.name: tuple(sorted({node for node in nodes(instruction) if node}))
        for computation in module.computations
        for instruction in computation.instructions
        if instruction.opcode not in _NO_WORK
    }
