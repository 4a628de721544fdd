"""The manager: keeps the versions loaded that the model folders and their policies ask for.

A new version is loaded and warmed up before an old one is unloaded, and an old one is unloaded only when its last
request is answered. A version that cannot be loaded is reported and takes no traffic; the one before keeps serving.

Source of the rules and texts: tensorflow_serving/core/availability_preserving_policy.h and
tensorflow_serving/model_servers/server_core.cc.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from kit.serving.errors import ServingError
from kit.serving.following import ConfigFile, Follower
from kit.serving.harness import Harness, State, VersionStatus, check_available, fingerprint
from kit.serving.model_config import check_config, new_labels
from kit.serving.policies import Folders
from kit.serving.servable import Servable
from kit.serving.settings import Settings
from kit.serving.turns import note_request, requests_first

Loader = Callable[[str, int, Path], Servable]
_LOG = logging.getLogger(__name__)


class Manager:
    """All models of a server."""

    def __init__(
        self,
        settings: Settings,
        load: Loader,
        configure: Callable[[Mapping[str, Any]], None] = lambda _: None,
    ) -> None:
        """Set up the manager; nothing is loaded before `start`.

        Args:
            settings: the server's settings.
            load: returns a version that is ready to serve, or raises a ServingError.
            configure: called with the ModelConfigs by name before they count; may refuse them with a ServingError.
        """
        self._settings, self._load_servable, self._configure = settings, load, configure
        self._keeps_labelled = False
        self._models: dict[str, Any] = {}  # ModelConfig by name
        self._labels: dict[str, dict[str, int]] = {}
        self._harnesses: dict[str, dict[int, Harness]] = {}
        self._lock = threading.RLock()  # guards the tables; held for moments only: every request takes it
        self._tables = threading.Condition(self._lock)
        self._work = threading.RLock()  # held while something is loaded
        self._folders, self._follower = Folders(), Follower()

    def start(self) -> None:
        """Load what the configuration asks for, then follow the folders and the configuration file.

        Raises:
            ServingError: when a model has versions and none of them can be served, or its labels cannot be set.
            ServerError: when the configuration cannot be read.
        """
        config_file = ConfigFile(self._settings, self.reload)
        self.reload(self._settings.models())
        missing = [name for name in self._models if not self._serves_any(name)]
        if missing and self._settings.fail_if_no_model_versions_found:
            base = self._models[missing[0]].base_path
            raise ServingError(
                grpc.StatusCode.NOT_FOUND,
                f"Unable to find a numerical version path for servable {missing[0]} at: {base}",
            )
        self._follower.follow(config_file.before(self.poll), self._settings.file_system_poll_wait_seconds)
        self._follower.follow(config_file.look, self._settings.model_config_file_poll_wait_seconds)

    def stop(self) -> None:
        """Unload everything; running requests have `drain_seconds` to finish."""
        self._follower.stop()
        with self._work, self._tables:  # a version that is just being loaded is then among them
            deadline = time.monotonic() + self._settings.drain_seconds
            harnesses = [harness for table in self._harnesses.values() for harness in table.values()]
            loaded = [harness for harness in harnesses if harness.state == State.AVAILABLE]
            for harness in loaded:
                harness.state = State.UNLOADING
            self._tables.wait_for(
                lambda: not any(harness.uses for harness in harnesses), max(0, deadline - time.monotonic())
            )
        for harness in loaded:
            self._close(harness)

    @contextmanager
    def get(self, name: str, version: int | None = None, label: str | None = None) -> Iterator[Servable]:
        """Yield a version that stays loaded until the end of the `with` block.

        Args:
            name: the model's name.
            version: the version's number; None is the latest loaded one.
            label: used when there is no version.

        Raises:
            ServingError: NOT_FOUND when it is not loaded, INVALID_ARGUMENT for an unknown label.
        """
        harness = self.hold(name, version, label)
        try:
            yield harness.servable
        finally:
            self.release(harness)

    def hold(self, name: str, version: int | None, label: str | None) -> Harness:
        """Return a version that stays loaded until it is released; see `get`."""
        note_request()
        with self._lock:  # through the condition, Python code would take it, which costs as much as the rest
            harness = self._find(name, version, label)
            harness.uses += 1
        return harness

    def release(self, harness: Harness) -> None:
        """Release a version that was held; any thread may do that."""
        with self._lock:
            harness.uses -= 1
            if not harness.uses and harness.state != State.AVAILABLE:
                self._tables.notify_all()  # `stop` or an unloading thread may wait for it

    def _find(self, name: str, version: int | None, label: str | None) -> Harness:
        if not name:
            raise ServingError(grpc.StatusCode.INVALID_ARGUMENT, "ModelSpec has no name specified.")
        if version is None and label:
            version = self._version_of(name, label)
        table = self._harnesses.get(name, {})
        if version is None:
            loaded = [number for number, harness in table.items() if harness.state == State.AVAILABLE]
            if loaded:
                return table[max(loaded)]
        elif version in table and table[version].state == State.AVAILABLE:
            return table[version]
        wanted = f"Latest({name})" if version is None else f"Specific({name}, {version})"
        raise ServingError(grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {wanted}")

    def _version_of(self, name: str, label: str) -> int:
        try:
            return self._labels[name][label]
        except KeyError:
            raise ServingError(
                grpc.StatusCode.INVALID_ARGUMENT, f"Unrecognized servable version label: {label}"
            ) from None

    @property
    def models(self) -> list[str]:
        """The names of all models that are configured."""
        return list(self._models)

    def labels(self, name: str) -> dict[str, int]:
        """Return the versions of a model's labels."""
        return dict(self._labels.get(name, {}))

    def ready(self) -> bool:
        """Return whether every model has a version that takes traffic."""
        return bool(self._models) and all(self._serves_any(name) for name in self._models)

    def status(self, name: str, version: int | None = None, label: str | None = None) -> list[VersionStatus]:
        """Return the status of a model's versions, the latest first.

        Raises:
            ServingError: NOT_FOUND when there is no such model or version, INVALID_ARGUMENT for an unknown label.
        """
        with self._tables:
            if version is None and label:
                version = self._version_of(name, label)
            table = self._harnesses.get(name, {})
            if version is not None:
                if version not in table:
                    raise ServingError(
                        grpc.StatusCode.NOT_FOUND, f"Could not find version {version} of model {name}"
                    )
                table = {version: table[version]}
            elif not table:
                raise ServingError(grpc.StatusCode.NOT_FOUND, f"Could not find any versions of model {name}")
            return [table[number].status for number in sorted(table, reverse=True)]

    def reload(self, config: Any, *, keeps_labelled: bool = False) -> None:
        """Serve what a ModelServerConfig describes from now on; an empty one changes nothing.

        Args:
            config: the ModelServerConfig.
            keeps_labelled: whether versions with a label stay until the next configuration, whatever their folders say.

        Raises:
            ServingError: when it is not valid, a label points to a version that is not loaded, an interceptor refuses
                it, or a newly added model has no version that can be served. Only the last changes something.
        """
        with self._work:
            models = check_config(config, self._models)
            if models is None:
                return
            labels = new_labels(models, self._labels, self._is_loaded, self._settings)
            self._configure(models)
            new = set(models) - set(self._models)
            with self._tables:
                self._models, self._labels, self._keeps_labelled = models, labels, keeps_labelled
            self.poll()
            self._check_new(new)

    def _check_new(self, new: set[str]) -> None:
        if any(self._harnesses.get(name) for name in new):
            broken = {name: self.status(name) for name in sorted(new) if not self._serves_any(name)}
            check_available(broken)

    def poll(self) -> None:
        """Look once at the folders of all models and act on what is there; return when that is done."""
        with self._work:
            for name in set(self._harnesses) - set(self._models):
                self._unload_others(name, {})
            for name, config in self._models.items():
                wanted = self._folders.aspired(config)
                if wanted is None:  # perhaps it passes: what is loaded goes on serving
                    continue
                if wanted or not self._settings.servable_versions_always_present:
                    self._reconcile(name, wanted)

    def _reconcile(self, name: str, wanted: dict[int, Path]) -> None:
        if not wanted and name not in self._harnesses:
            _LOG.warning("No version of %s is in %s.", name, self._models[name].base_path)
        self._harnesses.setdefault(name, {})
        for version in sorted(wanted, reverse=True):
            if self._worth_loading(name, version, wanted[version]):
                self._load(name, version, wanted[version])
        if not wanted or any(self._is_loaded(name, version) for version in wanted):
            self._unload_others(name, wanted)

    def _worth_loading(self, name: str, version: int, folder: Path) -> bool:
        """Return whether to load a version now; one that is still unloading is marked to be loaded again afterwards."""
        with self._tables:
            harness = self._harnesses[name].get(version)
            if harness is not None:
                harness.wanted_back = harness.state == State.UNLOADING
        return harness is None or harness.may_load_again(folder)

    def _load(self, name: str, version: int, folder: Path) -> None:
        harness = Harness(name, version, folder, State.LOADING)
        with self._tables:
            self._harnesses[name][version] = harness
        for attempt in range(self._settings.max_num_load_retries + 1):
            if attempt and self._follower.wait(self._settings.load_retry_interval_micros / 1e6):
                break
            try:
                harness.failed_as = fingerprint(folder)
                harness.servable = self._load_servable(name, version, folder)
            except ServingError as error:
                harness.error = error
                _LOG.error("Version %s of %s cannot be served: %s", version, name, error)
                continue
            with self._tables:
                harness.error, harness.state = None, State.AVAILABLE
            _LOG.info("Version %s of %s is loaded from %s.", version, name, folder)
            return
        harness.state = State.END

    def _unload_others(self, name: str, wanted: dict[int, Path]) -> None:
        with self._tables:
            table = self._harnesses[name]
            stays = {*wanted, *(self._labels.get(name, {}).values() if self._keeps_labelled else ())}
            going = [h for v, h in table.items() if v not in stays and h.state == State.AVAILABLE]
            gone = [v for v, h in table.items() if v not in wanted and h.error]
            for harness in going:
                harness.state = State.UNLOADING
            for version in gone:  # a broken version that was removed need not be reported any more
                del table[version]
        for harness in going:
            threading.Thread(target=self._close_when_idle, args=(harness,), daemon=True).start()

    def _close_when_idle(self, harness: Harness) -> None:
        with self._tables:
            self._tables.wait_for(lambda: not harness.uses)
        with requests_first():
            self._close(harness)
        if harness.wanted_back:
            with self._work:
                if not self._follower.wait(0):  # the manager is not being stopped
                    self.poll()  # otherwise nobody would load it again where folders are polled only once

    def _close(self, harness: Harness) -> None:
        harness.servable.close()
        del harness.servable  # the last reference: frees its memory
        with self._tables:
            harness.state = State.END
        _LOG.info("Version %s of %s is unloaded.", harness.version, harness.name)

    def _serves_any(self, name: str) -> bool:
        with self._tables:
            return any(h.state == State.AVAILABLE for h in self._harnesses.get(name, {}).values())

    def _is_loaded(self, name: str, version: int) -> bool:
        with self._tables:
            harness = self._harnesses.get(name, {}).get(version)
            return harness is not None and harness.state == State.AVAILABLE
