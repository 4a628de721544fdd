"""What every decision needs, whether it is recorded in ML Metadata or elsewhere: a name and a reason."""

from __future__ import annotations

import getpass

from kit.errors import UsageError

DECISION_TYPE = "kit.Decision"
"""The type of a recorded decision among the executions of ML Metadata."""


class DecisionError(UsageError):
    """A decision lacks a name or a reason."""


def user_name() -> str:
    """Return the name of the account, as the default where a person is asked for theirs; empty if there is none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without an entry for the user
        return ""


def require_reasons(what: str, who: str, why: str) -> None:
    """Check that a decision has a name and a reason, before anything is done about it.

    Raises:
        DecisionError: when one of them is missing.
    """
    for value, name in ((who, "a name"), (why, "a reason")):
        if not value.strip():
            raise DecisionError(f"To {what} needs {name}, but none was given. Write it, and decide again.")
