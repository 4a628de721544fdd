"""The errors a user of the kit can meet, and the exit code that each one gives to a batch.

Every message has three parts: what was expected, what was found, what to do next; except those of ServingError, which
keeps TensorFlow Serving's texts. The arguments are passed on to `Exception`, so that each error survives a trip through
pickle from the process that ran a step.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import ClassVar

_TWO_STOPS = re.compile(r"(?<=[\w)\]'\"])\.\.(?=\s|$)")


class ExitCode(IntEnum):
    """How a batch ended, in a number that a scheduler can act on."""

    DONE = 0
    USAGE = 2
    DATA_ANOMALY = 10
    DRIFT = 11
    NOT_BLESSED = 12
    INFRA_CHECK = 13
    ROWS_LOST = 14
    OUT_OF_TIME = 15
    STEP_FAILED = 20
    INTERRUPTED = 21


class KitError(Exception):
    """Base of all errors that the kit raises on purpose."""

    exit_code: ClassVar[ExitCode] = ExitCode.STEP_FAILED

    def in_words(self) -> str:
        """Return its text in the reader's language; `str` is always English, like records and logs."""
        from kit.translation.messages import in_language  # noqa: PLC0415  only when something went wrong

        # A message that quotes another one, which has its own full stop.
        return in_language(_TWO_STOPS.sub(".", str(self)))

    def _render_traceback_(self) -> list[str]:
        """Return the lines that IPython shows, with the message in the reader's language.

        https://ipython.readthedocs.io/en/stable/config/integrating.html#custom-exception-tracebacks
        """
        from IPython.core.getipython import get_ipython  # noqa: PLC0415  which is what asks

        lines: list[str] = get_ipython().InteractiveTB.structured_traceback(
            type(self), self, self.__traceback__
        )
        return [*lines[:-1], lines[-1].replace(str(self), self.in_words())]


class UsageError(KitError):
    """Something the user wrote (a name, a parameter, a path) is not valid; the step or command has not run."""

    exit_code = ExitCode.USAGE


class ProjectError(UsageError):
    """A project folder or its project.yml cannot be used."""


class WorkspaceError(UsageError):
    """A workspace cannot be read, written or locked."""


class StepOrderError(UsageError):
    """A notebook needs the result of a step that has not run in this workspace."""


class FaultError(UsageError):
    """A fault cannot be put into these data as requested."""


class ClusterError(UsageError):
    """A cluster of processes cannot be formed as requested."""


class DeployError(UsageError):
    """What is asked for cannot be deployed; no file was written."""


class SearchSpaceError(ProjectError):
    """The search space of a project's model.py cannot be searched."""


class ObjectiveError(UsageError):
    """The training does not measure what trials should be judged by."""


class InputDataError(KitError):
    """The data files cannot be read as project.yml describes them."""

    exit_code = ExitCode.DATA_ANOMALY


class DataAnomalyError(KitError):
    """The data violate their schema."""

    exit_code = ExitCode.DATA_ANOMALY


class DriftError(KitError):
    """The data drifted from an earlier span, or serving differs from training."""

    exit_code = ExitCode.DRIFT


class NotBlessedError(KitError):
    """The model missed a gate, so it must not go on."""

    exit_code = ExitCode.NOT_BLESSED


class InfraCheckError(KitError):
    """The packaged model cannot be loaded or does not answer through its signatures."""

    exit_code = ExitCode.INFRA_CHECK


class RowsLostError(KitError):
    """Two steps disagree about how many rows there are."""

    exit_code = ExitCode.ROWS_LOST


class OutOfTimeError(KitError):
    """A notebook or a run took longer than it may."""

    exit_code = ExitCode.OUT_OF_TIME


class StepFailedError(KitError):
    """The executor of a component raised, or its process died."""

    exit_code = ExitCode.STEP_FAILED


class StepDiedError(StepFailedError):
    """The process of a step ended without an answer; the same step may end well when it runs again."""


class KernelStartError(KitError):
    """A kernel did not start or does not answer."""

    exit_code = ExitCode.STEP_FAILED


def exit_code_of(error_name: str) -> ExitCode:
    """Return the exit code for the class name of an error that was raised in a notebook's kernel.

    The kernel sends an error as text, so the class itself is not at hand. Names that are not the kit's own are
    failures of a step, except the interrupt.
    """
    if error_name == "KeyboardInterrupt":
        return ExitCode.INTERRUPTED
    codes = {error.__name__: error.exit_code for error in _all_errors(KitError)}
    return codes.get(error_name, ExitCode.STEP_FAILED)


def _all_errors(base: type[KitError]) -> list[type[KitError]]:
    return [base, *(error for child in base.__subclasses__() for error in _all_errors(child))]
