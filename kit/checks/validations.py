"""Apply the custom validations of project.yml, which are expressions over the statistics."""

from __future__ import annotations

from collections.abc import Sequence

from kit.checks.check import Finding, wrong
from kit.checks.config import Validation
from kit.checks.distances import Statistics, by_name
from kit.checks.expressions import BASE, FEATURE, evaluate, measured

NAME = "validations"


def validate(
    validations: Sequence[Validation], base: Statistics, now: Statistics, what: str
) -> list[Finding]:
    """Return a finding for each expression that does not hold.

    Args:
        validations: the validations of project.yml.
        base: statistics of the training data.
        now: statistics of the judged data.
        what: the judged data, for people: `eval`, or a span.
    """
    wanted = [one for one in validations if one.severity != "off"]
    was, has = by_name(base), by_name(now)
    found = []
    for one in wanted:
        features = {FEATURE: has[one.feature]} if one.feature in has else {}
        if one.feature in was:
            features[BASE] = was[one.feature]
        if (holds := evaluate(one.expression, features)) is True:
            continue
        values = ", ".join(
            f"{name} is {_text(value)}" for name, value in measured(one.expression, features).items()
        )
        verdict = "does not hold" if holds is False else "cannot be told"
        found.append(
            Finding(
                NAME,
                f"{one.feature}: {one.description or one.expression} {verdict} of {what}: {values}",
                wrong(one.severity),
                "Fix the data, or correct the expression in project.yml.",
                subject=f"{one.feature}: {one.expression}",
                expected=one.expression,
            )
        )
    if wanted and not found:
        said = f"all {len(wanted)} hold of {what}" if len(wanted) > 1 else f"the only one holds of {what}"
        return [Finding(NAME, said, "ok")]
    return found


def _text(value: object) -> str:
    if value is None:
        return "not there"
    return f"{value:g}" if isinstance(value, int | float) else str(value)
