"""What was evaluated last."""

from __future__ import annotations

from kit.session import Session
from kit.steps.history import Artifacts


def evaluated_inputs(session: Session) -> Artifacts:
    """Return what Evaluator took the last time that it ended well: `model`, `examples` and so on.

    Raises:
        StepOrderError: when it has not.
    """
    session.latest("Evaluator", "evaluation")
    inputs, _ = session.history("Evaluator")[0]
    return inputs
