"""Beam's options, read by Beam itself before a step runs: it leaves out one that it does not know, and only logs that.

Importing Beam takes seconds, so this is for those who are about to use it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from contextlib import redirect_stderr

from apache_beam.options.pipeline_options import PipelineOptions

from kit.errors import ProjectError
from kit.texts import did_you_mean


def command_line(options: Mapping[str, object], *, names: bool) -> list[str]:
    """Return options as Beam's command line has them.

    Args:
        options: the values by their names; a tuple gives an option several times.
        names: whether an unknown name is refused; the job servers of Flink and Spark know more of them than Beam.

    Raises:
        ProjectError: when Beam does not know an option, does not take its value, or cannot be told that it is false.
    """
    known = PipelineOptions([]).get_all_options()
    words = [word for name, value in options.items() for word in _words(name, value, known)]
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            found = PipelineOptions(words).get_all_options(retain_unknown_options=True)
    except SystemExit:  # as argparse ends a command
        *_, reason = said.getvalue().strip().splitlines() or [""]
        raise ProjectError(
            f"project.yml: the options of beam must be as Beam takes them, but: {reason.rpartition('error: ')[2]}. "
            "Correct the value."
        ) from None
    for name in found.keys() - known.keys() if names else ():
        raise ProjectError(
            f"project.yml: the options of beam must be Beam's own, but it has none called {name}."
            f"{did_you_mean(name, known)} Correct it, or leave it out."
        )
    return words


def _words(name: str, value: object, known: Mapping[str, object]) -> list[str]:
    if isinstance(value, tuple):
        return [word for one in value for word in _words(name, one, known)]
    if value is True:  # Beam's boolean flags take no value
        return [f"--{name}"]
    return _turned_off(name, known) if value is False else [f"--{name}={value}"]


def _turned_off(name: str, known: Mapping[str, object]) -> list[str]:
    """Return what tells Beam that an option is false: nothing where it is false already, as most are."""
    if known.get(name) is False:
        return []
    word = f"--no_{name}"
    if PipelineOptions([word]).get_all_options(retain_unknown_options=True).get(name) is False:
        return [word]
    near = "" if name in known else did_you_mean(name, known)
    raise ProjectError(
        f"project.yml: {name}, one of the options of beam, must be one that can be turned off, but Beam has no {word}."
        f"{near} Leave it out, or take the option that Beam has for it."
    )
