"""What a session tells of a step as it runs, to whatever shows it."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from kit.session import Session
from kit.steps.monitor import StepNow, Update

from .workers import Other, Worker


class Watcher:
    """Keeps all that it is told."""

    def __init__(self) -> None:
        self.told: list[StepNow] = []

    def __call__(self, first: StepNow) -> Update:
        self.told.append(first)
        return self.told.append

    @property
    def states(self) -> list[str]:
        """The states in order, each once in a row."""
        return [state for state, _ in groupby(now.state for now in self.told)]


@pytest.fixture
def watcher(session: Session) -> Watcher:
    session._show = watcher = Watcher()
    return watcher


def test_a_step_is_told_from_beginning_to_end(session: Session, watcher: Watcher, shown: list[str]) -> None:
    session.run(Worker("linger"))
    assert watcher.states == ["begun", "running", "done"]
    assert "half way" in {now.said for now in watcher.told}
    seconds = [now.seconds for now in watcher.told]
    assert seconds == sorted(seconds)
    assert seconds[-1] > 1
    assert not shown, "the line of text is only for those who show nothing else"


def test_the_end_has_the_artifacts_with_their_folders(session: Session, watcher: Watcher) -> None:
    session.run(Worker())
    [made] = watcher.told[-1].made
    assert (made.name, made.type) == ("made", "Model")
    assert (Path(made.folder) / "text").exists()
    session.run(Worker())
    assert watcher.told[-1].state == "cached"
    assert watcher.told[-1].made == (made,)


def test_what_differs_is_why_the_cache_was_not_used(session: Session, watcher: Watcher) -> None:
    reasons = []
    for text in ("one", '{"rate": 1, "seed": 7}', '{"rate": 2, "seed": 7}', '{"rate": 2, "seed": 7}'):
        session.run(Worker(text=text))
        reasons.append(watcher.told[-1].differences)
    assert reasons == [
        ("Worker has not run to its end here before",),
        ("text: one → not set", "text.rate: not set → 1", "text.seed: not set → 7"),
        ("text.rate: 1 → 2",),
        (),
    ]
    session.run(Worker(text="x" * 100))
    assert watcher.told[-1].differences[-1] == f"text: not set → {'x' * 59}…"


def test_a_cache_that_was_left_out_is_the_reason(session: Session, watcher: Watcher) -> None:
    session.run(Worker())
    session.run(Worker(), enable_cache=False)
    assert watcher.told[-1].differences == ("this run was told to do without it",)


def test_what_is_gone_is_made_again_and_said(session: Session, watcher: Watcher) -> None:
    session.run(Worker())
    made = session.path("Worker", "made")
    (made / "text").unlink()
    made.rmdir()
    session.run(Worker())
    assert watcher.told[-1].state == "done"
    assert watcher.told[-1].differences == (
        "nothing differs, but the last result is gone or no longer valid",
    )


def test_a_failed_run_is_not_what_the_next_one_is_compared_with(session: Session, watcher: Watcher) -> None:
    session.run(Worker(text="one"))
    with pytest.raises(Exception, match="two"):
        session.run(Worker("crash", "two"))
    session.run(Worker(text="three"))
    ends = [(now.state, now.differences) for now in watcher.told if now.last_lines or now.made]
    assert ends[1:] == [
        ("failed", ("act: write → crash", "text: one → two")),
        ("done", ("text: one → three",)),
    ]


def test_only_what_this_run_wrote_is_the_end_of_the_log(session: Session, watcher: Watcher) -> None:
    with pytest.raises(Exception, match="first"):
        session.run(Worker("crash", "first"))
    with pytest.raises(Exception, match="second"):
        session.run(Worker("crash", "second"))
    lines = watcher.told[-1].last_lines
    assert 0 < len(lines) <= 20
    assert any("second" in line for line in lines)
    assert not any("first" in line for line in lines)
    assert Path(watcher.told[-1].log).read_text().count("raise ZeroDivisionError") == 2


def test_the_chain_is_told_with_the_step_in_it(session: Session, watcher: Watcher) -> None:
    session.run(Worker())
    chain = watcher.told[-1].chain
    assert list(chain)[:2] == ["ExampleGen", "StatisticsGen"]
    assert set(chain.values()) == {"to do"}
    assert "Worker" not in chain, "it is not part of it"


def test_a_step_that_ended_shows_how_the_one_beside_it_ended(
    session: Session, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kit.session.CHAIN", {"Other": "a_notebook"})
    session.run_together(Worker(), Other("linger"))
    last = [now for now in watcher.told if now.step == "Worker"][-1]
    assert (last.state, last.chain) == ("done", {"Other": "done"})
