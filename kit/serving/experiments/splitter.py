"""The interceptor of an experiment: sends each user to their arm, and counts the outcomes."""

from __future__ import annotations

import logging
import random
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc

from kit.serving.errors import ServingError
from kit.serving.experiments.counts import OTHERS, Counter
from kit.serving.experiments.experiment import FILE, Experiment, ExperimentError, load
from kit.serving.experiments.split import CANDIDATE, CONTROL, Place, Split
from kit.serving.experiments.users import users_of
from kit.serving.headers import REQUEST_ID
from kit.serving.hooks import RequestContext
from kit.serving.settings import Settings

_NOTE = "experiment"
_LOOK_SECONDS = 1.0
_APIS = frozenset({"Predict", "Classify", "Regress", "MultiInference"})
_NO_USER, _SEVERAL, _NOT_LOADED = range(len(OTHERS))
# Not the version's fault: the server was full, or the caller gave up or lacks permission.
_NO_FAILURES = frozenset(
    {
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
    }
)
_MS = 1000
_LOG = logging.getLogger(__name__)


@dataclass
class _Followed:
    """An experiment as a server sees it."""

    experiment: Experiment
    split: Split
    counter: Counter

    @property
    def versions(self) -> tuple[int, int]:
        return self.experiment.control, self.experiment.candidate


class _ExperimentFile:
    """The experiment of one model, reread at most once a second."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._lock = folder, threading.Lock()
        self._looked, self._mark = -_LOOK_SECONDS, (0, 0)
        self._followed: _Followed | None = None

    def look(self) -> _Followed | None:
        now = time.monotonic()
        if now - self._looked >= _LOOK_SECONDS and self._lock.acquire(blocking=False):
            try:
                self._looked = now
                self._take()
            finally:
                self._lock.release()
        return self._followed

    def _take(self) -> None:
        mark = _mark(self._folder / FILE)
        if mark == self._mark:
            return
        try:
            experiment = load(self._folder)
        except ExperimentError as error:
            _LOG.error("The experiment that runs goes on: %s", error)
            return
        self._mark, before = mark, self._followed
        if experiment is None:
            self._followed = None
        elif before is not None and before.experiment.name == experiment.name:
            self._followed = _Followed(experiment, before.split, before.counter)
        else:
            split = Split(experiment.name, experiment.settings.share)
            self._followed = _Followed(experiment, split, Counter(self._folder / experiment.name))
        if before is not None and (self._followed is None or before.counter is not self._followed.counter):
            before.counter.close()
        if experiment is not None:
            _LOG.info("Experiment %s of %s: %s.", experiment.name, experiment.model, experiment.state)

    def close(self) -> None:
        with self._lock:
            if self._followed is not None:
                self._followed.counter.close()


class Splitter:
    """Splits the traffic of every model that has an experiment.

    A request that names a version or a label gets it. A request without a user goes to a random arm, one with several
    users to the arm of the first; both are counted apart and are no evidence. When an arm's version is not loaded, the
    request is answered as if there were no experiment, which is counted too.

    When the candidate was rolled back or the experiment stopped, nobody gets the candidate any more as soon as the file
    says so: until it is unloaded, it would still be the latest version.
    """

    def __init__(self, root: Path) -> None:
        """Follow the experiments in a folder.

        Args:
            root: the folder with one folder per model, see `kit.canary`.
        """
        self._root = root
        self._files: dict[str, _ExperimentFile] = {}

    def before(self, context: RequestContext) -> None:
        """Choose the version of the user's arm."""
        if context.version is not None or context.label or context.api not in _APIS:
            return
        file = self._file(context)
        followed = file.look() if file else None
        if followed is None:
            return
        if followed.experiment.running:
            self._send(followed, context)
        elif followed.experiment.state != "promoted":
            _keep_away(followed, context)

    def _file(self, context: RequestContext) -> _ExperimentFile | None:
        file = self._files.get(context.model)
        # Only models of this server: a request may name anything.
        if file is None and context.find(None, None) is not None:
            file = self._files.setdefault(context.model, _ExperimentFile(self._root / context.model))
        return file

    @staticmethod
    def _send(followed: _Followed, context: RequestContext) -> None:
        users = _units(context, followed.experiment.settings.unit)
        place = followed.split.place(users[0] if users else random.randbytes(16))  # noqa: S311  a coin, no secret
        version = followed.versions[place.arm]
        if context.find(version, None) is None:
            followed.counter.add_other(_NOT_LOADED)
            return
        context.version = version
        if len(users) == 1:
            context.notes[_NOTE] = (followed, place)
        else:
            followed.counter.add_other(_SEVERAL if users else _NO_USER)

    def after(
        self, context: RequestContext, response: Any | ServingError, version: int | None, seconds: float
    ) -> None:
        """Count the outcome of a request."""
        del version  # the arm's, or none
        noted: tuple[_Followed, Place] | None = context.notes.get(_NOTE)
        if noted is None:
            return
        followed, place = noted
        failed = isinstance(response, ServingError)
        if failed and response.code in _NO_FAILURES:
            return
        slow = not failed and seconds * _MS > followed.experiment.settings.slow_ms
        followed.counter.add(place.arm, place.group, failed=failed, slow=slow)

    def close(self) -> None:
        """Write the last counts."""
        for file in list(self._files.values()):
            file.close()


def make(settings: Settings) -> Splitter:
    """Make the interceptor for a server; its setting `experiment_config_file` names the folder of the experiments."""
    return Splitter(Path(settings.experiment_config_file))


def _units(context: RequestContext, unit: str) -> list[bytes]:
    """Return the units of a request; where each request is its own unit, one without an id gets a random one."""
    if unit == REQUEST_ID:
        return [context.metadata.get(REQUEST_ID, "").encode() or random.randbytes(16)]  # noqa: S311  a coin, no secret
    return users_of(context.request, unit)


def _keep_away(followed: _Followed, context: RequestContext) -> None:
    control, candidate = followed.versions[CONTROL], followed.versions[CANDIDATE]
    if context.find(None, None) == candidate and context.find(control, None) is not None:
        context.version = control


def _mark(path: Path) -> tuple[int, int]:
    """Return a mark that changes when the file is rewritten: each write makes a new inode."""
    try:
        facts = path.stat()
    except OSError:
        return 0, 0
    return facts.st_ino, facts.st_mtime_ns
