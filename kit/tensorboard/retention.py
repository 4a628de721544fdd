"""Which trainings TensorBoard keeps: the newest, and those whose models were blessed or pushed.

The others lose what TensorBoard reads; their progress, settings and models stay. What was removed is recorded in the
folder of each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kit.retention.pruned import remove, write_record
from kit.session import Session
from kit.tensorboard.runs import Run, all_runs
from kit.training.scalars import EVENTS
from kit.units import BYTES_PER_MB

# Beside event files: vectors with their words, traces, and the attention of some rows.
_SHOWN = ("projector", "projector_config.pbtxt", "plugins", "attention.json")


@dataclass(frozen=True)
class Kept:
    """A training that stays, and why: `new`, or `blessed` or `pushed`."""

    run: Run
    why: str


@dataclass(frozen=True)
class Pruned:
    """A training that TensorBoard no longer shows.

    Attributes:
        run: the training.
        size_bytes: the bytes that are removed; 0: they were removed before.
    """

    run: Run
    size_bytes: int

    @property
    def why(self) -> str:
        return "old" if self.size_bytes else "pruned before"


@dataclass(frozen=True)
class Retention:
    """The rule's decision about each training, the latest first.

    Attributes:
        kept, pruned: the trainings.
        keep_runs: how many of the newest stay.
        done: whether it was carried out; False: only previewed.
    """

    kept: Sequence[Kept]
    pruned: Sequence[Pruned]
    keep_runs: int
    done: bool

    @property
    def message(self) -> str:
        """The outcome for the trainings, in a sentence."""
        going = [one for one in self.pruned if one.size_bytes]
        passed = sum(1 for one in self.kept if one.run.passed)
        size = sum(one.size_bytes for one in going) / BYTES_PER_MB
        went = "gone" if self.done else "to go"
        return (
            f"Trainings that TensorBoard keeps: {len(self.kept)} of {len(self.kept) + len(self.pruned)}, the newest "
            f"{self.keep_runs} and those whose models were blessed or pushed ({passed}). "
            + (
                f"Event files {went}: those of {len(going)}, {size:.1f} MB."
                if going
                else "Nothing is deleted."
            )
        )

    def __repr__(self) -> str:
        return self.message


def prune(session: Session, keep_runs: int = 0, *, dry_run: bool = False) -> Retention:
    """Remove the event files of old trainings.

    Args:
        session: the session whose project's trainings are looked at.
        keep_runs: how many of the newest stay; 0: as in project.yml.
        dry_run: only report what would be removed.

    Raises:
        WorkspaceError: when nothing can be written there.
        OSError: when something cannot be removed.
    """
    keep = keep_runs or session.project.spec.tensorboard.keep_runs
    if dry_run:
        return _judge(all_runs(session), keep, done=False)
    # No training can begin meanwhile.
    with session.workspace.lock("step", f"{session.project.name}, pruning trainings"):
        retention = _judge(all_runs(session), keep, done=True)
        for one in retention.pruned:
            if one.size_bytes:
                _remove(one, keep)
    return retention


def _judge(found: Sequence[Run], keep: int, *, done: bool) -> Retention:
    kept, pruned = [], []
    for place, run in enumerate(found):
        if place < keep or run.passed:
            kept.append(Kept(run, " and ".join(run.passed) or "new"))
        else:
            pruned.append(Pruned(run, sum(path.stat().st_size for path in _files(run.folder))))
    return Retention(kept, pruned, keep, done)


def _files(folder: Path) -> Iterator[Path]:
    yield from folder.rglob(EVENTS)
    for name in _SHOWN:
        shown = folder / name
        yield from (path for path in [shown, *shown.rglob("*")] if path.is_file())


def _remove(one: Pruned, keep: int) -> None:
    """Write the record first: an interrupted removal is finished the next time."""
    rule = f"older than the newest {keep}, its model neither blessed nor pushed"
    write_record(one.run.folder, rule, one.size_bytes)
    for path in [*one.run.folder.rglob(EVENTS), *(one.run.folder / name for name in _SHOWN)]:
        remove(path)
