"""A model's versions in its serving folder: which one serves, which stay, and the rollback.

A server with the policy `latest` serves the highest number that it sees; models.config beside the folder may set
another policy. So a rollback moves newer versions aside, into a folder whose name is not a number, and the server loads
the earlier version before it drops the newer one. Every move is one rename. All but the newest are moved first:
whenever it is interrupted, the server sees the previous version or the requested one, never one in between.

    serving/<project>/<n>/              what servers see
    serving/<project>/.withdrawn/<n>/   rolled back; `--to n` brings one back
    serving/<project>/.history.jsonl    what was done, when, by whom and why (see `kit.release.history`)

Nothing here imports TensorFlow: a rollback takes a tenth of a second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import filelock

from kit.errors import StepOrderError
from kit.reasons import require_reasons
from kit.release import history
from kit.release.errors import VersionError
from kit.release.folders import check_whole, move
from kit.release.history import Entry
from kit.release.models_config import CANARY, follow, go_back, labels_of, loaded
from kit.serving.policies import versions_in

WITHDRAWN = ".withdrawn"
PACKAGE_FILE = "assets.extra/kit_package.json"
PART = ".part"  # suffix of incomplete copies
_LOCK_SECONDS = 30.0

State = Literal["served", "kept", "withdrawn"]


@dataclass(frozen=True)
class Version:
    """One version of a model.

    Attributes:
        number: its number, which is its folder's name.
        state: `served`: answers requests without a version; `kept`: is there too; `withdrawn`: hidden from servers.
        folder: its folder.
        labels: names that models.config gives it.
        package: what it carries about itself (see `kit.release.package_facts`); empty: it was pushed by other means.
        history: what was done to it, the oldest first.
    """

    number: int
    state: State
    folder: Path
    labels: tuple[str, ...]
    package: Mapping[str, Any]
    history: tuple[Entry, ...]

    @property
    def blessed(self) -> bool:
        """Whether no gate was overridden for it."""
        return not any(entry.get("override") for entry in self.history if entry["what"] == "push")

    @property
    def withdrawal(self) -> Entry | None:
        """The rollback that it was withdrawn by."""
        rollbacks = [entry for entry in self.history if entry["what"] == "rollback"]
        return rollbacks[-1] if rollbacks and self.state == "withdrawn" else None

    @property
    def promotion(self) -> Entry | None:
        """The experiment that it was promoted by."""
        promotions = [entry for entry in self.history if entry["what"] == "promotion"]
        return promotions[-1] if promotions else None


@dataclass(frozen=True)
class Rollback:
    """What a rollback did.

    Attributes:
        before: version that was served; None: there was none.
        now: version that is served.
        withdrawn: versions that were moved aside.
        labels: names that point to one of them, for which a server can no longer answer.
    """

    before: int | None
    now: int
    withdrawn: tuple[int, ...]
    labels: tuple[str, ...]

    @property
    def message(self) -> str:
        if self.before == self.now and not self.withdrawn:
            return f"Version {self.now} is served already; nothing was done."
        aside = f"; {', '.join(map(str, self.withdrawn))} moved aside" if self.withdrawn else ""
        lost = (
            f" The labels {', '.join(self.labels)} point to what moved: move them too." if self.labels else ""
        )
        was = "before there was none" if self.before is None else f"before it was {self.before}"
        return (
            f"Version {self.now} is the one to serve now, {was}{aside}. A running server switches as soon as it has "
            f"loaded it.{lost}"
        )


def numbers(folder: Path) -> list[int]:
    """Return the versions in a folder as servers see them, the lowest first."""
    return sorted(versions_in(folder)) if folder.is_dir() else []


def served_version(base: Path) -> int | None:
    """Return the version that answers requests without a version, by the policy of models.config.

    During a canary that is the other one. None: there is no version.

    Raises:
        VersionError: when models.config cannot be read.
    """
    found, canary = loaded(base, numbers(base)), labels_of(base).get(CANARY)
    return max((number for number in found if number != canary), default=max(found, default=None))


def require_served(base: Path) -> int:
    """Return the version that answers requests that name no version.

    Raises:
        StepOrderError: when there is none.
        VersionError: when models.config cannot be read.
    """
    version = served_version(base)
    if version is None:
        raise StepOrderError(
            f"A server needs a pushed model, but {base} has none. Run 05_release first, with the same workspace and "
            "project."
        )
    return version


def next_number(base: Path, at_least: int) -> int:
    """Return a number above all versions, withdrawn ones too."""
    taken = [*numbers(base), *numbers(base / WITHDRAWN)]
    return max([at_least, *(number + 1 for number in taken)])


@contextmanager
def lock(base: Path, name: str = ".lock", seconds: float = _LOCK_SECONDS) -> Iterator[None]:
    """Lock the set of versions against changes by others; copies are made before, so it is held only briefly.

    Args:
        base: folder of the versions.
        name: the name of the lock's file; another one is a lock for something else.
        seconds: how long to wait for it.

    Raises:
        VersionError: when somebody holds it that long.
    """
    base.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(base / name, timeout=seconds):
            yield
    except filelock.Timeout:
        raise VersionError(
            f"One process at a time may change the versions in {base}, but another one has been at it for "
            f"{seconds:.0f} s. End it, and run the same command again."
        ) from None


def list_versions(base: Path) -> list[Version]:
    """Return all versions of a model, the newest first."""
    served, labels, past = served_version(base), labels_of(base), history.read(base)
    # Twice: one that is moved meanwhile would be in neither place, and gone for whoever keeps what versions need.
    aside, visible = numbers(base / WITHDRAWN), numbers(base)
    aside = sorted({*aside, *numbers(base / WITHDRAWN)}.difference(visible))
    places: list[tuple[int, Path, State]] = [
        *((number, base / str(number), "served" if number == served else "kept") for number in visible),
        *((number, base / WITHDRAWN / str(number), "withdrawn") for number in aside),
    ]
    return [
        Version(
            number,
            state,
            folder,
            tuple(sorted(name for name, version in labels.items() if version == number)),
            read_package(folder),
            tuple(entry for entry in past if number in _about(entry)),
        )
        for number, folder, state in sorted(places, reverse=True)
    ]


def _about(entry: Entry) -> set[int]:
    return {entry[key] for key in ("version", "to") if key in entry} | set(entry.get("withdrawn", ()))


def read_package(folder: Path) -> dict[str, Any]:
    """Return what a version records about itself; empty if it was pushed by other means."""
    try:
        content = json.loads((folder / PACKAGE_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def rollback(base: Path, to: int | None = None, *, who: str, why: str) -> Rollback:
    """Serve an earlier version again, or one that was withdrawn.

    Newer versions that servers are not told to load, as when pushes are held, stay where they are.

    Args:
        base: folder of the versions.
        to: the version; None: the one before the served one.
        who: name of the person, recorded.
        why: their reason, recorded.

    Raises:
        VersionError: when there is no such version.
        DecisionError: when there is no name or no reason.
    """
    require_reasons("roll back", who, why)
    if not base.is_dir():
        raise VersionError(
            f"A rollback needs pushed versions, but there is no {base}. Run 05_release, or name another project."
        )
    with lock(base):
        visible, aside, served = numbers(base), numbers(base / WITHDRAWN), served_version(base)
        if to is None and served is not None and set(_left_by_a_killed_one(base, served)) & set(visible):
            to = served  # the server is told already; a step further back was never asked for
        target, seen = _target(base, to, visible, aside, served), loaded(base, visible)
        check_whole(base / str(target) if target in visible else base / WITHDRAWN / str(target))
        left = _left_by_a_killed_one(base, target)
        newer = [n for n in visible if n > target and (n in seen or n in left or n <= (served or 0))]
        if target == served and not newer:
            return Rollback(served, target, (), ())
        history.note(base, "rollback", to=target, withdrawn=newer, who=who, why=why, **{"from": served})
        follow(base, target, {*visible, target}.difference(newer))
        if target in aside:
            move(base / WITHDRAWN / str(target), base / str(target))
        # Before the server loses what it serves.
        go_back(base, target, newer)
        labels = tuple(sorted(name for name, number in labels_of(base).items() if number in newer))
        for number in newer:  # the newest, which is served, last
            move(base / str(number), base / WITHDRAWN / str(number))
    return Rollback(served, target, tuple(newer), labels)


def _left_by_a_killed_one(base: Path, target: int) -> list[int]:
    """Return what the last rollback, to the same version, should have moved aside."""
    last = (history.read(base) or [{}])[-1]
    return list(last["withdrawn"]) if last.get("what") == "rollback" and last["to"] == target else []


def withdraw(base: Path, number: int, to: int, *, who: str, why: str) -> bool:
    """Move one version aside, even if others are newer; return whether it was there. The history gets its reason first.

    Args:
        base: folder of the versions.
        number: the number of the version.
        to: the one that is served instead, for the history.
        who: name of the person or the test, recorded.
        why: their reason, recorded.

    Raises:
        DecisionError: when there is no name or no reason.
    """
    require_reasons("withdraw a version", who, why)
    with lock(base):
        if number not in numbers(base):
            return False
        history.note(base, "rollback", to=to, withdrawn=[number], who=who, why=why, **{"from": number})
        move(base / str(number), base / WITHDRAWN / str(number))
    return True


def _target(base: Path, to: int | None, visible: list[int], aside: list[int], served: int | None) -> int:
    if to is None:
        earlier = [number for number in visible if served is not None and number < served]
        if not earlier:
            raise VersionError(
                f"A rollback needs a version before the served one ({served or 'none'}), but {base} has "
                f"{_some(visible)}; withdrawn: {_some(aside)}. Name one with --to, or push again."
            )
        return earlier[-1]
    if to not in {*visible, *aside}:
        raise VersionError(
            f"Version {to} must be in {base}, but there are {_some(visible)}; withdrawn: {_some(aside)}. Choose one."
        )
    return to


def _some(found: list[int]) -> str:
    return ", ".join(map(str, found)) or "none"
