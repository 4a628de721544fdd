"""Follows what a server must notice while it runs: changes of the model folders and of the configuration file."""

from __future__ import annotations

import copy
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kit.serving.errors import ServerError, ServingError
from kit.serving.settings import Settings

_LOG = logging.getLogger(__name__)


class Follower:
    """Threads that each call a function every few seconds, until all are stopped together."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def follow(self, look: Callable[[], None], seconds: float) -> None:
        """Call `look` every `seconds` from now on; never when that is 0 or less."""
        if seconds <= 0:
            return

        def repeat() -> None:
            while not self.wait(seconds):
                try:
                    look()
                except Exception:  # noqa: BLE001  perhaps it passes; a server that no longer looks is worse
                    _LOG.exception("Looking for changes failed; it goes on.")

        thread = threading.Thread(target=repeat, name="serving-follower", daemon=True)
        self._threads.append(thread)
        thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait that long, or until `stop`; return whether it was stopped."""
        return self._stopping.wait(seconds)

    def stop(self) -> None:
        """End the threads, each after its current call."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()


class ConfigFile:
    """The models' configuration file, reloaded when its text changes."""

    def __init__(self, settings: Settings, reload: Callable[..., None]) -> None:
        """Remember what the file says now.

        Raises:
            ServerError: when it cannot be read.
        """
        self._settings, self._reload = settings, reload
        self._looking = threading.Lock()
        self._text, self._taken = self._read(), settings.models()
        self._refused: str | None = None

    def _read(self) -> str | None:
        path = self._settings.model_config_file
        try:
            return Path(path).read_text() if path else None
        except (OSError, UnicodeDecodeError):
            return None  # it may be back in a moment

    def look(self) -> None:
        """Reload when the text has changed; a file that cannot be taken changes nothing, and the log says why, once.

        It is tried again each time: what it lacks may come, such as the version that a label points to.
        """
        with self._looking:
            text = self._read()
            if text is None or text == self._text:
                return
            try:
                self._take(self._settings.models())
            except (ServingError, ServerError) as error:
                if text != self._refused:
                    _LOG.error("The changed %s is not taken: %s", self._settings.model_config_file, error)
                self._refused = text
            else:
                self._text = text

    def before(self, poll: Callable[[], None]) -> Callable[[], None]:
        """Return a look at the models' folders that looks at the file first, if changes of it count.

        Whoever takes a version away changes the file and then the folder. Seen the other way round, nothing would be
        left to serve for a moment.
        """

        def both() -> None:
            self.look()
            poll()

        return both if self._settings.model_config_file_poll_wait_seconds > 0 else poll

    def _take(self, config: Any) -> None:
        try:
            self._reload(config)
        except ServingError:
            between = _between(self._taken, config)
            if between is None:
                raise
            # What the labels point to may lie aside already, but is loaded still.
            self._reload(between, keeps_labelled=True)
            self._reload(config)
        self._taken = config


def _between(before: Any, after: Any) -> Any | None:
    """Return a configuration on the way to another: labels stay, and what they are to point to is loaded beside.

    A server refuses a label that moves to a version which is not loaded. None: no label moves.
    """
    found, moves = copy.deepcopy(before), False
    then = {one.name: one for one in after.model_config_list.config}
    for one in found.model_config_list.config:
        labels = dict(one.version_labels)
        if labels and one.name in then and labels != dict(then[one.name].version_labels):
            one.model_version_policy.CopyFrom(then[one.name].model_version_policy)
            if specific := one.model_version_policy.specific.versions:
                specific.extend(sorted(set(labels.values()).difference(specific)))
            moves = True
    return found if moves else None
