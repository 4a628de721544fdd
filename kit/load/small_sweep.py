"""A small load sweep for notebooks: a first look at what batching does for the pushed model on this machine."""

from __future__ import annotations

from kit.load.recorded import recorded_requests
from kit.load.sweep import SMALL, Sweep, Target, last_sweep, load_folder
from kit.load.tune_batching import WITHOUT, Trials, proposed, tune
from kit.release.versions import require_served
from kit.serving.assets import WARMUP_FILE
from kit.session import Session
from kit.texts import Say

_SHARES, _SECONDS, _LEAST_REQUESTS = (0.5, 1.0), 1.0, 20  # enough for a first look
_SETTINGS = (WITHOUT, "32 rows, no wait, 1 thread")


def small_sweep(session: Session, rate: float, p99_ms: float, say: Say = lambda _: None) -> Sweep | None:
    """Ask servers with and without batching at half of a rate and at the whole, a second each; low rates for longer.

    They are asked the package's request of `serving_default`, again and again. Earlier measurements of the same model
    are taken from the workspace.

    Args:
        session: the session of a project whose model was pushed.
        rate: the wanted requests per second; 0 measures nothing, and gives what was measured before, or None.
        p99_ms: the milliseconds within which 99 of 100 are to be answered.
        say: is told each point in a line.

    Raises:
        UsageError: when the rate is below 0, or the milliseconds are not above 0.
        StepOrderError: when no model of the project was pushed.
    """
    place, name = session.workspace.path, session.project.name
    if rate == 0:
        return last_sweep(place, name)
    base = session.workspace.serving(name)
    version = base / str(require_served(base))
    trials = Trials(
        name=name,
        version=version,
        requests=recorded_requests(version / WARMUP_FILE, name),
        target=Target(rate, p99_ms),
        settings={setting: proposed()[setting] for setting in _SETTINGS},
        folder=load_folder(place, name) / SMALL,
        seconds=_SECONDS,
        least_requests=_LEAST_REQUESTS,
        shares=_SHARES,
    )
    *_, whole = tune(trials, say)
    return whole
