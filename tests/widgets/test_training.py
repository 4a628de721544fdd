"""A training as it is seen while it runs, and as it stays in a notebook."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from training_run_examples import PlayedDesk, hostile, many, progress, stopped, training, waiting
from view_checks import check_faces
from waiting import wait_until
from widget_examples import HOSTILE
from widget_pages import Page

from kit.training.progress import DONE, NOW, Progress, TrainingRun
from widgets.parts.language import VARIABLE
from widgets.parts.repeat import Repeat
from widgets.parts.training_runs import duration, sentence
from widgets.training import Training

RUNS: dict[str, Callable[[], Sequence[TrainingRun]]] = {
    "empty": waiting,
    "training": training,
    "stopped": stopped,
    "from the cache of an older kit": lambda: [TrainingRun(NOW, "done")],
    "first step": lambda: [TrainingRun(NOW, "training", Progress())],
    "many": many,
    "hostile": hostile,
}


@pytest.fixture(params=list(RUNS))
def face(request: pytest.FixtureRequest) -> Training:
    return Training(PlayedDesk(RUNS[request.param]()), compared="all")


def test_no_face_runs_or_fetches_anything(face: Training) -> None:
    check_faces(face)


def test_hostile_names_are_read_as_they_are() -> None:
    page = Page(Training(PlayedDesk(hostile()), compared="all").html_face())
    assert [text for text in HOSTILE if text not in page.text] == []


@pytest.mark.parametrize("name", ["empty", "training", "stopped"])
def test_the_faces_are_the_golden_ones(golden: Callable[[str, str], None], name: str) -> None:
    view = Training(PlayedDesk(RUNS[name]()), compared="#14" if name == "stopped" else "")
    golden(f"training_{name}.html", view.html_face().partition("</style>")[2])
    golden(f"training_{name}.txt", repr(view))
    golden(f"training_{name}_live.html", view.controls + view.content)


def test_earlier_trainings_are_compared_one_by_one_or_all() -> None:
    view = Training(PlayedDesk(stopped()))
    options = Page(view.controls).text_of("option")
    assert options == ["nothing", "#14", "#6", "all of them"]
    for compared, runs in (("", 1), ("#14", 2), ("#6", 2), ("all", 3), ("gone", 1)):
        view.compared = compared
        assert len(Page(view.content).text_of("tr")) == 1 + runs
    view.compared = "all"
    assert f"loss of {NOW}, training, {NOW}, validation, #14, training" in view.content


def test_the_choice_of_none_of_them_is_in_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "zh")
    options = Page(Training(PlayedDesk(stopped())).controls).text_of("option")
    assert options == ["无", "#14", "#6", "全部"]


def test_without_earlier_trainings_there_is_nothing_to_compare() -> None:
    assert Page(Training(PlayedDesk(waiting())).controls).text_of("option") == []


def test_a_stop_is_passed_on_and_told() -> None:
    desk = PlayedDesk(training())
    view = Training(desk)
    view.stopping = True
    assert desk.asked == ["stop"]
    assert "✓ It ends after this step." in Page(view.content).text


def test_a_stop_that_fails_says_why_and_can_be_pressed_again() -> None:
    desk = PlayedDesk(training(), problem="the disk is <full>")
    view = Training(desk)
    view.stopping = True
    assert "✗ the disk is <full>" in Page(view.content).text
    assert not view.stopping
    view.stopping = True
    assert desk.asked == ["stop", "stop"]


def test_of_no_block_it_does_not_wait_for_a_step() -> None:
    view = Training(PlayedDesk())
    assert repr(view).startswith("Training: follows no training; earlier ones can be compared")
    with view:
        assert repr(view).startswith("Training: waits for the first step")


def test_a_batch_keeps_the_training_as_it_ended(shown_faces: list[str]) -> None:
    desk = PlayedDesk()
    with Training(desk):
        desk.train(0)
    assert [text.splitlines()[0] for text in shown_faces] == [
        "Training: waits for the first step",
        f"Training: {sentence(stopped()[0])}",
    ]
    assert desk.asked == ["end"]


def test_a_step_that_fails_leaves_no_model(shown_faces: list[str]) -> None:
    desk = PlayedDesk(training())
    with pytest.raises(ZeroDivisionError), Training(desk) as view:
        raise ZeroDivisionError
    assert desk.asked == [], "nothing has ended well"
    assert shown_faces[-1].startswith("Training: Trainer has ended without a model")
    said = "✗ Trainer has ended without a model; run it again: it resumes after epoch 2"
    assert said in Page(view.content).text
    assert not view.under_way


def test_a_step_that_fails_in_its_first_epoch_begins_anew() -> None:
    with pytest.raises(ZeroDivisionError), Training(PlayedDesk(training(1))) as view:
        raise ZeroDivisionError
    assert "resumes" not in view.content


def test_a_training_with_nothing_left_to_train_says_so() -> None:
    [now, *_] = training(12)
    made = replace(progress("done", 12), step=1200, first_step=1200, seconds=0.0)
    assert sentence(replace(now, state="done", progress=made)).startswith("resumed; all 12 epochs were done;")


def test_outside_ipython_nothing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with Training(PlayedDesk()):
        pass
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 0 s"), (3599, "59 min 59 s"), (7260, "2 h 1 min")],
)
def test_durations_are_said_as_people_do(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_the_time_left_is_said_once_it_is_known() -> None:
    progress = Progress(epoch=1, epochs=4, step=0, steps=400)
    assert sentence(TrainingRun(NOW, "training", progress)) == "epoch 1 of 4, step 0 of 400"
    said = sentence(training(3)[0])
    assert said == "epoch 3 of 20, step 260 of 2,000, 66.67 steps per second, about 30 s left"


def test_a_stopped_training_says_what_is_kept() -> None:
    said = sentence(stopped()[0])
    assert said.startswith(
        "stopped at epoch 9 of 20, step 860 of 2,000; epoch 8 is kept, loss 0.4111 on the held-out rows"
    )


def test_the_best_epoch_is_told_by_the_metric_that_it_was_judged_by() -> None:
    ended = Progress(DONE, epochs=3, seconds=1.0, best_epoch=2, best=0.71)
    by_auc, by_own_loss = (replace(ended, best_by=metric) for metric in ("val_auc", "loss"))
    assert sentence(TrainingRun(NOW, DONE, by_auc)).endswith(
        "epoch 2 was the best, auc 0.71 on the held-out rows"
    )
    assert sentence(TrainingRun(NOW, DONE, by_own_loss)).endswith("loss 0.71 on the training rows")


def test_a_repeated_call_ends_when_it_says_so_and_when_it_is_told() -> None:
    calls: list[int] = []

    def work() -> bool:
        calls.append(1)
        return len(calls) < 3

    repeat = Repeat(work, 0.01)
    wait_until(lambda: len(calls) >= 3, 10)
    repeat.end()
    assert len(calls) == 3
    endless = Repeat(lambda: True, 0.01)
    endless.end()
    assert not endless._thread.is_alive()


def test_more_trainings_than_colours_differ_in_their_lines() -> None:
    points = {"loss": {"training": [(1.0, 2.0), (2.0, 1.0)], "validation": [(1.0, 2.5), (2.0, 1.5)]}}
    names = [NOW, *(f"#{number}" for number in range(1, 12))]
    view = Training(PlayedDesk([TrainingRun(name, "done", progress("done", 2), points) for name in names]))
    view.compared = "all"
    lines = re.findall(r"<polyline [^>]*>", view.content)
    looks = {
        (re.findall(r'class="(s\d)"', one)[0], *re.findall(r'dasharray="([^"]*)"', one)) for one in lines
    }
    assert len(looks) == len(lines) == 2 * len(names)
    keys = re.findall(r'class="key"><i class="([^"]*)"', view.content)
    assert len(set(keys)) == len(names)
    assert "from the seventh training on" in view.content
