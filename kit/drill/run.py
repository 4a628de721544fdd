"""Run a drill: attack behind each protection with the same queries, and measure its price for honest users."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kit.data.records import first_records
from kit.drill.attack import Attack
from kit.drill.distill import distill
from kit.drill.endpoint import Endpoint, InProcess, RefusedError
from kit.drill.errors import DrillError
from kit.drill.honest import USER, Honest
from kit.drill.outcomes import DISTILLED, LIMIT, NONE, SERVER, Drill, Outcome, Point, recommend
from kit.drill.population import Population
from kit.drill.settings import DrillSettings
from kit.errors import StepOrderError
from kit.evaluation.metrics.scores import top_overlap
from kit.release.versions import served_version
from kit.serving.protect import Protection, protect
from kit.session import Session
from kit.texts import Say

_ATTACKER = "attacker"
_TRANSFER = 200  # requests, besides the training rows, for the smaller model to learn from
_SECRET_BYTES = 32
Values = NDArray[np.float64]


def drill(
    session: Session,
    settings: DrillSettings | None = None,
    *,
    server: Endpoint | None = None,
    say: Say = lambda _: None,
) -> Drill:
    """Attack the served version of a project's model behind each protection.

    Args:
        session: the session of the workspace that has pushed it.
        settings: the settings of the drill.
        server: a running server, with its own protections; attacked as well.
        say: is told what is being done.

    Raises:
        DrillError: when the task is multiclass, the model does not give one score per row, or the server does not
            answer the first request.
        StepOrderError: when nothing was pushed.
    """
    if session.project.spec.task == "multiclass":
        raise DrillError(
            "A drill extracts one score per row, but the task is multiclass. Drill a binary or a regression model."
        )
    base = session.workspace.serving(session.project.name)
    version = served_version(base)
    if version is None:
        raise StepOrderError(f"A drill needs a pushed model, but {base} has none. Run 05_release.")
    started = time.monotonic()
    with closing(InProcess.load(session.project.name, base / str(version))) as model:
        attacks = _Attacks(session, settings or DrillSettings(), model, say)
        outcomes = attacks.run(server)
    chosen = attacks.settings
    return Drill(
        outcomes=recommend(outcomes, chosen),
        version=version,
        quality_name=attacks.honest.quality_name,
        candidates=chosen.candidates,
        best=chosen.best,
        held_out=chosen.held_out,
        rows=len(attacks.honest.labels),
        rule=chosen.rule,
        seconds=time.monotonic() - started,
    )


class _Attacks:
    """All attacks of a drill, and what they share."""

    def __init__(self, session: Session, settings: DrillSettings, model: InProcess, say: Say) -> None:
        self.session, self.settings, self._model, self._say = session, settings, model, say
        # From the seed, so that a drill can be repeated; a server's secret is unknown.
        self._secret = settings.seed.to_bytes(_SECRET_BYTES, "big")
        self._seen, self._unseen = Population.of(session, "train"), Population.of(session, "eval")
        self._probabilities = session.project.spec.task == "binary"
        say("Making requests, and asking the model.")
        queries = self._seen.requests(settings.queries[-1], settings.candidates, settings.seed)
        judged = self._unseen.requests(settings.held_out, settings.candidates, settings.seed + 1)
        self._records, self._judged_records = self._seen.records(queries), self._unseen.records(judged)
        self._answers, self._truth = model.scores(self._records), model.scores(self._judged_records)
        self._attack = Attack(session.project, settings, queries, judged, self._truth, self._probabilities)
        examples = session.path("ExampleGen", "examples")
        self._honest_records = first_records(examples, "eval", len(self._unseen.rows))
        labels = model.transformed(self._honest_records, session.project.label_key)
        self.honest = Honest.of(session.project, self._unseen, labels)
        self._honest_scores = model.scores(self._honest_records)

    def run(self, server: Endpoint | None) -> list[Outcome]:
        """Attack everything, the plain model first.

        Raises:
            DrillError: when the server does not answer the first request.
        """
        # First: what is wrong with it is known within seconds.
        served = self._asked(server) if server is not None else None
        plain = Protection()
        tried = [plain, *self._that_apply()]
        answers = [self._shown(self._answers, one) for one in tried]
        names = [one.name for one in tried]
        small: InProcess | None = None
        with tempfile.TemporaryDirectory(prefix="kit-drill-") as folder, ExitStack() as loaded:
            if self.settings.distilled:
                self._say("Distilling a smaller model.")
                made = distill(
                    self.session, self._model, self._transfer(), Path(folder) / "1", self.settings.seed
                )
                small = InProcess.load(self.session.project.name, made.folder)
                loaded.callback(small.close)
                answers.append(small.scores(self._records))
                names.append(DISTILLED)
            points = self._curves(np.stack(answers, axis=1), names)
            outcomes = [self._priced(one, points[one.name]) for one in tried]
            outcomes.append(self._limited(points[NONE]))
            if small is not None:
                outcomes.append(self._distilled(small, points[DISTILLED]))
        if served is not None:
            outcomes.append(self._of_server(served))
        return [self._compared(one, outcomes[0]) for one in outcomes]

    def _transfer(self) -> list[bytes]:
        """Return what the smaller model learns from: requests like those of users, and others with many candidates."""
        settings = self.settings
        asked = self._seen.requests(_TRANSFER, settings.candidates, settings.seed + 2)
        return self._seen.records(pd.concat([self._seen.rows, asked], ignore_index=True))

    def _that_apply(self) -> list[Protection]:
        """Return the protections to try; the top of a list needs lists."""
        lists = self.honest.lists is not None
        return [one for one in self.settings.protections if lists or one.top_k is None]

    def _shown(self, scores: Values, protection: Protection, subject: str = _ATTACKER) -> Values:
        lists = scores.reshape(-1, self.settings.candidates)
        shown = protect(lists, protection, subject, self._secret, probabilities=self._probabilities)
        return shown.reshape(-1)

    def _curves(self, answers: Values, names: Sequence[str]) -> dict[str, tuple[Point, ...]]:
        """Return the points of each set of answers [rows, sets], for the queries that were answered."""
        found: dict[str, list[Point]] = {name: [] for name in names}
        answered = len(answers) // self.settings.candidates
        budgets = [queries for queries in self.settings.queries if queries <= answered]
        if 0 < answered < self.settings.queries[-1] and answered not in budgets:
            budgets.append(answered)  # all that a server answered before it refused
        for queries in budgets:
            self._say(f"Training surrogates on {queries} queries.")
            for name, point in zip(names, self._attack.points(answers, queries), strict=True):
                found[name].append(point)
        return {name: tuple(points) for name, points in found.items()}

    def _priced(self, protection: Protection, points: tuple[Point, ...]) -> Outcome:
        shown = self.honest.shown(self._honest_scores, protection, self._secret)
        kept = top_overlap(
            self._shown(self._truth, protection, USER),
            self._truth,
            self.settings.candidates,
            self.settings.best,
        )
        return self._outcome(protection.name, points, shown, kept)

    def _distilled(self, small: InProcess, points: tuple[Point, ...]) -> Outcome:
        judged = small.scores(self._judged_records)
        kept = top_overlap(judged, self._truth, self.settings.candidates, self.settings.best)
        return self._outcome(DISTILLED, points, small.scores(self._honest_records), kept)

    def _limited(self, plain: tuple[Point, ...]) -> Outcome:
        """Return the effect of a limit of queries a day: the days of an attack, and the requests refused to users."""
        limit, days = self.settings.queries_a_day, self.settings.days
        allowed = limit * days
        points = [point for point in plain if point.queries <= allowed]
        if allowed < plain[-1].queries and (not points or points[-1].queries < allowed):
            self._say(f"Training surrogates on {allowed} queries.")
            points += self._attack.points(self._answers[:, None], allowed)
        made = self._outcome(f"{LIMIT} {limit} a day", tuple(points), self._honest_scores, 1.0)
        return replace(made, refused=self.honest.refused(limit), days=self.settings.queries[-1] / limit)

    def _asked(self, server: Endpoint) -> list[Values]:
        """Ask a server request by request, until it refuses or dies; return its answers."""
        self._say("Asking the running server.")
        size, answers = self.settings.candidates, list[Values]()
        for start in range(0, len(self._records), size):
            try:
                answers.append(server.scores(self._records[start : start + size]))
            except DrillError as error:
                if not (answers or isinstance(error, RefusedError)):
                    raise
                self._say(str(error))
                break
        return answers

    def _of_server(self, answers: Sequence[Values]) -> Outcome:
        points: tuple[Point, ...] = ()
        if answers:
            points = self._curves(np.concatenate(answers)[:, None], [SERVER])[SERVER]
        nothing = np.zeros_like(self._honest_scores)
        made = self._outcome(SERVER, points, nothing, float("nan"))
        return replace(made, quality=float("nan"), ndcg=None)

    def _outcome(self, name: str, points: tuple[Point, ...], shown: Values, kept: float) -> Outcome:
        return Outcome(
            name=name,
            points=points,
            quality=self.honest.quality(shown),
            quality_cost=0.0,
            ndcg=self.honest.ndcg(shown),
            ndcg_cost=None,
            top_kept=kept,
            refused=0.0,
            days=0.0,
        )

    def _compared(self, one: Outcome, plain: Outcome) -> Outcome:
        lost = None if one.ndcg is None or plain.ndcg is None else plain.ndcg - one.ndcg
        return replace(one, quality_cost=plain.quality - one.quality, ndcg_cost=lost)
