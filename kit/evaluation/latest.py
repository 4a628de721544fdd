"""What was evaluated last."""

from __future__ import annotations

from kit.session import Session
from kit.steps.history import Artifacts


def evaluated_inputs(session: Session) -> Artifacts:
    """Return Evaluator's inputs in its latest successful run: `model`, `examples` and so on.

    Raises:
        StepOrderError: when there was none.
    """
    session.latest("Evaluator", "evaluation")
    inputs, _ = session.history("Evaluator")[0]
    return inputs
