"""Trainings side by side: state in a sentence, figures in a table, curves in charts."""

from __future__ import annotations

from collections.abc import Sequence

from widgets.parts import charts, curves
from widgets.parts.formats import MISSING, count, number
from widgets.parts.language import marked, say, say_known
from widgets.parts.markup import Markup, tag
from widgets.parts.tables import listing
from widgets.values.training import Points, Progress, TrainingRun

_MINUTE, _HOUR = 60, 3600
_HELD_OUT = "validation"
_OF_HELD_OUT = "val_"  # how Keras begins the name of a metric of held-out rows
_COLUMNS = (
    marked("Training"),
    marked("Epochs"),
    marked("Steps"),
    marked("Best epoch"),
    marked("Its value"),
    marked("Steps per second"),
    marked("Time"),
)


def sentence(run: TrainingRun) -> str:
    """How far a training is, or how it ended."""
    progress = run.progress
    if progress is None:
        return say("done") if run.state == "done" else say("waits for the first step")
    if run.state == "training":
        return f"{_place(progress)}{_pace(progress)}"
    if run.state == "stopping":
        return say("ends after this step, and keeps the best epoch; {place}", place=_place(progress))
    if run.state == "stopped":
        return say("stopped at {place}; {best}", place=_place(progress), best=_best(progress, say("is kept")))
    if 0 < progress.step == progress.first_step:  # an earlier process was cut off while it saved the model
        return say(
            "resumed; all {epochs} were done; {best}",
            epochs=count(progress.epoch, "epoch"),
            best=_best(progress, say("was the best")),
        )
    return say(
        "{epochs} in {time}; {best}",
        epochs=count(progress.epochs, "epoch"),
        time=duration(progress.seconds),
        best=_best(progress, say("was the best")),
    )


def duration(seconds: float) -> str:
    """A time as people say it, in at most two units."""
    whole = round(seconds)
    if whole < _MINUTE:
        return say("{seconds} s", seconds=whole)
    if whole < _HOUR:
        return say("{minutes} min {seconds} s", minutes=whole // _MINUTE, seconds=whole % _MINUTE)
    return say("{hours} h {minutes} min", hours=whole // _HOUR, minutes=whole % _HOUR // _MINUTE)


def table(runs: Sequence[TrainingRun]) -> Markup:
    """One row per training, in the colour of its curves."""
    rows = [_row(place, run) for place, run in enumerate(runs)]
    return listing(map(say, _COLUMNS), rows, say("Trainings"), class_="runs")


def metrics(runs: Sequence[TrainingRun]) -> int:
    """The number of possible charts."""
    return len(_named(runs))


def pictures(runs: Sequence[TrainingRun], most: int) -> list[Markup]:
    """One chart per metric over epochs, then one per figure over steps; held-out rows are a solid line."""
    return [_picture(name, axis, runs) for name, axis in _named(runs)[:most]]


def _named(runs: Sequence[TrainingRun]) -> list[tuple[str, str]]:
    over_epochs = dict.fromkeys((name, "epoch") for run in runs for name in run.by_epoch)
    over_steps = dict.fromkeys((name, "step") for run in runs for name in run.by_step)
    return [*over_epochs, *over_steps]


def _picture(name: str, axis: str, runs: Sequence[TrainingRun]) -> Markup:
    """For a figure of training rows only, those are the solid line."""
    lines: dict[str, Points] = {}
    looks: dict[str, int] = {}
    for place, run in enumerate(runs):
        parts = (run.by_epoch if axis == "epoch" else run.by_step).get(name, {})
        for part, points in parts.items():
            line = f"{say_known(run.name)}, {say_known(part)}"
            lines[line] = points
            look = _look(place)
            looks[line] = look + charts.COLOURS if part != _HELD_OUT and len(parts) > 1 else look
    return curves.figure(say_known(name), lines, looks, say(axis))


def _look(place: int) -> int:
    """The look of a training's solid line: from the seventh on it is of dots, as dashes are for training rows."""
    return place + place // charts.COLOURS * charts.COLOURS


def _row(place: int, run: TrainingRun) -> Markup:
    progress = run.progress
    look = _look(place)
    stroke = curves.stroke(look) if look >= charts.COLOURS else ""  # a colour that another training has, too
    head = tag("th", charts.key(look, say_known(run.name), stroke), _settings(run), scope="row")
    if progress is None:
        return tag("tr", head, [tag("td", MISSING, class_="number") for _ in _COLUMNS[1:]])
    cells = (
        say("{part} of {total}", part=number(progress.epoch), total=number(progress.epochs)),
        number(progress.step),
        number(progress.best_epoch) if progress.best_epoch else MISSING,
        _value(progress) if progress.best_epoch else MISSING,
        number(progress.steps_per_second),
        duration(progress.seconds),
    )
    return tag("tr", head, [tag("td", cell, class_="number") for cell in cells])


def _settings(run: TrainingRun) -> Markup | None:
    if run.progress is None or not run.progress.settings:
        return None
    said = (
        f"{name} {value if isinstance(value, str) else number(value)}"
        for name, value in run.progress.settings.items()
    )
    return tag("small", ", ".join(said))


def _place(progress: Progress) -> str:
    of = say(" of {total}", total=number(progress.steps)) if progress.steps else ""
    return say(
        "epoch {epoch} of {epochs}, step {step}{of}",
        epoch=number(progress.epoch),
        epochs=number(progress.epochs),
        step=number(progress.step),
        of=of,
    )


def _pace(progress: Progress) -> str:
    pace = (
        say(", {number} steps per second", number=number(progress.steps_per_second))
        if progress.steps_per_second
        else ""
    )
    left = progress.seconds_left
    return pace if left is None else say("{pace}, about {left} left", pace=pace, left=duration(left))


def _best(progress: Progress, what: str) -> str:
    if not progress.best_epoch:
        return say("no epoch was better than another")
    told = {"best_epoch": number(progress.best_epoch), "what": what, "value": _value(progress)}
    if progress.best_by.startswith(_OF_HELD_OUT):
        return say("epoch {best_epoch} {what}, {value} on the held-out rows", **told)
    return say("epoch {best_epoch} {what}, {value} on the training rows", **told)


def _value(progress: Progress) -> str:
    """The best value of the metric that epochs are judged by, with its name: `loss 0.41`."""
    return f"{progress.best_by.removeprefix(_OF_HELD_OUT)} {number(progress.best)}"
