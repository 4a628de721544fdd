"""Run a search: take trials from an oracle, run them in processes of their own, and report their scores to it.

It can be killed at any moment. Every finished trial has its record, named by all that it depends on; the next search
asks the oracle the same again, and gives it the recorded answers.
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from keras_tuner.engine import trial as keras_trial

from kit import warm
from kit.errors import StepFailedError, UsageError
from kit.machine import cores
from kit.texts import Say
from kit.tuning import parallel
from kit.tuning import trial as trial_process
from kit.tuning.oracle import quietly
from kit.tuning.plan import Plan
from kit.tuning.records import DONE, FAILED, RUNNING, Search, Trial
from kit.tuning.space import active, axes, logarithmic

TRIAL = "kit.tuning.trial:run_trial"  # what the process of a trial runs
_ATTEMPTS = 2
_GIVE_UP = 3  # failed trials before any succeeded
_POLL_SECONDS = 0.1
_SAVE_SECONDS = 1.0
_EPOCHS = "tuner/epochs"  # where Hyperband puts the epochs of a trial


class TuningFailedError(StepFailedError):
    """No trial succeeded."""


class TrialSearch:
    """One search, from the first trial to the last.

    When asked for trial n, the oracle knows exactly the trials up to n minus the number that run at a time, whichever
    are over: so the same seed and parallelism give the same trials, even with a learning oracle.

    Args:
        plan: what is searched.
        oracle: a new oracle of KerasTuner.
        train_files: patterns of the rows that trials see.
        say: is told how far it is, in a line.
    """

    def __init__(self, plan: Plan, oracle: Any, train_files: tuple[str, ...], say: Say) -> None:
        self._plan, self._oracle, self._files, self._say = plan, oracle, train_files, say
        objective, direction = plan.objective
        at_a_time = parallel.room_for_trials(plan.tuning.parallel)
        if plan.tuning.trials:
            at_a_time = min(at_a_time, plan.tuning.trials)
        self.state = Search(
            id=plan.id,
            objective=objective,
            direction=direction,
            algorithm=plan.tuning.algorithm,
            trials_at_most=plan.tuning.trials,
            minutes=plan.tuning.minutes,
            parallel=at_a_time,
            axes=axes(oracle.hyperparameters),
            logarithmic=logarithmic(oracle.hyperparameters),
        )
        self._trials: list[Trial] = []
        self._asked: list[Any] = []  # KerasTuner's own trials, in the same order
        self._untold: deque[int] = deque()  # indices of trials whose end the oracle does not know
        self._waits = False  # the oracle has to know about another trial before it goes on
        self._calls: dict[int, warm.WarmCall] = {}
        self._began_at: dict[int, float] = {}
        self._began = time.monotonic()
        self._saved = -math.inf

    def run(self) -> Search:
        """Search until the budget is spent or there is nothing left to try.

        Raises:
            UsageError: when a trial finds what the user must correct; TuningFailedError: when no trial succeeded.
        """
        try:
            with quietly():
                self._begin_trials()
                while self._calls:
                    self._save()
                    time.sleep(_POLL_SECONDS)
                    for place in list(self._calls):
                        self._look_at(place)
                    self._begin_trials()
                while self._untold:
                    self._tell_next()
        finally:
            for call in self._calls.values():
                call.kill()
            self._save(at_once=True)
        if self.state.best is None:
            raise self._failed()
        return self.state

    def _begin_trials(self) -> None:
        """Begin as many as there is room for."""
        while not self.state.ended:
            if why := self._why_spent():
                self._end(why)
                return
            if not self._inform_oracle():
                return
            place = len(self._asked)
            asked = self._oracle.create_trial(f"trial {place}")
            if asked.status == keras_trial.TrialStatus.STOPPED or not (self._untold or _is_new(asked)):
                self._end("there is nothing left to try")
                return
            if not _is_new(asked):  # Hyperband first compares trials that run
                self._waits = True
                continue
            self._asked.append(asked)
            self._untold.append(place)
            self._trials.append(self._trial(place))
            if not self._trials[place].is_over:
                self._start(place)

    def _inform_oracle(self) -> bool:
        """Tell the oracle of the oldest trial, and no more, where it has to know that; return whether it does."""
        if len(self._untold) < self.state.parallel and not self._waits:
            return True
        if not self._trials[self._untold[0]].is_over:
            return False
        self._tell_next()
        self._waits = False
        return True

    def _why_spent(self) -> str:
        """Return why no trial may begin any more; empty: one may."""
        if self.state.trials_at_most and len(self._asked) >= self.state.trials_at_most:
            return "all trials have begun"
        if self.state.minutes and time.monotonic() - self._began > self.state.minutes * 60:
            return "the time is over"
        return ""

    def _end(self, why: str) -> None:
        self.state = replace(self.state, ended=why)

    def _trial(self, place: int) -> Trial:
        epochs = self._asked[place].hyperparameters.values.get(_EPOCHS, self._plan.epochs)
        return self._plan.trial(place + 1, active(self._asked[place].hyperparameters), int(epochs))

    def _start(self, place: int) -> None:
        one = self._trials[place]
        Path(one.folder).mkdir(parents=True, exist_ok=True)
        one.save()
        payload = trial_process.describe(
            self._plan.job(one, self._files),
            name=Path(one.folder).name,  # the same in every search that finds it
            values=one.values,
            objective=self.state.objective,
            direction=self.state.direction,  # type: ignore[arg-type]
            threads=max(1, cores() // self.state.parallel),
        )
        self._calls[place] = warm.start_call(TRIAL, payload, log_path=one.log)
        self._began_at[place] = time.monotonic()

    def _look_at(self, place: int) -> None:
        """Note how a trial has ended, if it has; a crashed one is started once more."""
        outcome = self._calls[place].wait(0)
        if outcome is None:
            return
        del self._calls[place]
        one = self._trials[place]
        seconds = one.seconds + time.monotonic() - self._began_at[place]
        one = replace(one, attempts=one.attempts + 1, seconds=round(seconds, 2))
        if isinstance(outcome, warm.CallReturned):
            value, epoch = json.loads(outcome.result)
            one = self._judged(one, value, epoch)
        else:
            if isinstance(error := outcome.kit_error(), UsageError):
                raise error
            one = self._crashed(one, outcome)
        self._trials[place] = one
        one.save()
        if one.state == RUNNING:
            self._start(place)

    def _judged(self, one: Trial, value: float, epoch: int) -> Trial:
        shutil.rmtree(one.checkpoint, ignore_errors=True)
        if math.isfinite(value):
            return replace(one, state=DONE, objective=value, epoch=epoch)
        return replace(one, state=FAILED, message=f"{self.state.objective} became no finite number")

    def _crashed(self, one: Trial, outcome: warm.CallRaised | warm.CallDied) -> Trial:
        if isinstance(outcome, warm.CallRaised):
            with one.log.open("a") as log:
                log.write(outcome.traceback_text)
        over = one.attempts >= _ATTEMPTS
        then = "" if over else "; it is tried once more"
        self._say(f"{one.name} failed{then}: {outcome.message}")
        return replace(one, message=outcome.message, state=FAILED if over else RUNNING)

    def _tell_next(self) -> None:
        """Tell the oracle how the oldest trial that it does not know about ended."""
        place = self._untold.popleft()
        one, asked = self._trials[place], self._asked[place]
        if one.objective is None:
            asked.status, asked.message = keras_trial.TrialStatus.FAILED, one.message
        else:
            self._oracle.update_trial(asked.trial_id, {self.state.objective: one.objective})
            asked.status = keras_trial.TrialStatus.COMPLETED
        self._oracle.end_trial(asked)
        if place + 1 == _GIVE_UP and all(trial.state == FAILED for trial in self._trials[:_GIVE_UP]):
            raise self._failed()

    def _failed(self) -> TuningFailedError:
        failed = [trial for trial in self._trials if trial.state == FAILED]
        if not failed:
            return TuningFailedError(
                f"A search needs one trial that is done, but none began in {self.state.minutes:g} minutes. "
                "Give it more time."
            )
        last = failed[-1]
        return TuningFailedError(
            f"A search needs one trial that is done, but all {len(failed)} failed, {last.name} with: "
            f"{last.message}\nIts log is {last.log}. Correct the cause; values are {dict(last.values)}."
        )

    def _save(self, *, at_once: bool = False) -> None:
        now = time.monotonic()
        over = sum(trial.is_over for trial in self._trials)
        changed = over != sum(trial.is_over for trial in self.state.trials)
        if not (at_once or changed or now - self._saved > _SAVE_SECONDS):
            return
        self._saved = now
        self.state = replace(self.state, trials=tuple(self._trials), seconds=round(now - self._began, 2))
        self.state.save(self._plan.folder)
        best = self.state.best
        of = f" of {self.state.trials_at_most}" if self.state.trials_at_most else ""
        gained = f", best {self.state.objective} {best.objective:.4f} ({best.name})" if best else ""
        self._say(f"{over}{of} trials over{gained}")


def _is_new(asked: Any) -> bool:
    return bool(asked.status == keras_trial.TrialStatus.RUNNING)
