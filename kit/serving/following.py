"""Follows what a server must notice while it runs: changes of the model folders and of the configuration file."""

from __future__ import annotations

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

    def __init__(self, settings: Settings, reload: Callable[[Any], None]) -> None:
        self._settings, self._reload = settings, reload
        self._text = self._read()

    def _read(self) -> str | None:
        path = self._settings.model_config_file
        try:
            return Path(path).read_text() if path else None
        except (OSError, UnicodeDecodeError):
            # It may be back in a moment; at the start, `Settings.models` says what is wrong.
            return None

    def look(self) -> None:
        """Reload when the text has changed; an invalid file changes nothing, and the log says why."""
        text = self._read()
        if text is None or text == self._text:
            return
        self._text = text
        try:
            self._reload(self._settings.models())
        except (ServingError, ServerError) as error:
            _LOG.error("The changed %s is not taken: %s", self._settings.model_config_file, error)
