"""Which of Tuner's trials are kept whole: those of the newest searches.

The others lose what TensorBoard reads, their logs and checkpoints. Their records stay, so that later searches still
have their results; the searches' records keep how they compared.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kit.project import Project
from kit.retention.pruned import RECORD, remove, write_record
from kit.tuning.records import ROWS, TRIAL_FILE, TRIALS, Search, Trial, folder_of, search_files
from kit.units import BYTES_PER_MB
from kit.workspace import Workspace

_LEFT = {TRIAL_FILE, RECORD}  # of a trial


@dataclass(frozen=True)
class TrialRetention:
    """The rule's decision about the trials of a project.

    Attributes:
        searches: the number of searches, of which the newest `keep_searches` stay whole.
        kept: folders of trials that stay as they are.
        pruned: folders of trials that keep only their records.
        rows: draws of rows that only older searches saw, which go too.
        size_bytes: the bytes of all that goes.
        done: whether it was carried out; False: only previewed.
    """

    searches: int
    keep_searches: int
    kept: tuple[Path, ...]
    pruned: tuple[Path, ...]
    rows: tuple[Path, ...]
    size_bytes: int
    done: bool

    @property
    def message(self) -> str:
        """The outcome for the trials, in a sentence."""
        size = self.size_bytes / BYTES_PER_MB
        went = f"{size:.1f} MB are gone" if self.done else f"{size:.1f} MB are to go"
        return (
            f"Searches: {self.searches}, of which the newest {self.keep_searches} stay whole. Trials: {len(self.kept)} "
            f"stay whole, {len(self.pruned)} keep only their records. With rows that only older searches saw {went}."
        )

    def __repr__(self) -> str:
        return self.message


def prune_trials(
    workspace: Workspace, project: Project, keep_searches: int = 0, *, dry_run: bool = False
) -> TrialRetention:
    """Remove the event files, logs and checkpoints of trials that only old searches have.

    The rows drawn for those are removed too, and drawn again when needed.

    Args:
        workspace: the workspace where Tuner has searched.
        project: the project whose searches are looked at.
        keep_searches: how many of the newest stay whole; 0: as in project.yml.
        dry_run: only report what would be removed.

    Raises:
        WorkspaceError: when nothing can be written there.
        OSError: when something cannot be removed.
    """
    keep = keep_searches or project.spec.tensorboard.keep_searches
    if dry_run:
        return look_at_trials(workspace, project.name, keep)
    # No search can begin meanwhile.
    with workspace.lock("step", f"{project.name}, pruning trials"):
        return remove_trials(look_at_trials(workspace, project.name, keep))


def look_at_trials(
    workspace: Workspace, project: str, keep_searches: int, younger_than: float = math.inf
) -> TrialRetention:
    """Return what would be removed; nothing is changed.

    Args:
        workspace: the workspace where Tuner has searched.
        project: name of the one whose searches are looked at.
        keep_searches: how many of the newest stay whole.
        younger_than: a trial, or a draw of rows, that changed after this stays as well; seconds since 1970.
    """
    folder = folder_of(workspace, project)
    searches = search_files(folder)
    stay = searches[:keep_searches]
    named = {Path(trial.folder).name for path in stay for trial in _trials(folder, path)}
    trials = sorted(path for path in (folder / TRIALS).glob("*") if path.is_dir())
    old = [path for path in trials if path.name not in named and not _is_young(path, younger_than)]
    pruned = tuple(path for path in old if any(_spare(path)))
    rows = tuple(path for path in _old_rows(folder, stay) if not _is_young(path, younger_than))
    going = (*(path for one in pruned for path in _spare(one)), *rows)
    kept = tuple(path for path in trials if path not in old)
    return TrialRetention(len(searches), keep_searches, kept, pruned, rows, _size(going), done=False)


def remove_trials(looked: TrialRetention) -> TrialRetention:
    """Remove what `look_at_trials` found; the caller holds the workspace's lock of steps.

    Raises:
        OSError: when something cannot be removed.
    """
    rule = f"of no search among the newest {looked.keep_searches}"
    for one in looked.pruned:
        write_record(one, rule, _size(_spare(one)))
        for path in list(_spare(one)):
            remove(path)
    for path in looked.rows:
        remove(path)
    return replace(looked, done=True)


def _trials(folder: Path, path: Path) -> tuple[Trial, ...]:
    search = Search.read(folder, path.stem)
    return search.trials if search else ()


def _is_young(path: Path, younger_than: float) -> bool:
    """Judge by what is written last: a trial's record at its end, the last file of drawn rows."""
    files = (file for file in path.iterdir() if file.is_file() and file.name != RECORD)
    return max((file.stat().st_mtime for file in files), default=0.0) >= younger_than


def _old_rows(folder: Path, stay: Sequence[Path]) -> list[Path]:
    """Return the draws of rows that were made before the oldest search that stays began."""
    if not stay:
        return []
    search = Search.read(folder, stay[-1].stem)
    began = stay[-1].stat().st_mtime - (search.seconds if search else 0)
    return sorted(path for path in (folder / ROWS).glob("*") if path.stat().st_mtime < began)


def _spare(trial: Path) -> Iterator[Path]:
    """Yield what a trial's folder has besides its records."""
    return (path for path in trial.iterdir() if path.name not in _LEFT)


def _size(paths: Iterable[Path]) -> int:
    return sum(file.stat().st_size for path in paths for file in [path, *path.rglob("*")] if file.is_file())
