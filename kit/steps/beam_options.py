"""Beam's options, read by Beam itself before a step runs: it leaves out one that it does not know, and only logs that.

Importing Beam takes seconds, so this is for those who are about to use it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from contextlib import redirect_stderr

from apache_beam.options.pipeline_options import PipelineOptions

from kit.errors import ProjectError
from kit.texts import did_you_mean


def check_arguments(arguments: Iterable[str], *, names: bool) -> None:
    """Refuse an option that Beam cannot read.

    Args:
        arguments: as Beam's command line has them.
        names: whether an unknown name is refused too; the job servers of Flink and Spark know more of them than Beam.

    Raises:
        ProjectError: when there is one.
    """
    known = PipelineOptions([]).get_all_options()
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            found = PipelineOptions([*arguments]).get_all_options(retain_unknown_options=True)
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
